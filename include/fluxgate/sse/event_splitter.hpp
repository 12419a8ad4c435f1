// Server-sent events: finds where one event ends and the next begins (WHATWG HTML, "event stream interpretation").
//
// Works on whatever has arrived so far and reports only complete events, so a cut inside a UTF-8 sequence, a CRLF or a
// JSON text never shows. It is more lenient than the standard where providers are known to be: `data:` without a space,
// a bare line of JSON without `data:` (some send errors so), and `data: : keepalive`, which is a comment in effect.
// Pure; one per stream.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fluxgate::sse {

struct Event {
  std::string_view bytes;  // the whole event with its closing blank line
  std::string_view name;   // value of `event:`; empty if none
  std::string_view data;   // value of the first `data:` line; empty for comments and keep-alives
  std::string_view last_data;  // value of the last `data:` line; the same as data unless there are several
};

class EventSplitter {
 public:
  // The complete event at the start of `text`, or nothing if its end has not arrived. Give what follows
  // `Event::bytes` to the next call, together with newly arrived bytes.
  std::optional<Event> next(std::string_view text);

 private:
  // Offset just behind the line that starts at `from`, and the line's length without its terminator.
  struct Line {
    std::size_t next;
    std::size_t length;
  };
  std::optional<Line> line_at(std::string_view text, std::size_t from);

  enum class Ending { kUnknown, kLf, kCr };
  Ending ending_ = Ending::kUnknown;  // learnt from the first line: LF or CRLF, or lone CR
  bool first_ = true;                 // a byte order mark may precede the first line
};

}  // namespace fluxgate::sse
