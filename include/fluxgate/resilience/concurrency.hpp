// How many requests may be in flight at one target, and who comes next when it is full.
//
// The cap is the configured one, lowered by AIMD: x 0.7 after a 429 (at least 1), + 1 after 50 good answers, up to the
// configured cap. Without a configured cap there is none until the first 429; then one is learned from what was in
// flight, and it is forgotten when it has grown past twice that. A burst of 429 lowers the cap once: those that began
// before the cut say nothing about the new cap.
//
// Who finds the target full may wait: highest priority first, then in order of arrival. A slot that becomes free is
// given to the waiter, not to whoever asks next. The class is pure and not thread-safe: its owner holds a mutex, takes
// the Wake values out under it and calls them after unlocking.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "fluxgate/api/facts.hpp"
#include "fluxgate/base/clock.hpp"

namespace fluxgate::resilience {

// A request that waits for a slot. The request's coroutine owns it; it must not move or die while it waits, so its
// owner calls stop_waiting() (or claims the grant) before it goes, on any thread.
struct Waiter {
  using WakeFunction = void (*)(const std::shared_ptr<void>& context);

  Waiter(api::Priority p, WakeFunction function, std::shared_ptr<void> shared)
      : priority(p), wake(function), context(std::move(shared)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  api::Priority priority;
  // Called once with `context` when a slot was granted, on the thread that freed it and without any lock: it should
  // only post to the waiter's own thread. The context is shared because the waiter may be gone by then.
  WakeFunction wake;
  std::shared_ptr<void> context;

  // The queue's own.
  enum class State : std::uint8_t { kIdle, kWaiting, kGranted } state = State::kIdle;
  std::uint64_t sequence = 0;   // order of arrival
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
};

// A call to make once the lock is released.
struct Wake {
  Waiter::WakeFunction function;
  std::shared_ptr<void> context;
  void operator()() const { function(context); }
};

class ConcurrencyLimit {
 public:
  enum class Wait : std::uint8_t {
    kGranted,  // a slot was free after all: it is the caller's, wake will not be called
    kWaiting,  // wake will be called
    kRefused,  // enough are waiting
  };

  explicit ConcurrencyLimit(std::optional<std::uint64_t> cap) : configured_(cap) {}
  // New settings from a reload; more room shows in grant().
  void apply(std::optional<std::uint64_t> cap) { configured_ = cap; }

  bool has_room() const;
  bool has_configured_room() const;   // whatever was learned from 429s
  void take() { ++in_flight_; }
  void give_back() { --in_flight_; }
  std::uint64_t in_flight() const { return in_flight_; }   // granted slots included
  std::optional<std::uint64_t> configured() const { return configured_; }
  std::uint64_t cap() const;                               // 0: none

  // How an attempt that began at `began` ended.
  void succeeded();
  void rate_limited(TimePoint now, TimePoint began);

  Wait wait(Waiter& waiter, std::size_t max_waiting);
  // Takes a waiter out. A granted one gives its slot back; then grant() may have work.
  void withdraw(Waiter& waiter);
  // Gives a free slot to the best waiter. Call until it returns nothing, after anything that may have made room.
  std::optional<Wake> grant();
  std::size_t waiting() const { return waiting_; }

 private:
  struct Queue {
    Waiter* first = nullptr;
    Waiter* last = nullptr;
  };
  Queue& queue(const Waiter& waiter) { return queues_[static_cast<std::size_t>(waiter.priority)]; }
  void unlink(Waiter& waiter);

  std::optional<std::uint64_t> configured_;
  double learned_ = 0;               // 0: none
  std::uint64_t learned_from_ = 0;   // in flight at the last cut
  std::uint32_t successes_ = 0;
  TimePoint cut_at_ = TimePoint::min();
  std::uint64_t in_flight_ = 0;
  std::array<Queue, 4> queues_{};    // by priority
  std::size_t waiting_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace fluxgate::resilience
