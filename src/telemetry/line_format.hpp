// How values are spelled in a log line: time stamps, numbers and escaped text. Private to telemetry.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "fluxgate/base/clock.hpp"

namespace fluxgate::telemetry {

using LineBuffer = fmt::memory_buffer;  // holds 500 bytes without allocating

inline void append(LineBuffer& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }

// 2026-11-25T19:30:00.123Z. The part up to the second is kept per thread and computed anew once a second.
void append_time(LineBuffer& out, std::chrono::system_clock::time_point time);

void append_number(LineBuffer& out, std::uint64_t number);

// Milliseconds with three decimals, 12.345; a negative duration counts as zero.
void append_millis(LineBuffer& out, Duration duration);

// The text with JSON's escapes and without the quotation marks. Control characters of both sets, line separators and
// bidirectional overrides are escaped; bytes that are not UTF-8 become U+FFFD. At most max bytes of text are read.
void append_escaped(LineBuffer& out, std::string_view text, std::size_t max);

// A value in a text line: bare if it is made of harmless ASCII, otherwise quoted and escaped.
void append_text_value(LineBuffer& out, std::string_view text, std::size_t max);

}  // namespace fluxgate::telemetry
