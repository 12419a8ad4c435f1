// How much work of our own making a route may add: retries, fallbacks and hedges together.
//
// A token bucket after Finagle and tower: every request deposits `ratio`, every extra attempt takes 1, both are
// forgotten after 10 s, and `floor` a second is always there. So in any 10 s at most ratio x requests + 10 x floor
// extra attempts are made, however much fails: a storm of 429 or 503 is not multiplied. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::resilience {

class RetryBudget {
 public:
  explicit RetryBudget(const config::RetryBudget& settings);

  void apply(const config::RetryBudget& settings);
  // Once per request, when its first attempt begins.
  void deposit(TimePoint now);
  // Before each further attempt; false: it must not be made.
  bool withdraw(TimePoint now);
  // Extra attempts possible now.
  double balance(TimePoint now) const;

 private:
  static constexpr std::size_t kSlots = 10;
  struct Slot {
    std::int64_t second = -1;
    std::int64_t millis = 0;   // thousandths of an attempt, deposits less withdrawals
  };

  Slot& slot(TimePoint now);
  std::int64_t sum(TimePoint now) const;

  mutable std::mutex mutex_;
  std::int64_t deposit_ = 0;   // thousandths
  std::int64_t reserve_ = 0;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace fluxgate::resilience
