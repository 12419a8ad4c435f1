#include "fluxgate/admin/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "admin/routes.hpp"

namespace fluxgate::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::uint32_t kHeadLimit = 8 * 1024;
constexpr std::uint64_t kBodyLimit = 64 * 1024;
constexpr int kMaxConnections = 32;  // more are closed at once
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // after a failed accept, such as no descriptor left

// What every connection uses; owned by the server. On the admin thread.
struct Shared {
  AdminHooks hooks;
  std::chrono::milliseconds timeout;
  int connections = 0;
};

// Counts a connection as long as it lives. On the admin thread.
class Seat {
 public:
  explicit Seat(int& taken) : taken_(&taken) { ++*taken_; }
  Seat(Seat&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Seat& operator=(Seat&&) = delete;
  ~Seat() {
    if (taken_ != nullptr) --*taken_;
  }

 private:
  int* taken_;
};

// What a client that broke the rules is told before its connection closes; nothing if it just left.
std::optional<Response> refusal(const boost::system::error_code& error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error == http::error::header_limit) {
    return error_response(http::status::request_header_fields_too_large, "head_too_large", "request head too large");
  }
  if (error == http::error::body_limit) {
    return error_response(http::status::payload_too_large, "payload_too_large", "request body too large");
  }
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return error_response(http::status::bad_request, "bad_request", "malformed request");
  }
  return std::nullopt;  // a time-out (the stream has closed the socket) or a reset
}

asio::awaitable<bool> send(beast::tcp_stream& stream, const Response& response, bool head_only) {
  boost::system::error_code error;
  if (head_only) {
    http::response<http::empty_body> head(response.base());
    co_await http::async_write(stream, head, asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
  }
  co_return !error;
}

asio::awaitable<void> serve(tcp::socket socket, const Shared& shared, Seat) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer;
  for (bool open = true; open;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kHeadLimit);
    parser.body_limit(kBodyLimit);
    boost::system::error_code error;
    stream.expires_after(shared.timeout);
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    stream.expires_after(shared.timeout);
    if (error) {
      std::optional<Response> answer = refusal(error);
      if (!answer) break;
      answer->keep_alive(false);
      answer->prepare_payload();
      co_await send(stream, *answer, false);
      break;
    }
    const Request& request = parser.get();
    Response response = respond(shared.hooks, request);
    // Beast reads other transfer codings than chunked as an empty body; what follows could pass for a request.
    open = request.keep_alive() && request.count(http::field::transfer_encoding) == 0;
    response.version(request.version());
    response.keep_alive(open);
    response.prepare_payload();
    const bool sent = co_await send(stream, response, request.method() == http::verb::head);
    open = open && sent;
  }
  boost::system::error_code ignored;  // the connection is done with either way
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> accept_loop(tcp::acceptor& acceptor, Shared& shared) {
  asio::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    boost::system::error_code error;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (shared.connections >= kMaxConnections) continue;  // closes it
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), shared, Seat(shared.connections)), asio::detached);
  }
}

}  // namespace

// The io_context owns every coroutine: destroying it destroys their frames and with them the connections, so it goes
// before what they use.
class AdminServer::Impl {
 public:
  Impl(const config::Address& address, AdminHooks hooks, std::chrono::milliseconds timeout)
      : shared_{std::move(hooks), timeout} {
    const std::string name = address.host + ":" + std::to_string(address.port);
    try {
      tcp::resolver resolver(*context_);
      const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive);
      const tcp::endpoint endpoint = found.begin()->endpoint();
      acceptor_->open(endpoint.protocol());
      acceptor_->set_option(tcp::acceptor::reuse_address(true));
      acceptor_->bind(endpoint);
      acceptor_->listen();
    } catch (const boost::system::system_error& error) {
      throw std::runtime_error("cannot listen on admin address " + name + ": " + error.code().message());
    }
    port_ = acceptor_->local_endpoint().port();
  }

  ~Impl() { stop(); }

  std::uint16_t port() const { return port_; }

  void start() {
    asio::co_spawn(*context_, accept_loop(*acceptor_, shared_), asio::detached);
    thread_ = std::thread([this] { context_->run(); });
  }

  void stop() {
    if (!context_) return;
    context_->stop();
    if (thread_.joinable()) thread_.join();
    acceptor_.reset();
    context_.reset();
  }

 private:
  Shared shared_;
  std::uint16_t port_ = 0;
  std::optional<asio::io_context> context_{std::in_place, 1};
  std::optional<tcp::acceptor> acceptor_{std::in_place, *context_};
  std::thread thread_;
};

AdminServer::AdminServer(const config::Address& address, AdminHooks hooks, std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>(address, std::move(hooks), timeout)) {}
AdminServer::~AdminServer() = default;
std::uint16_t AdminServer::port() const { return impl_->port(); }
void AdminServer::start() { impl_->start(); }
void AdminServer::stop() { impl_->stop(); }

}  // namespace fluxgate::admin
