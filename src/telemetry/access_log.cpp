#include "fluxgate/telemetry/access_log.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <array>

#include "telemetry/line_format.hpp"

namespace fluxgate::telemetry {
namespace {

// The longest line there can be: nine texts, each of kMaxLogField bytes that all need an escape, with their names; and
// everything else. It lies on the stack, where what a line does not use is never touched.
constexpr std::size_t kLineRoom = 9 * (LineWriter::escaped_room(kMaxLogField) + 32) + 1024;

// Writes key and value pairs in one of the two forms; the same calls make both lines. Keys are literals, so that their
// copies are moves of known size.
class TextLine {
 public:
  explicit TextLine(LineWriter& out) : out_(out) {}

  void begin(std::chrono::system_clock::time_point time) {
    out_.time(time);
    out_.verbatim(" access");
  }
  void end() {}
  template <std::size_t Size>
  void name(const char (&key)[Size]) {
    out_.character(' ');
    out_.verbatim({key, Size - 1});
    out_.character('=');
  }
  void value(std::string_view value) { out_.text_value(value, kMaxLogField); }

 private:
  LineWriter& out_;
};

class JsonLine {
 public:
  explicit JsonLine(LineWriter& out) : out_(out) {}

  void begin(std::chrono::system_clock::time_point time) {
    out_.verbatim(R"({"time":")");
    out_.time(time);
    out_.verbatim(R"(","type":"access")");
  }
  void end() { out_.character('}'); }
  template <std::size_t Size>
  void name(const char (&key)[Size]) {
    out_.verbatim(",\"");
    out_.verbatim({key, Size - 1});
    out_.verbatim("\":");
  }
  void value(std::string_view value) {
    out_.character('"');
    out_.escaped(value, kMaxLogField);
    out_.character('"');
  }

 private:
  LineWriter& out_;
};

template <class Line>
void format(LineWriter& out, const AccessRecord& record) {
  Line line(out);
  const auto text = [&line](const auto& key, std::string_view value) {
    if (value.empty()) return;
    line.name(key);
    line.value(value);
  };
  const auto number = [&](const auto& key, std::uint64_t value) {
    line.name(key);
    out.number(value);
  };
  const auto millis = [&](const auto& key, Duration value) {
    line.name(key);
    out.millis(value);
  };

  line.begin(record.time);
  text("request_id", record.request_id);
  text("trace_id", record.trace_id);
  text("client", record.client);
  text("method", record.method);
  text("path", record.path);
  number("status", static_cast<std::uint64_t>(std::max(record.status, 0)));
  text("route", record.route);
  text("target", record.target);
  number("attempts", record.attempts);
  line.name("stream");
  out.verbatim(record.stream ? "true" : "false");
  number("bytes_in", record.bytes_in);
  number("bytes_out", record.bytes_out);
  millis("duration_ms", record.duration);
  if (record.upstream) millis("upstream_ms", *record.upstream);
  if (record.time_to_first_token) millis("ttft_ms", *record.time_to_first_token);
  if (record.tokens_in) number("tokens_in", *record.tokens_in);
  if (record.tokens_out) number("tokens_out", *record.tokens_out);
  text("error", record.error);
  text("finish_reason", record.finish_reason);
  line.end();
}

}  // namespace

void AccessLog::write(const AccessRecord& record) const {
  if (!logger_) return;
  std::array<char, kLineRoom> room;
  LineWriter line(room.data());
  if (format_ == config::LogFormat::kJson) {
    format<JsonLine>(line, record);
  } else {
    format<TextLine>(line, record);
  }
  // With the time given: the logger would read the clock for one that nobody uses.
  logger_->log(record.time, spdlog::source_loc{}, spdlog::level::info, spdlog::string_view_t(room.data(), line.size()));
}

}  // namespace fluxgate::telemetry
