// The client-facing side of one worker: accepts connections and owns the sessions that serve them.
//
// Every worker listens on the same address with SO_REUSEPORT, so the kernel spreads connections and no worker hands one
// to another. All members belong to the worker's thread unless said otherwise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/await.hpp"
#include "fluxgate/net/tls.hpp"

namespace fluxgate::server {

class Session;

class Listener {
 public:
  explicit Listener(gateway::WorkerState& state);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds and listens; before the worker runs. Returns the port, which matters if the address asked for port 0.
  // `exclusive` first makes sure that no other process listens there, which SO_REUSEPORT would hide: for the first
  // worker. Errors are kConfig.
  Result<std::uint16_t> listen(const config::Address& address, bool exclusive);
  void set_tls(std::shared_ptr<const net::TlsContext> tls) { tls_ = std::move(tls); }

  // Begins to accept.
  void start();
  // Drain: accepts what the kernel has queued, then closes; idle sessions end, busy ones end after their answer.
  void begin_drain();
  // The drain's deadline: every session ends now, streams with an error event.
  void shut_down();

 private:
  net::Task<void> accept_loop();
  net::Task<void> serve(std::unique_ptr<Session> session);
  void admit(net::Socket socket);
  void accept_queued();

  gateway::WorkerState& state_;
  net::Acceptor acceptor_;
  std::shared_ptr<const net::TlsContext> tls_;
  std::vector<Session*> sessions_;
  bool draining_ = false;
};

}  // namespace fluxgate::server
