// What tests of sockets share: TCP pairs on 127.0.0.1 and a way to run a coroutine to its end.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "fluxgate/net/await.hpp"
#include "fluxgate/net/stream.hpp"
#include "fluxgate/net/task.hpp"
#include "fluxgate/net/types.hpp"

namespace fluxgate::net::testing {

// Longer than anything here takes on a slow machine; only a test that hangs gets there.
inline constexpr std::chrono::seconds kPatience{30};

// A plain blocking socket: the other side of a connection, driven by the test without any of our code.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {
    const timeval limit{kPatience.count(), 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Peer& operator=(Peer&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Peer() { close(); }

  int fd() const { return fd_; }

  // False if the other side is gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Up to `most` bytes; empty at the end of the stream. errno is set if an error ended it, else 0.
  std::string read(std::size_t most = 65536) {
    std::string bytes(most, '\0');
    errno = 0;
    const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
  std::string read_exactly(std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const std::string more = read(size - all.size());
      if (more.empty()) break;
      all += more;
    }
    return all;
  }
  // Up to and including `mark`.
  std::string read_until(std::string_view mark) {
    std::string all;
    while (!all.ends_with(mark)) {
      const std::string more = read(1);
      if (more.empty()) break;
      all += more;
    }
    return all;
  }
  std::string read_all() {
    std::string all;
    for (std::string more = read(); !more.empty(); more = read()) all += more;
    return all;
  }
  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A listening socket on a free port of 127.0.0.1.
class Listening {
 public:
  Listening() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { ::close(fd_); }

  std::uint16_t port() const { return port_; }
  int fd() const { return fd_; }

  // A connection that came in, or nothing if none did within `limit`.
  std::optional<Peer> accept(std::chrono::milliseconds limit = kPatience) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return std::nullopt;
    return Peer(fd);
  }

  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect to 127.0.0.1");
    }
    return fd;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

// A TCP connection: a Stream of ours and a plain peer.
struct Pair {
  std::unique_ptr<Stream> stream;
  Peer peer;
};

inline Pair make_pair(Executor executor) {
  Listening listening;
  Peer peer(listening.connect());
  auto accepted = listening.accept();
  const int fd = ::dup(accepted->fd());
  return {std::make_unique<Stream>(Socket(executor, tcp::v4(), fd)), std::move(peer)};
}

// Two Streams connected to each other.
inline std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_streams(Executor executor) {
  Listening listening;
  const int client = listening.connect();
  const int server = ::dup(listening.accept()->fd());
  return {std::make_unique<Stream>(Socket(executor, tcp::v4(), client)),
          std::make_unique<Stream>(Socket(executor, tcp::v4(), server))};
}

// A coroutine under way, and what it came to.
template <class T>
class Spawned {
 public:
  explicit Spawned(Task<T> task) { spawn(keep(std::move(task), state_)); }

  bool done() const { return state_->result.has_value(); }
  T take() { return std::move(state_->result.value()); }

 private:
  struct State {
    std::optional<T> result;
  };
  static Task<void> keep(Task<T> task, std::shared_ptr<State> state) { state->result.emplace(co_await task); }

  std::shared_ptr<State> state_ = std::make_shared<State>();  // the coroutine may outlive a test that gave up
};

// Runs the loop until `done()`; throws if that does not come.
template <class Done>
void run_until(asio::io_context& context, Done done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) throw std::runtime_error("the test hangs");
    if (context.stopped()) context.restart();
    context.run_one_for(std::chrono::milliseconds(50));
  }
}

// Lets the loop run for a while, for things that must not happen.
inline void run_for(asio::io_context& context, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (context.stopped()) context.restart();
    context.run_one_for(std::chrono::milliseconds(5));
  }
}

template <class T>
T run(asio::io_context& context, Task<T> task) {
  Spawned<T> spawned(std::move(task));
  run_until(context, [&] { return spawned.done(); });
  return spawned.take();
}

}  // namespace fluxgate::net::testing
