#include "fluxgate/telemetry/log.hpp"

#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <span>

#include "fluxgate/telemetry/line_file.hpp"
#include "telemetry/line_format.hpp"

namespace fluxgate::telemetry {
namespace {

constexpr std::size_t kMaxMessage = 4096;

// The fields of the line that this thread is logging right now. spdlog's message has no room for them, and our sinks
// run on the thread that logs, so they can be picked up there.
thread_local std::span<const Field> current_fields;

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
  }
}

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kDebug: return spdlog::level::debug;
    case config::LogLevel::kInfo: return spdlog::level::info;
    case config::LogLevel::kWarn: return spdlog::level::warn;
    case config::LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Appends a field's value; `text` spells strings, which differ between the two forms.
template <class Text>
void append_value(LineBuffer& out, const Field::Value& value, Text text) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          text(v);
        } else if constexpr (std::is_same_v<T, bool>) {
          append(out, v ? "true" : "false");
        } else if constexpr (std::is_same_v<T, double>) {
          // JSON has no infinity and no NaN
          std::isfinite(v) ? void(fmt::format_to(fmt::appender(out), "{}", v)) : append(out, "null");
        } else {
          fmt::format_to(fmt::appender(out), "{}", v);
        }
      },
      value);
}

void format_text(LineBuffer& out, const spdlog::details::log_msg& message) {
  append_time(out, message.time);
  out.push_back(' ');
  append(out, level_name(message.level));
  out.push_back(' ');
  append_escaped(out, {message.payload.data(), message.payload.size()}, kMaxMessage);
  for (const Field& field : current_fields) {
    out.push_back(' ');
    append(out, field.key);
    out.push_back('=');
    append_value(out, field.value, [&out](std::string_view v) { append_text_value(out, v, kMaxMessage); });
  }
}

void format_json(LineBuffer& out, const spdlog::details::log_msg& message) {
  const auto quoted = [&out](std::string_view v) {
    out.push_back('"');
    append_escaped(out, v, kMaxMessage);
    out.push_back('"');
  };
  append(out, R"({"time":")");
  append_time(out, message.time);
  append(out, R"(","level":")");
  append(out, level_name(message.level));
  append(out, R"(","message":)");
  quoted({message.payload.data(), message.payload.size()});
  for (const Field& field : current_fields) {
    out.push_back(',');
    quoted(field.key);
    out.push_back(':');
    append_value(out, field.value, quoted);
  }
  out.push_back('}');
}

// Formats itself instead of through spdlog's pattern formatter, which knows no escaping and would need a lock.
class OperationsSink final : public spdlog::sinks::sink {
 public:
  OperationsSink(std::shared_ptr<LineFile> output, config::LogFormat format)
      : output_(std::move(output)), format_(format) {}

  void log(const spdlog::details::log_msg& message) override {
    LineBuffer line;
    format_ == config::LogFormat::kJson ? format_json(line, message) : format_text(line, message);
    output_->append({line.data(), line.size()});
  }
  void flush() override { output_->flush(); }
  void set_pattern(const std::string&) override {}                        // the form is fixed
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}      // likewise

 private:
  std::shared_ptr<LineFile> output_;
  config::LogFormat format_;
};

// Access lines arrive complete: the pattern is "%v" and nothing else.
class VerbatimSink final : public spdlog::sinks::sink {
 public:
  explicit VerbatimSink(std::shared_ptr<LineFile> output) : output_(std::move(output)) {}

  void log(const spdlog::details::log_msg& message) override {
    output_->append({message.payload.data(), message.payload.size()});
  }
  void flush() override { output_->flush(); }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  std::shared_ptr<LineFile> output_;
};

void log_with(spdlog::level::level_enum level, std::string_view message, std::initializer_list<Field> fields) {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (!logger->should_log(level)) return;
  current_fields = {fields.begin(), fields.size()};
  logger->log(level, spdlog::string_view_t(message.data(), message.size()));
  current_fields = {};
}

}  // namespace

Logging::Logging(const config::Log& settings) : output_(std::make_shared<LineFile>(settings.file)) {
  auto operations =
      std::make_shared<spdlog::logger>("fluxgate", std::make_shared<OperationsSink>(output_, settings.format));
  operations->set_level(to_spdlog(settings.level));
  spdlog::set_default_logger(std::move(operations));
  if (settings.access) {
    auto logger = std::make_shared<spdlog::logger>("access", std::make_shared<VerbatimSink>(output_));
    access_ = AccessLog(std::move(logger), settings.format);
  }
}

Logging::~Logging() { output_->stop(); }

void Logging::set_level(config::LogLevel level) { spdlog::default_logger_raw()->set_level(to_spdlog(level)); }

void Logging::flush() { output_->flush(); }

std::optional<Error> Logging::reopen() { return output_->reopen(); }

std::uint64_t Logging::dropped() const { return output_->dropped(); }

void log_debug(std::string_view message, std::initializer_list<Field> fields) {
  log_with(spdlog::level::debug, message, fields);
}
void log_info(std::string_view message, std::initializer_list<Field> fields) {
  log_with(spdlog::level::info, message, fields);
}
void log_warn(std::string_view message, std::initializer_list<Field> fields) {
  log_with(spdlog::level::warn, message, fields);
}
void log_error(std::string_view message, std::initializer_list<Field> fields) {
  log_with(spdlog::level::err, message, fields);
}

}  // namespace fluxgate::telemetry
