// Notices clients that leave while we wait for an upstream.
//
// While a request is in flight nothing reads from its client, so a closed connection would be seen only at the next
// write, seconds or minutes later. Asking the reactor for a readiness event costs a system call on every request;
// instead one poll(2) over all requests that have been in flight for a while looks for POLLRDHUP four times a second.
// A request that ends sooner than that pays two stores. Belongs to one worker thread.
#pragma once

#include <vector>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/net/types.hpp"

struct pollfd;

namespace fluxgate::net {

class HangupWatch {
 public:
  static constexpr std::chrono::milliseconds kPeriod{250};
  using Callback = void (*)(void* context);

  explicit HangupWatch(Executor executor) : timer_(executor) {}
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;

  // Watches `fd` as long as the Entry lives; `on_hangup(context)` is called at most once.
  class Entry {
   public:
    Entry(HangupWatch& watch, int fd, Callback on_hangup, void* context);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

   private:
    friend class HangupWatch;
    HangupWatch& watch_;
    int fd_;
    Callback on_hangup_;
    void* context_;
    std::size_t index_;
    bool reported_ = false;
    bool seen_ = false;  // was there at an earlier tick
  };

 private:
  void arm();
  void tick();

  std::vector<Entry*> entries_;
  std::vector<pollfd> polled_;
  Timer timer_;
  bool armed_ = false;
};

}  // namespace fluxgate::net
