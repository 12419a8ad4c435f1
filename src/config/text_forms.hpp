// How single values are written: durations, sizes, names, header names. Pure text, one function a form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fluxgate::config {

using std::chrono::milliseconds;

// The same forms as regular expressions, for the JSON Schema.
inline constexpr std::string_view kNamePattern = "^[A-Za-z0-9._-]{1,64}$";
inline constexpr std::string_view kDurationPattern = "^[0-9]+(ms|s|m|h)$";
inline constexpr std::string_view kSizePattern = "^[0-9]+(B|KB|MB|GB|KiB|MiB|GiB)?$";
inline constexpr std::string_view kHeaderNamePattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
inline constexpr std::string_view kAddressPattern = "^([^:\\[\\]]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$";
inline constexpr std::string_view kUrlPattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+(/[^?#]*)?$";

inline constexpr std::string_view kNameRule = "a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -";

std::optional<milliseconds> parse_duration(std::string_view text);    // 250ms, 2s, 1m, 1h
std::string format_duration(milliseconds value);                      // in the largest unit that divides it
std::optional<std::uint64_t> parse_size(std::string_view text);       // 512B, 100KB, 64KiB, or plain bytes
std::string format_size(std::uint64_t bytes);
std::optional<double> parse_number(std::string_view text);            // finite, not negative

bool is_name(std::string_view text);         // of a provider, target or route: it becomes a metric label
bool is_header_name(std::string_view text);  // an HTTP token
bool has_control(std::string_view text);     // any byte below 0x20, or 0x7f

// Control characters as \xNN, so that a message stays on its line.
std::string escape_control(std::string_view text);
// `text` in double quotes for a message, escaped and cut after 60 bytes.
std::string quote(std::string_view text);

// ` (did you mean "x"?)` for the known word closest to `text`, or nothing if none is close.
std::string did_you_mean(std::string_view text, const std::vector<std::string>& known);

}  // namespace fluxgate::config
