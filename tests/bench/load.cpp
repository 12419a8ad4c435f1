// A closed-loop load generator for chat completions: epoll, one thread, HTTP/1.1 with keep-alive, plain or streamed.
//
//   bench_load --port 8080 --model bench [--connections 32] [--duration-ms 3000 | --requests 1000] [--body-bytes 300]
//              [--stream 1 --expect-tokens 500 [--usage 0]] [--ramp-ms 0] [--timeout-seconds 30] [--hold-seconds 0]
//
// Every connection sends a request, reads the whole answer, checks it and sends the next. After the duration no new
// request starts; those under way are finished and counted. The result is one JSON line on standard output.
//   --ramp-ms       spreads the first requests over this time, so that paced streams are not in step
//   --hold-seconds  instead: open one stream per connection, wait for its first event, print {"held":...} and keep all
//                   open until standard input ends (or this time is over)
// An answer counts only if its status is 200, its framing is complete, a plain body begins and ends as a JSON object,
// and a stream has exactly the expected events and ends with [DONE]. All else is an error; the first is described.
#include <sys/epoll.h>
#include <sys/uio.h>

#include <array>

#include "common.hpp"

namespace fluxgate::bench {
namespace {

constexpr std::size_t kReadBuffer = 256 * 1024;
constexpr std::size_t kHeadLimit = 64 * 1024;

struct Options {
  std::uint16_t port = 0;
  std::size_t connections = 32;
  std::size_t requests = 0;  // 0: until the time is over
  std::int64_t duration_ns = 0;
  std::int64_t timeout_ns = 0;  // for what is under way after the duration, or without progress otherwise
  std::int64_t ramp_ns = 0;
  std::int64_t hold_ns = 0;  // 0: ordinary load
  bool stream = false;
  std::size_t expected_events = 0;  // of a stream, [DONE] not counted
  std::size_t expected_tokens = 0;
  std::string head;
  std::string body;
};

// A chat request the way client libraries write one: messages first, then the model and the parameters.
std::string request_body(const std::string& model, std::size_t bytes, bool stream, bool usage) {
  const std::string before = R"({"messages":[{"role":"system","content":"You are a helpful assistant."},)"
                             R"({"role":"user","content":")";
  std::string after = R"("}],"model":")" + model + R"(","max_tokens":256,"temperature":0.7)";
  if (stream) after += R"(,"stream":true)";
  if (stream && usage) after += R"(,"stream_options":{"include_usage":true})";
  after += "}";
  const std::string sentence = "Explain \\\"routing\\\" in one line.\\n";
  std::string text = before;
  while (text.size() + after.size() + sentence.size() <= bytes) text += sentence;
  while (text.size() + after.size() < bytes) text += 'x';
  return text + after;
}

std::string request_head(std::uint16_t port, std::size_t body_bytes) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nAccept: application/json\r\nContent-Type: application/json\r\nUser-Agent: OpenAI/Python 1.99.0\r\n"
         "X-Stainless-Lang: python\r\nX-Stainless-Package-Version: 1.99.0\r\nX-Stainless-OS: Linux\r\n"
         "X-Stainless-Runtime: CPython\r\nAuthorization: Bearer sk-bench-0123456789abcdef0123456789abcdef\r\n"
         "Content-Length: " + std::to_string(body_bytes) + "\r\n\r\n";
}

// Follows a stream's lines in whatever pieces they arrive and counts its events.
class EventCounter {
 public:
  void reset() { *this = EventCounter(); }
  std::size_t events() const { return events_; }
  bool done() const { return done_; }

  void feed(std::string_view data) {
    while (!data.empty()) {
      if (start_.size() < kDone.size() && !skipping_) {  // still deciding what line this is
        const std::size_t end = data.find('\n');
        const std::size_t take = std::min({data.size(), kDone.size() - start_.size(), end});
        start_.append(data.substr(0, take));
        data.remove_prefix(take);
        if (end != take && start_.size() < kDone.size()) continue;
        skipping_ = true;
        if (start_ == kDone) {
          done_ = true;
        } else if (start_.starts_with("data:")) {
          ++events_;
        }
        continue;
      }
      const std::size_t end = data.find('\n');
      if (end == std::string_view::npos) return;
      data.remove_prefix(end + 1);
      start_.clear();
      skipping_ = false;
    }
  }

 private:
  static constexpr std::string_view kDone = "data: [DONE]";
  std::string start_;      // the begin of the current line, as much of it as decides
  bool skipping_ = false;  // the line is classified; wait for its end
  bool done_ = false;
  std::size_t events_ = 0;
};

struct Client {
  enum class State {
    kIdle,        // no request under way
    kConnecting,  // the socket is not connected yet
    kSending,     // the request is not completely sent
    kHead,        // waiting for or reading the answer's head
    kBody,        // reading the answer's body
    kHeld,        // hold mode: the first event is here
    kFinished,    // has no more to do
  };
  State state = State::kIdle;
  int fd = -1;
  std::size_t sent = 0;  // of head and body together
  std::string head;
  BodyReader body;
  EventCounter events;
  std::size_t body_bytes = 0;
  char first = 0;  // byte of the body
  char last = 0;
  std::int64_t start_at = 0;    // when the first request may start
  std::int64_t started = 0;     // the request under way
  std::int64_t last_event = 0;  // 0: no part of the body yet
};

// Durations in nanoseconds and what the result line says of them.
class Samples {
 public:
  void add(std::int64_t ns) { values_.push_back(ns); }

  std::string json() {
    if (values_.empty()) return "null";
    const std::int64_t p50 = percentile(0.50);
    const std::int64_t p99 = percentile(0.99);
    const std::int64_t max = *std::max_element(values_.begin(), values_.end());
    return "{\"p50\":" + us(p50) + ",\"p99\":" + us(p99) + ",\"max\":" + us(max) + "}";
  }

 private:
  std::int64_t percentile(double share) {
    const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(values_.size() - 1));
    std::nth_element(values_.begin(), values_.begin() + index, values_.end());
    return values_[static_cast<std::size_t>(index)];
  }

  static std::string us(std::int64_t ns) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(ns) / 1000.0);
    return text.data();
  }

  std::vector<std::int64_t> values_;
};

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    begin_ = now_ns();
    clients_.resize(options_.connections);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].start_at = begin_ + options_.ramp_ns * static_cast<std::int64_t>(i) /
                                          static_cast<std::int64_t>(clients_.size());
    }
  }

  int run() {
    const std::int64_t limit = begin_ + options_.ramp_ns + options_.duration_ns + options_.timeout_ns;
    std::array<epoll_event, 512> events{};
    while (settled_ < clients_.size()) {
      const std::int64_t now = now_ns();
      if (now > limit) {
        fail_all("no complete answer within the time limit");
        break;
      }
      start_due(now);
      const int wait_ms = to_start_ < clients_.size() ? 1 : 1000;
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
      if (count < 0 && errno != EINTR) die("epoll_wait failed");
      for (int i = 0; i < count; ++i) {
        const epoll_event& entry = events[static_cast<std::size_t>(i)];
        progress(clients_[entry.data.u32], entry.events);
      }
    }
    const std::int64_t end = now_ns();
    if (options_.hold_ns > 0) {
      hold();
    } else {
      print(end);
    }
    return errors_ == 0 ? 0 : 1;
  }

 private:
  void start_due(std::int64_t now) {
    while (to_start_ < clients_.size() && clients_[to_start_].start_at <= now) begin_request(clients_[to_start_++]);
  }

  bool may_start() const {
    if (options_.hold_ns > 0) return started_ < clients_.size();
    if (options_.requests > 0) return started_ < options_.requests;
    return now_ns() < begin_ + options_.ramp_ns + options_.duration_ns;
  }

  void settle(Client& client, Client::State state) {
    client.state = state;
    ++settled_;
    if (state == Client::State::kFinished) disconnect(client);
  }

  void begin_request(Client& client) {
    if (!may_start()) return settle(client, Client::State::kFinished);
    ++started_;
    client.sent = 0;
    client.head.clear();
    client.events.reset();
    client.body_bytes = 0;
    client.last_event = 0;
    client.started = now_ns();
    if (client.fd < 0) return connect_client(client);
    client.state = Client::State::kSending;
    send_request(client);
  }

  void connect_client(Client& client) {
    client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client.fd < 0) die("no more sockets: raise the limit on open files");
    set_no_delay(client.fd);
    ++connects_;
    const sockaddr_in address = loopback(options_.port);
    client.state = Client::State::kConnecting;
    const int result = ::connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    if (result != 0 && errno != EINPROGRESS) return fail(client, "cannot connect");
    epoll_event entry{};
    entry.events = EPOLLIN | EPOLLOUT;
    entry.data.u32 = index_of(client);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &entry);
  }

  std::uint32_t index_of(const Client& client) const { return static_cast<std::uint32_t>(&client - clients_.data()); }

  static void disconnect(Client& client) {
    if (client.fd >= 0) close(client.fd);
    client.fd = -1;
  }

  void listen_for(const Client& client, std::uint32_t interest) const {
    epoll_event entry{};
    entry.events = interest;
    entry.data.u32 = index_of(client);
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &entry);
  }

  void fail(Client& client, const std::string& reason) {
    ++errors_;
    if (first_error_.empty()) first_error_ = reason;
    disconnect(client);
    // Against a dead server a retry at once would spin; a client with an error is through.
    settle(client, Client::State::kFinished);
  }

  void fail_all(const std::string& reason) {
    for (Client& client : clients_) {
      if (client.state != Client::State::kFinished && client.state != Client::State::kHeld) fail(client, reason);
    }
  }

  void progress(Client& client, std::uint32_t events) {
    if (client.fd < 0) return;
    if (client.state == Client::State::kConnecting) {
      int error = 0;
      socklen_t size = sizeof(error);
      getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return fail(client, std::string("cannot connect: ") + std::strerror(error));
      if ((events & EPOLLOUT) == 0) return;
      client.state = Client::State::kSending;
      listen_for(client, EPOLLIN);
      return send_request(client);
    }
    if (client.state == Client::State::kSending && (events & EPOLLOUT) != 0) {
      listen_for(client, EPOLLIN);
      send_request(client);
      if (client.fd < 0) return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_from(client);
  }

  void send_request(Client& client) {
    const std::string_view head = std::string_view(options_.head);
    const std::string_view body = std::string_view(options_.body);
    while (client.sent < head.size() + body.size()) {
      std::array<iovec, 2> parts{};
      const std::size_t of_head = std::min(client.sent, head.size());
      const std::size_t of_body = client.sent - of_head;
      parts[0] = {const_cast<char*>(head.data()) + of_head, head.size() - of_head};
      parts[1] = {const_cast<char*>(body.data()) + of_body, body.size() - of_body};
      const std::ptrdiff_t count = writev(client.fd, parts.data(), 2);
      if (count < 0 && errno == EAGAIN) return listen_for(client, EPOLLIN | EPOLLOUT);
      if (count < 0) return fail(client, "connection closed while sending");
      client.sent += static_cast<std::size_t>(count);
    }
    client.state = Client::State::kHead;
  }

  void read_from(Client& client) {
    const std::ptrdiff_t count = recv(client.fd, buffer_.data(), buffer_.size(), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      if (client.state == Client::State::kIdle) return disconnect(client);
      return fail(client, client.head.empty() ? "connection closed before the answer" : "answer cut off");
    }
    std::string_view data(buffer_.data(), static_cast<std::size_t>(count));
    if (client.state == Client::State::kSending) return fail(client, "answer before the whole request was sent");
    if (client.state == Client::State::kHead) {
      const std::size_t before = client.head.size();
      client.head.append(data.substr(0, kHeadLimit));
      const std::size_t end = client.head.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (client.head.size() >= kHeadLimit) fail(client, "answer's head is too long");
        return;
      }
      data.remove_prefix(end + 4 - before);
      client.head.resize(end + 4);
      if (!client.head.starts_with("HTTP/1.1 200")) {
        return fail(client, "status " + client.head.substr(9, 3) + " " + std::string(data.substr(0, 200)));
      }
      client.body.start(client.head);
      client.state = Client::State::kBody;
    }
    read_body(client, data);
  }

  void read_body(Client& client, std::string_view data) {
    if (client.state == Client::State::kHeld) return;
    const std::size_t events_before = client.events.events();
    const std::size_t used = client.body.feed(data, [&](std::string_view run) {
      if (client.body_bytes == 0) client.first = run.front();
      client.last = run.back();
      client.body_bytes += run.size();
      if (options_.stream) client.events.feed(run);
    });
    if (client.body.bad() || used < data.size()) return fail(client, "broken framing of an answer");
    if (client.body_bytes > 0) note_arrival(client, events_before);
    if (options_.hold_ns > 0 && client.events.events() > 0) return settle(client, Client::State::kHeld);
    if (client.body.done()) finish_answer(client);
  }

  void note_arrival(Client& client, std::size_t events_before) {
    const std::int64_t now = now_ns();
    if (client.last_event == 0) {
      first_byte_.add(now - client.started);
      client.last_event = now;
    } else if (client.events.events() > events_before) {
      gaps_.add(now - client.last_event);
      client.last_event = now;
    }
  }

  void finish_answer(Client& client) {
    if (options_.stream && (!client.events.done() || client.events.events() != options_.expected_events)) {
      return fail(client, "stream with " + std::to_string(client.events.events()) + " events, expected " +
                              std::to_string(options_.expected_events) +
                              (client.events.done() ? "" : ", without [DONE]"));
    }
    if (!options_.stream && (client.first != '{' || client.last != '}')) return fail(client, "body is not JSON");
    latency_.add(now_ns() - client.started);
    ++completed_;
    const auto connection = find_header(client.head, "connection");
    if (connection && equals_icase(*connection, "close")) disconnect(client);
    client.state = Client::State::kIdle;
    begin_request(client);
  }

  void hold() const {
    std::size_t held = 0;
    for (const Client& client : clients_) held += client.state == Client::State::kHeld ? 1 : 0;
    std::printf("{\"held\":%zu,\"errors\":%zu,\"first_error\":\"%s\"}\n", held, errors_, escaped_error().c_str());
    std::fflush(stdout);
    // Reads nothing from the held connections: only standard input's end or the clock ends this.
    const std::int64_t limit = now_ns() + options_.hold_ns;
    char byte = 0;
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    while (now_ns() < limit && ::read(STDIN_FILENO, &byte, 1) != 0) usleep(20'000);
  }

  std::string escaped_error() const {
    std::string text = first_error_;
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == '"' || c == '\\'; }, '\'');
    return text;
  }

  void print(std::int64_t end) {
    const double seconds = static_cast<double>(end - begin_) / 1e9;
    std::printf("{\"requests\":%zu,\"seconds\":%.3f,\"tokens\":%zu,\"errors\":%zu,\"first_error\":\"%s\","
                "\"connects\":%zu,\"latency_us\":%s,\"first_byte_us\":%s,\"gap_us\":%s,\"cpu_us\":%lld}\n",
                completed_, seconds, completed_ * options_.expected_tokens, errors_, escaped_error().c_str(), connects_,
                latency_.json().c_str(), first_byte_.json().c_str(), gaps_.json().c_str(),
                static_cast<long long>(cpu_us()));
  }

  Options options_;
  int epoll_;
  std::int64_t begin_ = 0;
  std::vector<Client> clients_;
  std::size_t to_start_ = 0;  // first client that has not started
  std::size_t settled_ = 0;   // clients that are finished or held
  std::size_t started_ = 0;   // requests
  std::size_t completed_ = 0;
  std::size_t errors_ = 0;
  std::size_t connects_ = 0;
  std::string first_error_;
  Samples latency_;
  Samples first_byte_;
  Samples gaps_;  // between two arrivals of events on one stream
  std::vector<char> buffer_ = std::vector<char>(kReadBuffer);
};

Options parse(Flags& flags) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  Options options;
  options.port = static_cast<std::uint16_t>(flags.take_number("port", 0));
  options.connections = flags.take_number("connections", 32);
  options.requests = flags.take_number("requests", 0);
  options.duration_ns = static_cast<std::int64_t>(flags.take_number("duration-ms", 3000)) * 1'000'000;
  options.timeout_ns = static_cast<std::int64_t>(flags.take_number("timeout-seconds", 30)) * kSecond;
  options.ramp_ns = static_cast<std::int64_t>(flags.take_number("ramp-ms", 0)) * 1'000'000;
  options.hold_ns = static_cast<std::int64_t>(flags.take_number("hold-seconds", 0)) * kSecond;
  options.stream = flags.take_number("stream", 0) != 0;
  options.expected_tokens = flags.take_number("expect-tokens", 0);
  const bool usage = flags.take_number("usage", 1) != 0;
  const std::string model = flags.take("model", "bench");
  const std::size_t body_bytes = flags.take_number("body-bytes", 300);
  flags.finish();
  if (options.port == 0 || options.connections == 0) die("--port and --connections must not be 0");
  options.expected_events = options.expected_tokens + 1 + (usage ? 1 : 0);  // and the finish_reason event
  options.body = request_body(model, body_bytes, options.stream, usage);
  options.head = request_head(options.port, options.body.size());
  return options;
}

}  // namespace
}  // namespace fluxgate::bench

int main(int argc, char** argv) {
  using namespace fluxgate::bench;
  prepare_process();
  Flags flags(argc, argv);
  Load load(parse(flags));
  return load.run();
}
