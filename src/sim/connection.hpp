// One client connection of the simulated provider: reads requests one after another and puts their answers on the wire
// as the clock and the fault say. All of it runs on the server's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "sim/answer.hpp"
#include "sim/router.hpp"

namespace fluxgate::sim {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::ip::tcp::socket::rebind_executor<Executor>::other;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;

class Connection;

// What the connections of one server share. Outlives them; only the counters are read from other threads.
struct Shared {
  explicit Shared(const config::Sim& options) : router(options) {}

  Router router;
  std::unordered_set<Connection*> open;
  bool stopping = false;
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> abandoned{0};
};

// Lifetime: kept alive by its own coroutine and by the watch for the client's leaving.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, Shared& shared);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  static Awaitable<void> run(std::shared_ptr<Connection> self);  // by value: the frame owns it
  void close();

 private:
  struct Incoming {
    Request request;
    bool keep_alive = true;
    bool chunked_allowed = true;  // HTTP/1.1
    bool broken = false;          // not HTTP; the rest is empty
  };

  Awaitable<void> serve();
  Awaitable<std::optional<Incoming>> read();  // nullopt: the connection is over
  Awaitable<bool> deliver(const Answer& answer, const Incoming& incoming);  // false: close it
  Awaitable<bool> deliver_plain(const Answer& answer, const Incoming& incoming);
  Awaitable<bool> deliver_stream(const Answer& answer, const Incoming& incoming);
  Awaitable<bool> write(const std::string& bytes);
  Awaitable<bool> pause(std::chrono::milliseconds time);  // false: the client left or the server stops
  void watch();
  void on_readable();

  Socket socket_;
  Timer timer_;
  Shared& shared_;
  boost::beast::flat_buffer buffer_;
  bool watching_ = false;   // a wait for readability is pending
  bool answering_ = false;
  bool gone_ = false;       // the client left, or close() was called
};

}  // namespace fluxgate::sim
