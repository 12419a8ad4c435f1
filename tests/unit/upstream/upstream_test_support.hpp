// A scripted upstream: a TCP server whose every connection runs a function of the test, on a thread of its own.
#pragma once

#include <functional>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fluxgate/upstream/exchange.hpp"
#include "fluxgate/upstream/pool.hpp"
#include "unit/net/net_test_support.hpp"

namespace fluxgate::upstream::testing {

using net::testing::Listening;
using net::testing::Peer;

class Scripted {
 public:
  using Script = std::function<void(Peer& peer, int connection)>;  // connections count from 0

  // Each script ends its connection when it returns.
  explicit Scripted(Script script) : script_(std::move(script)), thread_([this] { serve(); }) {}
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;
  ~Scripted() {
    stopping_ = true;
    thread_.join();
    for (const auto& peer : peers_) ::shutdown(peer->fd(), SHUT_RDWR);  // scripts that wait for more end
    for (std::thread& one : connections_) one.join();
  }

  std::uint16_t port() const { return listening_.port(); }
  int accepted() const { return accepted_; }

 private:
  void serve() {
    while (!stopping_) {
      auto peer = listening_.accept(std::chrono::milliseconds(10));
      if (!peer) continue;
      const int number = accepted_++;
      peers_.push_back(std::make_unique<Peer>(std::move(*peer)));
      connections_.emplace_back([this, number, &connection = *peers_.back()] {
        script_(connection, number);
        ::shutdown(connection.fd(), SHUT_RDWR);  // the descriptor stays ours until the threads have ended
      });
    }
  }

  Script script_;
  Listening listening_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> accepted_{0};
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::thread> connections_;
  std::thread thread_;  // last: it uses all of the above
};

// Reads one request without a body; false at the end of the connection.
inline bool read_request(Peer& peer) { return peer.read_until("\r\n\r\n").ends_with("\r\n\r\n"); }

// Answers every request of a connection with `answer`.
inline Scripted::Script always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer, int) {
    while (read_request(peer)) {
      if (!peer.write(answer)) return;
    }
  };
}

inline std::string ok(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace fluxgate::upstream::testing
