// Small pure helpers over ASCII text, shared by every parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fluxgate {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool iequals(std::string_view a, std::string_view b);          // ASCII only
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
