// Small pure helpers over ASCII text, shared by every parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fluxgate {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

namespace detail {
bool iequals(const char* a, const char* b, std::size_t size);
}

// ASCII only. Nearly all comparisons of field names end at their lengths or first letters, so those are inline.
inline bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  return a.empty() || (((a[0] ^ b[0]) & ~0x20) == 0 && detail::iequals(a.data(), b.data(), a.size()));
}
std::string to_lower(std::string_view text);                   // ASCII only
std::string_view trim(std::string_view text);                  // spaces and tabs at both ends
bool starts_with_icase(std::string_view text, std::string_view prefix);

// Digits only, no sign, no blanks; nullopt on anything else or on overflow.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

// True if the comma-separated header value lists token (case-insensitive).
bool lists_token(std::string_view header_value, std::string_view token);

// `text` matches `pattern` in which every '*' stands for any run of characters (also an empty one).
bool wildcard_match(std::string_view pattern, std::string_view text);

}  // namespace fluxgate
