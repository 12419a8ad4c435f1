// A very cheap OpenAI-compatible upstream for benchmarks: epoll, one thread, HTTP/1.1 with keep-alive, optional TLS.
//
//   bench_mock_upstream --shape name=plain,reply=400 --shape name=burst,tokens=500 [--cert FILE --key FILE]
//
// Every shape listens on its own free port of 127.0.0.1; the first line on standard output is a JSON object that maps
// shape names to ports. The program runs until it is killed. A shape:
//   name         its key in that line
//   reply        bytes of a plain answer's JSON body (default 400)
//   tokens       token events of a stream (default 32)
//   batch        events per write (default 1, as providers send); tokens must be a multiple of it
//   interval_us  pause between two events of one stream; 0 (default): back to back
//   tls          1: this port speaks TLS with --cert and --key
//
// POST .../chat/completions is answered by the shape; a body with "stream":true gets a stream, one chunk per event and
// one write per batch, with TCP_NODELAY. GET /stats answers counters of all ports. Anything else gets 404, so
// that a proxy that sends to the wrong path does not look like a working one.
// To stay cheap with large bodies it looks for `stream` and the model only in the first and last kilobyte of a body,
// which is where client libraries write them.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <array>
#include <deque>
#include <memory>

#include "common.hpp"
#include "mock_shapes.hpp"

namespace fluxgate::bench {
namespace {

constexpr std::size_t kReadBuffer = 256 * 1024;
constexpr std::size_t kHeadLimit = 64 * 1024;
constexpr std::size_t kPeek = 1024;             // bytes kept of each end of a body
constexpr std::size_t kBacklogLimit = 1 << 20;  // unsent bytes of one connection; a paced stream nobody reads is closed
constexpr int kWritesPerTurn = 8;               // a back-to-back stream lets the others in after so many

struct SslDelete {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// A connection lives in Server::connections_ at the index of its descriptor and dies with it.
struct Connection {
  int fd = -1;
  std::uint32_t generation = 0;  // tells a queued turn of a closed connection from one of its descriptor's next owner
  const Shape* shape = nullptr;
  std::unique_ptr<SSL, SslDelete> ssl;

  std::string head;  // of the request being read; empty between requests
  bool in_body = false;
  BodyReader body;
  std::string first;  // up to kPeek bytes of the body's begin
  std::string last;   // and, of what follows, the end

  std::string unsent;
  std::size_t unsent_from = 0;
  bool waits_for_write = false;

  bool streaming = false;
  bool usage = false;
  std::size_t next_token = 0;

  ~Connection() {
    ssl.reset();
    if (fd >= 0) close(fd);
  }
};

// A stream's next event: at `when` for paced ones.
struct Turn {
  int fd;
  std::uint32_t generation;
  std::int64_t when;  // steady clock, ns
};

struct Stats {
  std::uint64_t connections = 0;  // accepted
  std::uint64_t requests = 0;     // complete chat requests
  std::uint64_t streams = 0;      // of them streams
  std::uint64_t renamed = 0;      // of them with the upstream model's name: a gateway replaced what the client sent
  std::uint64_t broken = 0;       // connections closed over a protocol error or an overfull backlog
};

class Server {
 public:
  Server(std::vector<Shape> shapes, const std::string& certificate, const std::string& key)
      : shapes_(std::move(shapes)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
    const bool any_tls = std::any_of(shapes_.begin(), shapes_.end(), [](const Shape& shape) { return shape.tls; });
    if (any_tls) load_tls(certificate, key);
    add_to_epoll(timer_, EPOLLIN);
    paced_.resize(shapes_.size());
    for (Shape& shape : shapes_) {
      for (std::size_t i = 0; i < shape.batch; ++i) shape.batch_bytes += replies_.tokens[i % kWords];
      listen_on(shape);
    }
  }

  void print_ports() const {
    std::string line = "{";
    for (const Shape& shape : shapes_) {
      sockaddr_in address{};
      socklen_t size = sizeof(address);
      getsockname(shape.listener, reinterpret_cast<sockaddr*>(&address), &size);
      if (line.size() > 1) line += ",";
      line += "\"" + shape.name + "\":" + std::to_string(ntohs(address.sin_port));
    }
    std::printf("%s}\n", line.c_str());
    std::fflush(stdout);
  }

  void run() {
    std::array<epoll_event, 512> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), ready_.empty() ? -1 : 0);
      if (count < 0 && errno != EINTR) die("epoll_wait failed");
      for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)]);
      run_ready();
    }
  }

 private:
  void load_tls(const std::string& certificate, const std::string& key) {
    tls_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_use_certificate_chain_file(tls_.get(), certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls_.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
      die("cannot load --cert and --key");
    }
  }

  void add_to_epoll(int fd, std::uint32_t interest) const {
    epoll_event entry{};
    entry.events = interest;
    entry.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &entry) != 0) die("epoll_ctl failed");
  }

  void listen_on(Shape& shape) const {
    shape.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(0);
    if (bind(shape.listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(shape.listener, 4096) != 0) {
      die("cannot listen on 127.0.0.1");
    }
    add_to_epoll(shape.listener, EPOLLIN);
  }

  void dispatch(const epoll_event& entry) {
    const int fd = entry.data.fd;
    if (fd == timer_) return run_paced();
    for (const Shape& shape : shapes_) {
      if (fd == shape.listener) return accept_all(shape);
    }
    Connection* const connection = find(fd);
    if (connection == nullptr) return;  // closed by an earlier event of this round
    if ((entry.events & EPOLLOUT) != 0 && !flush(*connection)) return;
    if ((entry.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read_from(*connection);
  }

  Connection* find(int fd) const {
    const auto index = static_cast<std::size_t>(fd);
    return index < connections_.size() ? connections_[index].get() : nullptr;
  }

  Connection* find(const Turn& turn) const {
    Connection* const connection = find(turn.fd);
    return connection != nullptr && connection->generation == turn.generation ? connection : nullptr;
  }

  void accept_all(const Shape& shape) {
    for (;;) {
      const int fd = accept4(shape.listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      set_no_delay(fd);
      auto connection = std::make_unique<Connection>();
      connection->fd = fd;
      connection->generation = ++generations_;
      connection->shape = &shape;
      if (shape.tls) {
        connection->ssl.reset(SSL_new(tls_.get()));
        SSL_set_fd(connection->ssl.get(), fd);
        SSL_set_accept_state(connection->ssl.get());
      }
      if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(static_cast<std::size_t>(fd) + 1);
      connections_[static_cast<std::size_t>(fd)] = std::move(connection);
      add_to_epoll(fd, EPOLLIN);
      ++stats_.connections;
    }
  }

  void drop(const Connection& connection) { connections_[static_cast<std::size_t>(connection.fd)].reset(); }

  void drop_broken(const Connection& connection) {
    ++stats_.broken;
    drop(connection);
  }

  // Bytes read or written; 0: the peer is gone; -1: would block.
  static std::ptrdiff_t tls_result(const Connection& connection, int result) {
    if (result > 0) return result;
    const int error = SSL_get_error(connection.ssl.get(), result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }

  static std::ptrdiff_t receive(const Connection& connection, char* data, std::size_t size) {
    if (connection.ssl) return tls_result(connection, SSL_read(connection.ssl.get(), data, static_cast<int>(size)));
    const std::ptrdiff_t result = recv(connection.fd, data, size, 0);
    return result < 0 && errno != EAGAIN ? 0 : result;
  }

  static std::ptrdiff_t transmit(const Connection& connection, std::string_view data) {
    if (connection.ssl) {
      return tls_result(connection, SSL_write(connection.ssl.get(), data.data(), static_cast<int>(data.size())));
    }
    const std::ptrdiff_t result = send(connection.fd, data.data(), data.size(), MSG_NOSIGNAL);
    return result < 0 && errno != EAGAIN ? 0 : result;
  }

  void read_from(Connection& connection) {
    const int fd = connection.fd;
    const std::uint32_t generation = connection.generation;
    for (;;) {
      const std::ptrdiff_t count = receive(connection, buffer_.data(), buffer_.size());
      if (count < 0) return;
      if (count == 0) return drop(connection);
      if (!take(connection, std::string_view(buffer_.data(), static_cast<std::size_t>(count)))) return;
      const bool drained = !connection.ssl && static_cast<std::size_t>(count) < buffer_.size();
      if (drained || find(Turn{fd, generation, 0}) == nullptr) return;
    }
  }

  // Request bytes. False: the connection is gone.
  bool take(Connection& connection, std::string_view data) {
    if (connection.streaming || !connection.unsent.empty()) {  // a request before the last one's answer is complete
      drop_broken(connection);
      return false;
    }
    if (!connection.in_body) {
      const std::size_t before = connection.head.size();
      connection.head.append(data.substr(0, kHeadLimit));
      const std::size_t end = connection.head.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (connection.head.size() < kHeadLimit) return true;
        drop_broken(connection);
        return false;
      }
      data.remove_prefix(end + 4 - before);
      connection.head.resize(end + 4);
      connection.in_body = true;
      connection.body.start(connection.head);
      connection.first.clear();
      connection.last.clear();
    }
    const std::size_t used = connection.body.feed(data, [&](std::string_view run) { peek(connection, run); });
    if (connection.body.bad() || used < data.size()) {
      drop_broken(connection);
      return false;
    }
    return connection.body.done() ? answer(connection) : true;
  }

  static void peek(Connection& connection, std::string_view run) {
    const std::size_t front = std::min(run.size(), kPeek - connection.first.size());
    connection.first.append(run.substr(0, front));
    run.remove_prefix(front);
    if (run.size() >= kPeek) {
      connection.last.assign(run.substr(run.size() - kPeek));
      return;
    }
    connection.last.append(run);
    if (connection.last.size() > kPeek) connection.last.erase(0, connection.last.size() - kPeek);
  }

  static bool body_has(const Connection& connection, std::string_view text) {
    return connection.first.find(text) != std::string::npos || connection.last.find(text) != std::string::npos;
  }

  // Starts the answer to a complete request. False: the connection is gone.
  bool answer(Connection& connection) {
    const std::string_view line = std::string_view(connection.head).substr(0, connection.head.find("\r\n"));
    const bool is_chat = line.starts_with("POST ") && line.ends_with("/chat/completions HTTP/1.1");
    const bool is_stats = line.starts_with("GET /stats ");
    connection.head.clear();
    connection.in_body = false;
    if (is_stats) return write(connection, json_reply("200 OK", stats_json()));
    if (!is_chat) return write(connection, json_reply("404 Not Found", R"({"error":{"message":"no such path"}})"));
    ++stats_.requests;
    if (body_has(connection, R"("bench-model")")) ++stats_.renamed;
    if (!body_has(connection, R"("stream":true)") && !body_has(connection, R"("stream": true)")) {
      return write(connection, connection.shape->plain);
    }
    ++stats_.streams;
    connection.streaming = true;
    connection.next_token = 0;
    connection.usage =
        body_has(connection, R"("include_usage":true)") || body_has(connection, R"("include_usage": true)");
    if (!write(connection, replies_.stream_head) || !send_next(connection)) return false;
    schedule(connection, now_ns() + connection.shape->interval_ns);
    return true;
  }

  std::string stats_json() const {
    const auto field = [](const char* name, std::uint64_t value) {
      return std::string("\"") + name + "\":" + std::to_string(value);
    };
    return "{" + field("connections", stats_.connections) + "," + field("requests", stats_.requests) + "," +
           field("streams", stats_.streams) + "," + field("renamed", stats_.renamed) + "," +
           field("broken", stats_.broken) + "}";
  }

  // False: the connection is gone.
  bool write(Connection& connection, std::string_view data) {
    if (connection.unsent.empty()) {
      const std::ptrdiff_t count = transmit(connection, data);
      if (count == 0) {
        drop(connection);
        return false;
      }
      if (count > 0) data.remove_prefix(static_cast<std::size_t>(count));
      if (data.empty()) return true;
    }
    connection.unsent.append(data);
    if (connection.unsent.size() - connection.unsent_from > kBacklogLimit) {
      drop_broken(connection);
      return false;
    }
    want_write(connection, true);
    return true;
  }

  // Sends what is waiting. False: the connection is gone.
  bool flush(Connection& connection) {
    while (connection.unsent_from < connection.unsent.size()) {
      const std::ptrdiff_t count =
          transmit(connection, std::string_view(connection.unsent).substr(connection.unsent_from));
      if (count < 0) return true;
      if (count == 0) {
        drop(connection);
        return false;
      }
      connection.unsent_from += static_cast<std::size_t>(count);
    }
    connection.unsent.clear();
    connection.unsent_from = 0;
    want_write(connection, false);
    // A paced stream is still in its queue; a back-to-back one left the ready list when its write blocked.
    if (connection.streaming && connection.shape->interval_ns == 0) schedule(connection, 0);
    return true;
  }

  void want_write(Connection& connection, bool wanted) const {
    if (connection.waits_for_write == wanted) return;
    connection.waits_for_write = wanted;
    epoll_event entry{};
    entry.events = EPOLLIN | (wanted ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    entry.data.fd = connection.fd;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &entry);
  }

  void schedule(const Connection& connection, std::int64_t when) {
    const Turn turn{connection.fd, connection.generation, when};
    if (connection.shape->interval_ns == 0) {
      // While a write is blocked flush() schedules; scheduling here too would give the stream two turns.
      if (connection.unsent.empty()) ready_.push_back(turn);
      return;
    }
    paced_[static_cast<std::size_t>(connection.shape - shapes_.data())].push_back(turn);
    arm_timer();
  }

  // The next write of a stream. False: there is none left, or the connection is gone.
  bool send_next(Connection& connection) {
    const Shape& shape = *connection.shape;
    if (connection.next_token < shape.tokens) {
      const std::string& bytes =
          shape.batch == 1 ? replies_.tokens[connection.next_token % kWords] : shape.batch_bytes;
      connection.next_token += shape.batch;
      return write(connection, bytes);
    }
    connection.streaming = false;
    write(connection, connection.usage ? replies_.tail_with_usage : replies_.tail);
    return false;
  }

  void run_ready() {
    for (std::size_t left = ready_.size(); left > 0; --left) {
      const Turn turn = ready_.front();
      ready_.pop_front();
      Connection* const connection = find(turn);
      if (connection == nullptr) continue;
      bool more = true;
      for (int i = 0; i < kWritesPerTurn && more && connection->unsent.empty(); ++i) more = send_next(*connection);
      if (more && connection->unsent.empty()) ready_.push_back(turn);
    }
  }

  void run_paced() {
    std::uint64_t expirations = 0;
    if (::read(timer_, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN) die("timerfd failed");
    armed_ = 0;
    const std::int64_t now = now_ns();
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      // All streams of a shape have one interval, so that a queue in order of arrival is in order of due time.
      std::deque<Turn>& queue = paced_[i];
      while (!queue.empty() && queue.front().when <= now) {
        const Turn turn = queue.front();
        queue.pop_front();
        Connection* const connection = find(turn);
        if (connection == nullptr || !connection->streaming || !send_next(*connection)) continue;
        queue.push_back(Turn{turn.fd, turn.generation, turn.when + shapes_[i].interval_ns});
      }
    }
    arm_timer();
  }

  void arm_timer() {
    std::int64_t earliest = 0;
    for (const std::deque<Turn>& queue : paced_) {
      if (!queue.empty() && (earliest == 0 || queue.front().when < earliest)) earliest = queue.front().when;
    }
    if (earliest == 0 || earliest == armed_) return;
    armed_ = earliest;
    itimerspec spec{};
    spec.it_value.tv_sec = earliest / 1'000'000'000;
    spec.it_value.tv_nsec = earliest % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  std::vector<Shape> shapes_;  // never changes size: connections point into it
  Replies replies_;
  int epoll_;
  int timer_;
  std::int64_t armed_ = 0;  // when the timer fires, 0 if it is not set
  std::unique_ptr<SSL_CTX, SslDelete> tls_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
  std::uint32_t generations_ = 0;
  std::deque<Turn> ready_;               // back-to-back streams that can write now
  std::vector<std::deque<Turn>> paced_;  // by shape
  Stats stats_;
  std::vector<char> buffer_ = std::vector<char>(kReadBuffer);
};

}  // namespace
}  // namespace fluxgate::bench

int main(int argc, char** argv) {
  using namespace fluxgate::bench;
  prepare_process();
  Flags flags(argc, argv);
  std::vector<Shape> shapes;
  for (const std::string& spec : flags.take_all("shape")) shapes.emplace_back(spec);
  const std::string certificate = flags.take("cert", "");
  const std::string key = flags.take("key", "");
  flags.finish();
  if (shapes.empty()) die("at least one --shape is needed");
  Server server(std::move(shapes), certificate, key);
  server.print_ports();
  server.run();
}
