#include "sim/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "fluxgate/base/text.hpp"

namespace fluxgate::sim {
namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace {

constexpr asio::use_awaitable_t<Executor> kAwait{};
constexpr std::uint32_t kHeadLimit = 64 * 1024;
constexpr std::uint64_t kBodyLimit = 256ULL * 1024 * 1024;
constexpr std::size_t kWriteSize = 16 * 1024;  // frames that need not wait go out together up to this

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string head_of(const Answer& answer, bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  out += std::string_view(http::obsolete_reason(http::int_to_status(answer.status)));
  out += "\r\nServer: fluxgate-sim\r\nContent-Type: " + answer.content_type + "\r\n";
  for (const auto& [name, value] : answer.headers) out += name + ": " + value + "\r\n";
  if (!keep_alive) out += "Connection: close\r\n";
  return out;
}

void append_chunk(std::string& out, std::string_view bytes, bool chunked) {
  if (!chunked) {
    out += bytes;
    return;
  }
  char size[17];
  const int digits = std::snprintf(size, sizeof size, "%zx", bytes.size());
  out.append(size, static_cast<std::size_t>(digits));
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

}  // namespace

Connection::Connection(Socket socket, Shared& shared)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), shared_(shared) {
  shared_.open.insert(this);
}

Connection::~Connection() { shared_.open.erase(this); }

void Connection::close() {
  gone_ = true;
  boost::system::error_code ignored;  // closing is all that is wanted
  socket_.close(ignored);
  timer_.cancel();
}

Awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  try {
    co_await self->serve();
  } catch (const std::exception&) {
    // Out of memory or descriptors: this client sees its connection close, the others go on.
  }
  self->close();
}

Awaitable<void> Connection::serve() {
  boost::system::error_code ignored;  // a socket without the option is only slower
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  while (!gone_) {
    const std::optional<Incoming> incoming = co_await read();
    if (!incoming) co_return;
    if (incoming->broken) {
      const Answer refusal = bad_request("Not an HTTP request.", {});
      co_await deliver(refusal, *incoming);
      co_return;
    }
    shared_.requests.fetch_add(1, std::memory_order_relaxed);
    const Answer answer = shared_.router.answer(incoming->request, unix_now());
    answering_ = true;
    const bool go_on = co_await deliver(answer, *incoming);
    answering_ = false;
    if (!go_on) co_return;
  }
}

Awaitable<std::optional<Connection::Incoming>> Connection::read() {
  http::request_parser<http::string_body> parser;
  parser.header_limit(kHeadLimit);
  parser.body_limit(kBodyLimit);
  boost::system::error_code ec;
  co_await http::async_read_header(socket_, buffer_, parser, asio::redirect_error(kAwait, ec));
  if (!ec && lists_token(parser.get()[http::field::expect], "100-continue")) {
    const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!co_await write(go_on)) co_return std::nullopt;
  }
  if (!ec) co_await http::async_read(socket_, buffer_, parser, asio::redirect_error(kAwait, ec));

  Incoming out;
  if (ec) {
    const bool malformed = ec.category() == http::make_error_code(http::error::bad_method).category() &&
                           ec != http::error::end_of_stream && ec != http::error::partial_message;
    if (!malformed) co_return std::nullopt;
    out.broken = true;
    out.keep_alive = false;
    co_return out;
  }
  auto message = parser.release();
  out.keep_alive = message.keep_alive();
  out.chunked_allowed = message.version() >= 11;
  out.request.method = std::string(message.method_string());
  out.request.target = std::string(message.target());
  out.request.content_type = std::string(message[http::field::content_type]);
  out.request.body = std::move(message.body());
  co_return out;
}

Awaitable<bool> Connection::deliver(const Answer& answer, const Incoming& incoming) {
  bool sent = true;
  if (answer.delivery == Delivery::kNever) {
    while (co_await pause(std::chrono::hours(1))) continue;
    sent = false;
  } else if (answer.delay.count() > 0) {
    sent = co_await pause(answer.delay);
  }
  if (sent && answer.frames.empty()) {
    sent = co_await deliver_plain(answer, incoming);
  } else if (sent) {
    sent = co_await deliver_stream(answer, incoming);
  }
  if (!sent && !shared_.stopping) shared_.abandoned.fetch_add(1, std::memory_order_relaxed);
  co_return sent && incoming.keep_alive && answer.delivery == Delivery::kWhole;
}

Awaitable<bool> Connection::deliver_plain(const Answer& answer, const Incoming& incoming) {
  std::string out = head_of(answer, incoming.keep_alive);
  out += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
  const bool cut = answer.delivery == Delivery::kCut;
  if (incoming.request.method != "HEAD") out.append(answer.body, 0, cut ? answer.body.size() / 2 : answer.body.size());
  co_return co_await write(out);
}

Awaitable<bool> Connection::deliver_stream(const Answer& answer, const Incoming& incoming) {
  const bool chunked = incoming.chunked_allowed;
  std::string pending = head_of(answer, incoming.keep_alive && chunked);
  pending += chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";

  const bool cut = answer.delivery == Delivery::kCut;
  const std::size_t count = cut ? answer.frames.size() / 2 : answer.frames.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Frame& frame = answer.frames[i];
    if (frame.wait.count() > 0 || pending.size() >= kWriteSize) {
      if (!co_await write(pending)) co_return false;
      pending.clear();
      if (frame.wait.count() > 0 && !co_await pause(frame.wait)) co_return false;
    }
    append_chunk(pending, frame.bytes, chunked);
  }
  if (chunked && !cut) pending += "0\r\n\r\n";
  const bool sent = co_await write(pending);
  if (!chunked) close();  // without chunks the end of the connection is the end of the stream
  co_return sent;
}

Awaitable<bool> Connection::write(const std::string& bytes) {
  boost::system::error_code ec;
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(kAwait, ec));
  co_return !ec && !gone_;
}

Awaitable<bool> Connection::pause(std::chrono::milliseconds time) {
  watch();
  if (gone_) co_return false;
  boost::system::error_code cancelled;  // told by gone_
  timer_.expires_after(time);
  co_await timer_.async_wait(asio::redirect_error(kAwait, cancelled));
  co_return !gone_;
}

// While nothing is read, only this notices that the client has left. At most one wait is pending; one that outlives its
// answer is harmless, since it only looks.
void Connection::watch() {
  if (watching_ || gone_) return;
  watching_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code ec) {
    self->watching_ = false;
    if (!ec) self->on_readable();
  });
}

void Connection::on_readable() {
  if (gone_) return;
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return;  // the next request already; a client that leaves now shows when we write
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    if (answering_) watch();
    return;
  }
  gone_ = true;  // closed, half-closed or reset
  timer_.cancel();
}

}  // namespace fluxgate::sim
