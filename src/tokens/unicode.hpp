// UTF-8 and the classes of characters that the pre-tokenizer patterns tell apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fluxgate::tokens {

enum class CharClass : std::uint8_t {
  kOther,    // punctuation, symbols, controls, not assigned
  kUpper,    // Lu, Lt
  kLower,    // Ll
  kLetter,   // Lm, Lo: letters without case
  kMark,     // Mn, Mc, Me
  kNumber,   // Nd, Nl, No
  kSpace,    // White_Space without the two below
  kNewline,  // CR, LF
};

struct Char {
  CharClass kind;
  std::uint8_t size;  // bytes
};

// As an array, for the loops that look at nothing but the class.
inline constexpr std::array<CharClass, 128> kAsciiClasses = [] {
  std::array<CharClass, 128> classes{};
  for (std::size_t c = 'A'; c <= 'Z'; ++c) classes[c] = CharClass::kUpper;
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] = CharClass::kLower;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = CharClass::kNumber;
  for (const char c : {'\t', '\v', '\f', ' '}) classes[static_cast<std::size_t>(c)] = CharClass::kSpace;
  for (const char c : {'\r', '\n'}) classes[static_cast<std::size_t>(c)] = CharClass::kNewline;
  return classes;
}();

Char decode_wide_char(const char* at);
CharClass class_of(char32_t code_point);

// The character at `at`, which must be the first byte of a character of valid UTF-8.
inline Char decode_char(const char* at) {
  const auto byte = static_cast<std::uint8_t>(*at);
  if (byte < 0x80) return {kAsciiClasses[byte], 1};
  return decode_wide_char(at);
}

// Bytes of the longest prefix that is valid UTF-8 (Unicode 15, table 3-7).
std::size_t valid_utf8_prefix(std::string_view text);

// The text with U+FFFD for each maximal broken sequence, as WHATWG and Python's errors="replace" have it.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace fluxgate::tokens
