#include "fluxgate/upstream/pool.hpp"

#include "fluxgate/net/await.hpp"

namespace fluxgate::upstream {
namespace {

constexpr std::chrono::seconds kReapPeriod{5};
// A connection put back a moment ago is taken without asking the kernel whether it still stands: under load that would be
// a system call on every request. If it was closed in that moment the request is sent again (Retry::kIfReused); bytes
// that arrive this late would be missed by asking as well.
constexpr std::chrono::milliseconds kAskAfter{1};

Error connect_error(const net::Origin& origin, const net::error_code& error, bool timed_out) {
  const char* message = timed_out ? "connecting to the upstream timed out" : "cannot connect to the upstream";
  return upstream_error(ErrorKind::kConnect, Retry::kYes, message)
      .with_detail(origin.host + ":" + std::to_string(origin.port) + (timed_out ? "" : ": " + error.message()));
}

}  // namespace

void Lease::release() {
  if (!connection_) return;
  if (pool_->idle.size() >= pool_->max_idle || connection_->stream.holds_data()) {
    connection_.reset();
    return;
  }
  connection_->idle_since = SteadyClock::now();
  pool_->idle.push_back(std::move(connection_));
}

Pools::Pools(net::Worker& worker, net::Resolver& resolver)
    : worker_(worker), resolver_(resolver), reaper_(worker.deadlines(), &Pools::on_reap, this) {}

std::shared_ptr<OriginPool> Pools::pool_of(const net::Origin& origin) {
  auto& pool = pools_[origin.id];
  if (!pool) {
    pool = std::make_shared<OriginPool>();
    reaper_.set(SteadyClock::now() + kReapPeriod);
  }
  pool->idle_timeout = origin.idle_timeout;  // a reload may have changed these; they are no part of the identity
  pool->max_idle = origin.max_idle;
  return pool;
}

Lease Pools::take_idle(const net::Origin& origin, telemetry::ProviderCells& cells) {
  const auto found = pools_.find(origin.id);
  if (found == pools_.end()) return {};
  const auto& pool = found->second;
  const TimePoint now = SteadyClock::now();
  while (!pool->idle.empty()) {
    auto connection = std::move(pool->idle.back());
    pool->idle.pop_back();
    // The reaper comes by only now and then; a connection its peer is about to close must not be used in between.
    if (now - connection->idle_since >= origin.idle_timeout) continue;
    // A readable idle socket was closed by its peer or holds bytes nobody asked for: neither may serve a request.
    if (now - connection->idle_since > kAskAfter && !connection->stream.quiet()) continue;
    cells.leases.add(telemetry::Reuse::kReused);
    return {std::move(connection), pool, true};
  }
  return {};
}

void Pools::reap() {
  const TimePoint now = SteadyClock::now();
  for (auto& entry : pools_) {
    OriginPool& pool = *entry.second;
    std::erase_if(pool.idle, [&](const std::unique_ptr<Connection>& connection) {
      return now - connection->idle_since >= pool.idle_timeout || !connection->stream.quiet();
    });
  }
  // A pool that no configuration uses any more ages out with its connections.
  std::erase_if(pools_, [](const auto& entry) { return entry.second->idle.empty() && entry.second.use_count() == 1; });
  if (!pools_.empty()) reaper_.set(now + kReapPeriod);
}

net::Task<Result<Lease>> Pools::connect(const net::Origin& origin, telemetry::ProviderCells& cells,
                                        net::Interrupt& interrupt, TimePoint until) {
  auto resolved = co_await resolver_.resolve(origin.host, worker_.executor(), until);
  if (!resolved) co_return std::move(resolved).error();
  const auto pool = pool_of(origin);
  net::error_code error = net::asio::error::host_not_found;
  bool forbidden = false;
  for (const auto& address : *resolved) {
    if (!origin.allow_private && net::is_private(address)) {
      forbidden = true;
      continue;
    }
    const net::tcp::endpoint endpoint(address, origin.port);
    net::Socket socket(worker_.executor());
    error.clear();
    socket.open(endpoint.protocol(), error);
    if (error) continue;
    auto connection = std::make_unique<Connection>(std::move(socket), cells);
    const net::Interrupt::Scope waiting(interrupt, &connection->stream);
    error = co_await net::connect(connection->stream.socket(), endpoint);
    if (interrupt.reason() != net::Interrupt::Reason::kNone) co_return connect_error(origin, error, true);
    if (error) continue;
    if (origin.tls) {
      const auto failed = co_await connection->stream.handshake_client(*origin.tls, origin.server_name, pool->sessions);
      if (interrupt.reason() != net::Interrupt::Reason::kNone) co_return connect_error(origin, failed, true);
      if (failed) {
        co_return upstream_error(ErrorKind::kTls, Retry::kYes, "the TLS handshake with the upstream failed")
            .with_detail(origin.host + ": " + connection->stream.tls_error());
      }
    }
    cells.leases.add(telemetry::Reuse::kNew);
    co_return Lease(std::move(connection), pool, false);
  }
  if (forbidden) {
    co_return upstream_error(ErrorKind::kForbiddenAddress, Retry::kYes,
                             "the upstream's address is private, which its provider does not allow")
        .with_detail(origin.host + ": set allow_private: true on the provider to permit it");
  }
  co_return connect_error(origin, error, false);
}

}  // namespace fluxgate::upstream
