#include "fluxgate/telemetry/access_log.hpp"

#include <spdlog/logger.h>

#include <algorithm>

#include "telemetry/line_format.hpp"

namespace fluxgate::telemetry {
namespace {

// Writes key and value pairs in one of the two forms; the same calls make both lines.
class TextLine {
 public:
  explicit TextLine(LineBuffer& out) : out_(out) {}

  void begin(std::chrono::system_clock::time_point time) {
    append_time(out_, time);
    append(out_, " access");
  }
  void end() {}
  void text(std::string_view key, std::string_view value) {
    name(key);
    append_text_value(out_, value, kMaxLogField);
  }
  void name(std::string_view key) {
    out_.push_back(' ');
    append(out_, key);
    out_.push_back('=');
  }

 private:
  LineBuffer& out_;
};

class JsonLine {
 public:
  explicit JsonLine(LineBuffer& out) : out_(out) {}

  void begin(std::chrono::system_clock::time_point time) {
    append(out_, R"({"time":")");
    append_time(out_, time);
    append(out_, R"(","type":"access")");
  }
  void end() { out_.push_back('}'); }
  void text(std::string_view key, std::string_view value) {
    name(key);
    out_.push_back('"');
    append_escaped(out_, value, kMaxLogField);
    out_.push_back('"');
  }
  void name(std::string_view key) {
    append(out_, ",\"");
    append(out_, key);
    append(out_, "\":");
  }

 private:
  LineBuffer& out_;
};

template <class Line>
void format(LineBuffer& out, const AccessRecord& record) {
  Line line(out);
  const auto text = [&line](std::string_view key, std::string_view value) {
    if (!value.empty()) line.text(key, value);
  };
  const auto number = [&](std::string_view key, std::uint64_t value) {
    line.name(key);
    append_number(out, value);
  };
  const auto millis = [&](std::string_view key, Duration value) {
    line.name(key);
    append_millis(out, value);
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
  append(out, record.stream ? "true" : "false");
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
  LineBuffer line;
  if (format_ == config::LogFormat::kJson) {
    format<JsonLine>(line, record);
  } else {
    format<TextLine>(line, record);
  }
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace fluxgate::telemetry
