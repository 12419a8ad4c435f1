#include "fluxgate/server/listener.hpp"

#include <algorithm>
#include <cerrno>

#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/net/await.hpp"
#include "fluxgate/telemetry/log.hpp"
#include "session.hpp"

namespace fluxgate::server {
namespace {

using ReusePort = net::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// Out of descriptors: accepting again at once would spin, since the connection stays in the queue.
constexpr std::chrono::milliseconds kAcceptPause{100};

Error listen_error(const config::Address& address, const net::error_code& error) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo,
          "cannot listen on " + address.host + ":" + std::to_string(address.port) + ": " + error.message()};
}

Result<net::tcp::endpoint> endpoint_of(const config::Address& address) {
  net::error_code error;
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  const auto ip = net::asio::ip::make_address(host, error);
  if (error) return listen_error(address, error);
  return net::tcp::endpoint(ip, address.port);
}

}  // namespace

Listener::Listener(gateway::WorkerState& state) : state_(state), acceptor_(state.worker.executor()) {}

Listener::~Listener() = default;

Result<std::uint16_t> Listener::listen(const config::Address& address, bool exclusive) {
  const auto endpoint = endpoint_of(address);
  if (!endpoint) return endpoint.error();
  net::error_code error;
  if (exclusive && address.port != 0) {
    net::Acceptor probe(state_.worker.executor());
    probe.open(endpoint->protocol(), error);
    if (!error) probe.set_option(net::asio::socket_base::reuse_address(true), error);
    if (!error) probe.bind(*endpoint, error);
    if (error) return listen_error(address, error);
  }
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(net::asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.set_option(ReusePort(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(net::asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(address, error);
  acceptor_.non_blocking(true, error);
  return acceptor_.local_endpoint().port();
}

void Listener::start() { net::spawn(accept_loop()); }

net::Task<void> Listener::accept_loop() {
  TimePoint last_report{};
  for (;;) {
    net::error_code error;
    net::Socket socket(state_.worker.executor());
    error = co_await net::accept(acceptor_, socket);
    if (!error) {
      admit(std::move(socket));
      continue;
    }
    if (draining_ || error == net::asio::error::operation_aborted) co_return;
    if (error != net::asio::error::no_descriptors && error.value() != ENFILE && error.value() != ENOMEM &&
        error.value() != ENOBUFS) {
      continue;  // the connection died in the queue
    }
    if (SteadyClock::now() - last_report > std::chrono::seconds(1)) {
      last_report = SteadyClock::now();
      telemetry::log_error("cannot accept connections", {{"error", error.message()}});
    }
    net::Timer pause(state_.worker.executor());
    pause.expires_after(kAcceptPause);
    co_await net::wait_for(pause);
  }
}

void Listener::admit(net::Socket socket) {
  const auto& limits = state_.snapshot->config().limits;
  if (state_.shared.connections.fetch_add(1, std::memory_order_relaxed) >= limits.connections) {
    state_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
    state_.shard.rejected.add(telemetry::RejectReason::kTooManyConnections);
    const Error error(ErrorKind::kOverloaded, ErrorSource::kGateway, Retry::kYes, "the gateway is at its limit of connections");
    const std::string body = dialects::openai::error_json(error);
    const std::string answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
                               "connection: close\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    net::Stream stream(std::move(socket));
    // Best effort: a client that cannot take these few bytes at once sees the close alone.
    if (!tls_) stream.write_now(std::array{net::asio::const_buffer(answer.data(), answer.size())});
    stream.shutdown_send();
    return;
  }
  auto session = std::make_unique<Session>(std::move(socket), state_, tls_);
  if (draining_) session->begin_drain();
  net::spawn(serve(std::move(session)));
}

net::Task<void> Listener::serve(std::unique_ptr<Session> session) {
  sessions_.push_back(session.get());
  try {
    co_await session->run();
  } catch (const std::exception& failure) {  // the data plane does not throw: this is a fault of ours, or no memory
    telemetry::log_error("session failed", {{"error", failure.what()}});
  }
  sessions_.erase(std::find(sessions_.begin(), sessions_.end(), session.get()));
  state_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
}

void Listener::accept_queued() {
  for (;;) {
    net::error_code error;
    net::Socket socket(state_.worker.executor());
    acceptor_.accept(socket, error);
    if (error) return;
    admit(std::move(socket));
  }
}

void Listener::begin_drain() {
  if (draining_) return;
  draining_ = true;
  // Closing a listener resets what is still in its queue, so that is taken first.
  accept_queued();
  net::error_code ignored;  // closing is best effort
  acceptor_.close(ignored);
  for (Session* session : sessions_) session->begin_drain();
}

void Listener::shut_down() {
  for (Session* session : sessions_) session->shut_down();
}

}  // namespace fluxgate::server
