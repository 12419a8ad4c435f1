// The admin listener: health, metrics, the configuration in force, reload. The control plane's only door.
//
//   GET  /livez, /healthz   200 while the process works; 503 if a heartbeat is missing. Never asks a dependency.
//   GET  /readyz            200 if traffic is welcome, else 503 with the reasons; ?verbose lists every check
//   GET  /metrics           Prometheus text format 0.0.4
//   GET  /config            the effective configuration, secrets redacted
//   GET  /status            what the daemon is doing, as JSON
//   POST /reload            loads the configuration file again; needs Content-Type: application/json
//   POST /v1/route/explain  why a request would go where it would go; changes nothing, sends nothing
//
// It has one thread and one io_context of its own, apart from every worker, so a scrape or a reload cannot delay a
// request. It knows no other module: what the endpoints say comes through AdminHooks, which run on the admin thread,
// one at a time, and must be safe to call while workers run. It speaks plain HTTP and authenticates nobody, hence the
// default address 127.0.0.1. A web page in a browser on the same machine is the attacker it does stop: requests that
// change something need a JSON content type and no Origin. To add an endpoint: one row in src/admin/routes.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fluxgate/config/model.hpp"

namespace fluxgate::admin {

// One condition of a health endpoint.
struct Check {
  std::string name;     // e.g. "draining", "config"
  bool ok = true;
  std::string reason;   // shown when not ok; no secret, no upstream text
};

struct ReloadOutcome {
  bool ok = false;
  std::vector<std::string> messages;  // errors or warnings, for people
};

struct Explanation {
  bool ok = false;
  std::string json;                   // the explanation, or an error object
};

// An empty hook means: always live, always ready; any other endpoint without its hook answers 404. A hook may throw;
// the request then gets a 500 and the reason goes to the log.
struct AdminHooks {
  std::function<std::vector<Check>()> live;
  std::function<std::vector<Check>()> ready;
  std::function<std::string()> metrics_text;
  std::function<std::string()> config_json;
  std::function<std::string()> status_json;
  std::function<ReloadOutcome()> reload;
  std::function<Explanation(const std::string& request)> explain;
};

// Built, started and stopped on one thread (main). What the hooks refer to must live until stop() has returned.
class AdminServer {
 public:
  // Binds and listens, so that port() is known and an address in use is an error now: throws std::runtime_error.
  // timeout: for one request to arrive, idle time included, and for one response to leave; then the connection closes.
  AdminServer(const config::Address& address, AdminHooks hooks,
              std::chrono::milliseconds timeout = std::chrono::seconds(10));
  ~AdminServer();  // stops

  std::uint16_t port() const;
  void start();
  void stop();     // closes the listener and every connection, and waits for the thread; may be called twice

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fluxgate::admin
