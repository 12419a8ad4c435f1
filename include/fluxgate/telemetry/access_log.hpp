// The access log: one line a request, written when the request is settled.
//
// It holds no header values, no bodies, no query strings and no secrets. Every text field is escaped and cut at
// kMaxLogField bytes. A line costs less than a microsecond on the caller's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/config/model.hpp"

namespace spdlog {
class logger;
}

namespace fluxgate::telemetry {

inline constexpr std::size_t kMaxLogField = 512;

// The views need to live only until AccessLog::write returns. Empty texts and unset optionals are left out of the line.
struct AccessRecord {
  std::chrono::system_clock::time_point time;  // when the request was settled
  std::string_view request_id;
  std::string_view trace_id;                   // hexadecimal
  std::string_view client;                     // address:port
  std::string_view method;
  std::string_view path;                       // without the query
  int status = 0;                              // 499: the client left first
  std::string_view route;
  std::string_view target;                     // whose answer the client got
  std::uint32_t attempts = 0;
  bool stream = false;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Duration duration{};
  std::optional<Duration> upstream;            // spent waiting for upstreams
  std::optional<Duration> time_to_first_token;
  std::optional<std::uint64_t> tokens_in;
  std::optional<std::uint64_t> tokens_out;
  std::string_view error;                      // to_string(ErrorKind)
  std::string_view finish_reason;
};

// Copyable handle; write() may be called from any thread. A default-constructed one writes nothing.
class AccessLog {
 public:
  AccessLog() = default;
  AccessLog(std::shared_ptr<spdlog::logger> logger, config::LogFormat format)
      : logger_(std::move(logger)), format_(format) {}

  bool enabled() const { return logger_ != nullptr; }
  void write(const AccessRecord& record) const;

 private:
  std::shared_ptr<spdlog::logger> logger_;
  config::LogFormat format_ = config::LogFormat::kText;
};

}  // namespace fluxgate::telemetry
