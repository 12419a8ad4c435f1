// What the mock upstream and the load generator share: flags, sockets, clock, and a reader of HTTP/1.1 bodies.
//
// Nothing here comes from the product's modules, on purpose: a judge must not share a parser with the one it judges.
// Both programs are single-threaded; an unusable flag or a failed socket call at start ends the program with a message.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fluxgate::bench {

[[noreturn]] inline void die(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(2);
}

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline std::uint64_t to_number(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    die(std::string(what) + ": not a number: " + std::string(text));
  }
  return value;
}

// `--name value` pairs; a name may repeat. take_* removes what it returns, so that finish() can name what nobody took.
class Flags {
 public:
  Flags(int argc, char** argv) {
    for (int i = 1; i < argc; i += 2) {
      const std::string_view name = argv[i];
      if (!name.starts_with("--") || i + 1 >= argc) die("expected --name value, got: " + std::string(name));
      values_[std::string(name.substr(2))].emplace_back(argv[i + 1]);
    }
  }

  std::vector<std::string> take_all(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    std::vector<std::string> values = std::move(found->second);
    values_.erase(found);
    return values;
  }

  std::string take(const std::string& name, const std::string& fallback) {
    const auto values = take_all(name);
    return values.empty() ? fallback : values.back();
  }

  std::uint64_t take_number(const std::string& name, std::uint64_t fallback) {
    const auto values = take_all(name);
    return values.empty() ? fallback : to_number(values.back(), "--" + name);
  }

  void finish() const {
    if (!values_.empty()) die("unknown flag: --" + values_.begin()->first);
  }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

// Ends this program when the runner dies, allows as many sockets as the system grants, and turns a write to a closed
// peer into an error code.
inline void prepare_process() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// CPU time of this program so far, user and system, in microseconds.
inline std::int64_t cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000LL + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline bool equals_icase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

// The value of header `name` in a head (start line and fields, each ended by CRLF).
inline std::optional<std::string_view> find_header(std::string_view head, std::string_view name) {
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    const std::size_t begin = line + 2;
    const std::size_t end = head.find("\r\n", begin);
    if (end == std::string_view::npos || end == begin) return std::nullopt;
    const std::string_view field = head.substr(begin, end - begin);
    if (field.size() > name.size() && field[name.size()] == ':' && equals_icase(field.substr(0, name.size()), name)) {
      std::string_view value = field.substr(name.size() + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      return value;
    }
    line = end;
  }
  return std::nullopt;
}

// Reads one message body, by Content-Length or chunked, in whatever pieces it arrives.
class BodyReader {
 public:
  // head: the complete head of the message. A message with neither framing has an empty body.
  void start(std::string_view head) {
    left_ = 0;
    line_.clear();
    const auto encoding = find_header(head, "transfer-encoding");
    if (encoding && equals_icase(*encoding, "chunked")) {
      state_ = State::kSize;
      return;
    }
    const auto length = find_header(head, "content-length");
    left_ = length ? to_number(*length, "content-length") : 0;
    state_ = left_ > 0 ? State::kLength : State::kDone;
  }

  bool done() const { return state_ == State::kDone; }
  bool bad() const { return state_ == State::kBad; }

  // Calls sink(std::string_view) with each run of body bytes; returns how many bytes of `in` belonged to the message.
  template <class Sink>
  std::size_t feed(std::string_view in, Sink&& sink) {
    std::size_t used = 0;
    while (used < in.size() && !done() && !bad()) {
      if (state_ == State::kLength || state_ == State::kData) {
        const std::string_view run = in.substr(used, left_);
        sink(run);
        used += run.size();
        left_ -= run.size();
        if (left_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kDataEnd;
        continue;
      }
      take_line_byte(in[used++]);
    }
    return used;
  }

 private:
  enum class State {
    kLength,   // bytes of a body with Content-Length
    kSize,     // the line with a chunk's size
    kData,     // bytes of a chunk
    kDataEnd,  // the CRLF behind a chunk
    kTrailer,  // lines behind the last chunk, up to an empty one
    kDone,
    kBad,      // not what HTTP allows
  };
  static constexpr std::size_t kLineLimit = 4096;

  void take_line_byte(char c) {
    if (c != '\n') {
      line_.push_back(c);
      if (line_.size() > kLineLimit) state_ = State::kBad;
      return;
    }
    if (line_.empty() || line_.back() != '\r') {
      state_ = State::kBad;
      return;
    }
    line_.pop_back();
    finish_line();
    line_.clear();
  }

  void finish_line() {
    switch (state_) {
      case State::kSize: {
        const char* const end = line_.data() + line_.size();
        const auto [stop, error] = std::from_chars(line_.data(), end, left_, 16);
        if (error != std::errc{} || (stop != end && *stop != ';' && *stop != ' ')) {
          state_ = State::kBad;
        } else {
          state_ = left_ == 0 ? State::kTrailer : State::kData;
        }
        return;
      }
      case State::kDataEnd: state_ = line_.empty() ? State::kSize : State::kBad; return;
      case State::kTrailer:
        if (line_.empty()) state_ = State::kDone;
        return;
      default: state_ = State::kBad;
    }
  }

  State state_ = State::kDone;
  std::uint64_t left_ = 0;  // bytes to come of the body or the chunk
  std::string line_;        // a size, chunk-end or trailer line that is still incomplete
};

}  // namespace fluxgate::bench
