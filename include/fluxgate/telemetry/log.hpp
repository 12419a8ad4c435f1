// Logs: the operations log, a few lines about what the daemon does, and the access log (access_log.hpp), one line a
// request. Both go to the same place, standard output or a file, in the same form, text or JSON lines:
//
//   2026-11-25T19:30:00.123Z info configuration loaded routes=3 file=/etc/fluxgate/fluxgate.yaml
//   {"time":"2026-11-25T19:30:00.123Z","level":"info","message":"configuration loaded","routes":3,"file":"..."}
//
// A caller's thread only formats a line and appends it to a buffer. A thread of the log's own writes the buffer out
// when it holds 64 KiB and at least every 200 ms, so a disk or a pipe that stalls never stalls a worker; lines that
// find the buffer full, or that the system refuses to write, are dropped and counted. Everything that came from
// outside is escaped: no value can end a line, forge a field, or send a control sequence to a terminal.
//
// Logging is the one place that sets up spdlog's global state. Other modules log with telemetry::log_info(...), or with
// spdlog's own functions where there are no fields. Writing to a closed pipe raises SIGPIPE: the program ignores it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/telemetry/access_log.hpp"

namespace fluxgate::telemetry {

class LineFile;

// Lives from early in main until after the last worker has stopped; built and destroyed on the main thread.
class Logging {
 public:
  // Opens the output and makes it spdlog's default. Throws std::runtime_error if the file cannot be opened.
  explicit Logging(const config::Log& settings);
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;
  // Writes out what is buffered. Lines logged later are written at once, by the thread that logs them.
  ~Logging();

  // For any thread; it has no state of its own and is copied freely.
  AccessLog access() const { return access_; }
  void set_level(config::LogLevel level);
  // Writes out what is buffered now, on this thread. For exits and tests.
  void flush();
  // Opens the file anew, for log rotation. Returns what went wrong, if anything did; the old file then stays in use.
  std::optional<Error> reopen();
  // Lines lost since the start.
  std::uint64_t dropped() const;

 private:
  std::shared_ptr<LineFile> output_;
  AccessLog access_;
};

// One key=value of an operations line.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class T>
    requires std::is_integral_v<T>
  Field(std::string_view k, T v) : key(k) {
    if constexpr (std::is_signed_v<T>) {
      value = static_cast<std::int64_t>(v);
    } else {
      value = static_cast<std::uint64_t>(v);
    }
  }

  std::string_view key;  // a literal
  Value value;
};

// message is a literal in lower case; what varies goes into fields.
void log_debug(std::string_view message, std::initializer_list<Field> fields = {});
void log_info(std::string_view message, std::initializer_list<Field> fields = {});
void log_warn(std::string_view message, std::initializer_list<Field> fields = {});
void log_error(std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace fluxgate::telemetry
