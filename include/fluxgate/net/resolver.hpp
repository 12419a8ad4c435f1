// Host names to addresses, for all workers.
//
// Asio resolves on one hidden thread per io_context, one name after the other, so a slow name would hold up every other
// one of that worker. Here one process-wide thread resolves, answers are cached, and an expired answer is still used
// (for kStale) while, or if, a fresh one cannot be had.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/base/error.hpp"
#include "fluxgate/net/task.hpp"
#include "fluxgate/net/types.hpp"

namespace fluxgate::net {

using Addresses = std::vector<asio::ip::address>;

class Resolver {
 public:
  // getaddrinfo gives no time to live; 30 s is what most resolvers' callers assume, and an hour of stale answers rides
  // out a name server's outage.
  static constexpr std::chrono::seconds kFresh{30};
  static constexpr std::chrono::seconds kStale{3600};
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  Resolver();                          // looks up with getaddrinfo
  explicit Resolver(Lookup lookup);    // for tests
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // From a coroutine on any worker. Numeric addresses never reach the thread. Waits for the answer until `until`.
  Task<Result<Addresses>> resolve(std::string host, Executor executor, TimePoint until);

 private:
  struct Answer {
    Addresses addresses;
    TimePoint at{};
    bool pending = false;  // a look-up is queued or under way
  };
  // One waiting coroutine. The resolver's thread posts `done` to the coroutine's own executor.
  struct Waiter {
    std::string host;
    std::function<void(Result<Addresses>)> done;
  };

  void run();
  void finish(const std::string& host, Result<Addresses> result);

  Lookup lookup_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<std::string, Answer> cache_;
  std::deque<std::string> queue_;
  std::vector<Waiter> waiters_;
  bool stopping_ = false;
  std::thread thread_;
};

// True for addresses that are not the public internet: loopback, private, link-local (so cloud metadata services),
// carrier-grade NAT, unique-local, unspecified, multicast, and IPv4 ones in IPv6 clothing. IANA special-purpose registries.
bool is_private(const asio::ip::address& address);

}  // namespace fluxgate::net
