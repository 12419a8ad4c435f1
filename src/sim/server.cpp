#include "fluxgate/sim/server.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sim/connection.hpp"

namespace fluxgate::sim {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr asio::use_awaitable_t<Executor> kAwait{};
constexpr std::chrono::milliseconds kAcceptBackoff{50};  // when descriptors have run out

}  // namespace

// The listener stands before the constructor returns; everything else belongs to the thread until it is joined.
class SimServer::Impl {
 public:
  explicit Impl(const config::Sim& options)
      : shared_(options),
        acceptor_(io_.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        backoff_(io_.get_executor()),
        port_(acceptor_.local_endpoint().port()) {
    asio::co_spawn(io_.get_executor(), accept(), asio::detached);
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "sim");
      io_.run();
    });
  }

  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::uint16_t port() const { return port_; }

  Stats stats() const {
    Stats out;
    out.connections = shared_.connections.load(std::memory_order_relaxed);
    out.requests = shared_.requests.load(std::memory_order_relaxed);
    out.abandoned = shared_.abandoned.load(std::memory_order_relaxed);
    return out;
  }

  // The thread ends by itself once no coroutine is left.
  void stop() {
    const std::lock_guard lock(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { close_all(); });
    thread_.join();
  }

 private:
  using Acceptor = tcp::acceptor::rebind_executor<Executor>::other;

  Awaitable<void> accept() {
    while (!shared_.stopping) {
      boost::system::error_code ec;
      Socket socket = co_await acceptor_.async_accept(asio::redirect_error(kAwait, ec));
      if (shared_.stopping) co_return;
      if (ec) {
        backoff_.expires_after(kAcceptBackoff);
        co_await backoff_.async_wait(asio::redirect_error(kAwait, ec));
        continue;
      }
      shared_.connections.fetch_add(1, std::memory_order_relaxed);
      auto connection = std::make_shared<Connection>(std::move(socket), shared_);
      asio::co_spawn(io_.get_executor(), Connection::run(std::move(connection)), asio::detached);
    }
  }

  void close_all() {
    shared_.stopping = true;
    boost::system::error_code ignored;  // closing is all that is wanted
    acceptor_.close(ignored);
    backoff_.cancel();
    const std::vector<Connection*> open(shared_.open.begin(), shared_.open.end());
    for (Connection* connection : open) connection->close();
  }

  asio::io_context io_{1};
  Shared shared_;
  Acceptor acceptor_;
  Timer backoff_;
  std::uint16_t port_;
  std::mutex stop_mutex_;
  std::thread thread_;
};

SimServer::SimServer(const config::Sim& options) : impl_(std::make_unique<Impl>(options)) {}
SimServer::~SimServer() = default;
std::uint16_t SimServer::port() const { return impl_->port(); }
SimServer::Stats SimServer::stats() const { return impl_->stats(); }
void SimServer::stop() { impl_->stop(); }

}  // namespace fluxgate::sim
