// Kept-alive connections to upstreams, and the leases on them.
//
// One Pools object per worker: connections never change thread. An idle list is last-in first-out, so that a few hot
// connections serve a light load and the rest grow old and are closed. A Lease owns its connection: dropping it closes
// the connection, release() gives it back for the next exchange, which is right only after a complete answer with
// nothing behind it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/net/interrupt.hpp"
#include "fluxgate/net/origin.hpp"
#include "fluxgate/net/resolver.hpp"
#include "fluxgate/net/stream.hpp"
#include "fluxgate/net/worker.hpp"
#include "fluxgate/telemetry/shard.hpp"

namespace fluxgate::upstream {

class Pools;

// A connection to an origin. Counted in the provider's gauge as long as it lives.
class Connection {
 public:
  Connection(net::Socket socket, telemetry::ProviderCells& cells) : stream(std::move(socket)), cells_(cells) {
    cells_.connections.add(1);
  }
  ~Connection() { cells_.connections.add(-1); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  net::Stream stream;
  TimePoint idle_since{};

 private:
  telemetry::ProviderCells& cells_;
};

// The connections of one origin on one worker.
struct OriginPool {
  std::chrono::milliseconds idle_timeout{};
  std::size_t max_idle = 0;
  std::vector<std::unique_ptr<Connection>> idle;  // the newest last
  net::TlsSessionStore sessions;
};

class Lease {
 public:
  Lease() = default;
  Lease(std::unique_ptr<Connection> connection, std::shared_ptr<OriginPool> pool, bool reused)
      : connection_(std::move(connection)), pool_(std::move(pool)), reused_(reused) {}

  explicit operator bool() const { return connection_ != nullptr; }
  net::Stream& stream() { return connection_->stream; }
  bool reused() const { return reused_; }  // the connection had served an earlier exchange

  void release();                          // back to the pool
  void discard() { connection_.reset(); }  // close it

 private:
  std::unique_ptr<Connection> connection_;
  std::shared_ptr<OriginPool> pool_;  // shared: a lease may outlive its pool's place in Pools (TLS sessions live there)
  bool reused_ = false;
};

class Pools {
 public:
  Pools(net::Worker& worker, net::Resolver& resolver);
  Pools(const Pools&) = delete;
  Pools& operator=(const Pools&) = delete;

  // An idle connection that is still good, if there is one.
  Lease take_idle(const net::Origin& origin, telemetry::ProviderCells& cells);
  // A new connection: resolves, checks the address against `allow_private`, connects (all addresses in turn), and does
  // the TLS handshake. The caller has armed `interrupt` with the connect timeout, `until` is the same moment.
  net::Task<Result<Lease>> connect(const net::Origin& origin, telemetry::ProviderCells& cells,
                                   net::Interrupt& interrupt, TimePoint until);

 private:
  std::shared_ptr<OriginPool> pool_of(const net::Origin& origin);
  void reap();
  static void on_reap(void* self) { static_cast<Pools*>(self)->reap(); }

  net::Worker& worker_;
  net::Resolver& resolver_;
  std::unordered_map<std::string, std::shared_ptr<OriginPool>> pools_;
  net::Deadline reaper_;
};

}  // namespace fluxgate::upstream
