#include "fluxgate/resilience/retry_budget.hpp"

#include <cmath>

namespace fluxgate::resilience {
namespace {

constexpr std::int64_t kOne = 1000;   // one attempt in thousandths

std::int64_t second_of(TimePoint now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

RetryBudget::RetryBudget(const config::RetryBudget& settings) { apply(settings); }

void RetryBudget::apply(const config::RetryBudget& settings) {
  const std::lock_guard lock(mutex_);
  deposit_ = std::llround(settings.ratio * static_cast<double>(kOne));
  reserve_ = std::llround(settings.floor * static_cast<double>(kOne)) * static_cast<std::int64_t>(kSlots);
}

void RetryBudget::deposit(TimePoint now) {
  const std::lock_guard lock(mutex_);
  slot(now).millis += deposit_;
}

bool RetryBudget::withdraw(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (sum(now) + reserve_ < kOne) return false;
  slot(now).millis -= kOne;
  return true;
}

double RetryBudget::balance(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return static_cast<double>(sum(now) + reserve_) / static_cast<double>(kOne);
}

RetryBudget::Slot& RetryBudget::slot(TimePoint now) {
  const std::int64_t second = second_of(now);
  Slot& slot = slots_[static_cast<std::size_t>(second % static_cast<std::int64_t>(kSlots))];
  if (slot.second != second) slot = Slot{second, 0};
  return slot;
}

std::int64_t RetryBudget::sum(TimePoint now) const {
  const std::int64_t oldest = second_of(now) - static_cast<std::int64_t>(kSlots);
  std::int64_t sum = 0;
  for (const Slot& slot : slots_) {
    if (slot.second > oldest) sum += slot.millis;
  }
  return sum;
}

}  // namespace fluxgate::resilience
