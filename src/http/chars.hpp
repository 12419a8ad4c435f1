// Character classes of RFC 9110 and 3986 as look-up tables.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fluxgate::http {

namespace detail {
consteval std::array<bool, 256> make_class(std::string_view punctuation) {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (const char c : punctuation) table[static_cast<std::uint8_t>(c)] = true;
  return table;
}
inline constexpr auto kTchar = make_class("!#$%&'*+-.^_`|~");
inline constexpr auto kUnreserved = make_class("-._~");
}  // namespace detail

inline bool is_tchar(char c) { return detail::kTchar[static_cast<std::uint8_t>(c)]; }
inline bool is_unreserved(char c) { return detail::kUnreserved[static_cast<std::uint8_t>(c)]; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_vchar(char c) { const auto u = static_cast<std::uint8_t>(c); return u > 0x20 && u < 0x7f; }
// A character of a field value, blanks included.
constexpr bool is_field_char(char c) {
  const auto u = static_cast<std::uint8_t>(c);
  return u >= 0x20 ? u != 0x7f : c == '\t';
}
// 0..15, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace fluxgate::http
