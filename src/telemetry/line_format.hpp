// How values are spelled in a log line: time stamps, numbers and escaped text. Private to telemetry.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "fluxgate/base/clock.hpp"

namespace fluxgate::telemetry {

// Writes the pieces of a line into room that the caller has measured: the access line is written for every request, and
// asking at each piece whether it fits was most of its cost. Borrows the room; lives as long as one line is made.
class LineWriter {
 public:
  static constexpr std::size_t kTimeRoom = 24;
  static constexpr std::size_t kNumberRoom = 20;
  static constexpr std::size_t kMillisRoom = kNumberRoom + 4;
  // For escaped(): each byte may become six, the mark of a cut is three, and whole words are copied.
  static constexpr std::size_t escaped_room(std::size_t text) { return 6 * text + 3 + 8; }

  explicit LineWriter(char* room) : begin_(room), at_(room) {}

  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
  void character(char c) { *at_++ = c; }
  void verbatim(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  // 2026-11-25T19:30:00.123Z. The part up to the second is kept per thread and computed anew once a second.
  void time(std::chrono::system_clock::time_point time);
  void number(std::uint64_t number);
  // Milliseconds with three decimals, 12.345; a negative duration counts as zero.
  void millis(Duration duration);
  // The text with JSON's escapes and without the quotation marks. Control characters of both sets, line separators and
  // bidirectional overrides are escaped; bytes that are not UTF-8 become U+FFFD. At most max bytes of text are read.
  void escaped(std::string_view text, std::size_t max);
  // A value in a text line: bare if it is made of harmless ASCII, otherwise quoted and escaped: two more characters.
  void text_value(std::string_view text, std::size_t max);

 private:
  void ascii_escape(char c);
  void unicode_escape(std::uint32_t code);

  char* const begin_;
  char* at_;
};

// The same for lines of any length, which take their room as they grow.
using LineBuffer = fmt::memory_buffer;  // holds 500 bytes without allocating

// `write` gets a LineWriter with that much room.
template <class Write>
void append_with(LineBuffer& out, std::size_t room, Write write) {
  const std::size_t size = out.size();
  out.resize(size + room);
  LineWriter writer(out.data() + size);
  write(writer);
  out.resize(size + writer.size());
}

inline void append(LineBuffer& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }
inline void append_time(LineBuffer& out, std::chrono::system_clock::time_point time) {
  append_with(out, LineWriter::kTimeRoom, [time](LineWriter& writer) { writer.time(time); });
}
inline void append_escaped(LineBuffer& out, std::string_view text, std::size_t max) {
  append_with(out, LineWriter::escaped_room(std::min(text.size(), max)),
              [text, max](LineWriter& writer) { writer.escaped(text, max); });
}
inline void append_text_value(LineBuffer& out, std::string_view text, std::size_t max) {
  append_with(out, LineWriter::escaped_room(std::min(text.size(), max)) + 2,
              [text, max](LineWriter& writer) { writer.text_value(text, max); });
}

}  // namespace fluxgate::telemetry
