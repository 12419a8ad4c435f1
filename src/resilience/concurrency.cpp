#include "fluxgate/resilience/concurrency.hpp"

#include <algorithm>

namespace fluxgate::resilience {
namespace {

constexpr double kCut = 0.7;
constexpr std::uint32_t kSuccessesPerStep = 50;

}  // namespace

std::uint64_t ConcurrencyLimit::cap() const {
  const std::uint64_t learned = learned_ > 0 ? static_cast<std::uint64_t>(learned_) : 0;
  if (!configured_) return learned;
  return learned > 0 ? std::min(learned, *configured_) : *configured_;
}

bool ConcurrencyLimit::has_configured_room() const { return !configured_ || in_flight_ < *configured_; }

bool ConcurrencyLimit::has_room() const {
  const std::uint64_t limit = cap();
  return limit == 0 || in_flight_ < limit;
}

void ConcurrencyLimit::succeeded() {
  if (learned_ == 0 || ++successes_ < kSuccessesPerStep) return;
  successes_ = 0;
  learned_ += 1;
  const bool outgrown = configured_ ? learned_ >= static_cast<double>(*configured_)
                                    : learned_ > 2 * static_cast<double>(learned_from_);
  if (outgrown) learned_ = 0;
}

void ConcurrencyLimit::rate_limited(TimePoint now, TimePoint began) {
  if (began < cut_at_) return;
  cut_at_ = now;
  successes_ = 0;
  if (learned_ == 0 || !configured_) learned_from_ = std::max<std::uint64_t>(in_flight_, 1);
  const double from = learned_ > 0 ? learned_ : static_cast<double>(configured_ ? *configured_ : learned_from_);
  learned_ = std::max(from * kCut, 1.0);
}

ConcurrencyLimit::Wait ConcurrencyLimit::wait(Waiter& waiter, std::size_t max_waiting) {
  if (waiting_ == 0 && has_room()) {
    take();
    waiter.state = Waiter::State::kGranted;
    return Wait::kGranted;
  }
  if (waiting_ >= max_waiting) return Wait::kRefused;
  Queue& line = queue(waiter);
  waiter.state = Waiter::State::kWaiting;
  waiter.sequence = ++sequence_;
  waiter.next = nullptr;
  waiter.previous = line.last;
  (line.last != nullptr ? line.last->next : line.first) = &waiter;
  line.last = &waiter;
  ++waiting_;
  return Wait::kWaiting;
}

void ConcurrencyLimit::unlink(Waiter& waiter) {
  Queue& line = queue(waiter);
  (waiter.previous != nullptr ? waiter.previous->next : line.first) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : line.last) = waiter.previous;
  waiter.next = waiter.previous = nullptr;
  --waiting_;
}

void ConcurrencyLimit::withdraw(Waiter& waiter) {
  if (waiter.state == Waiter::State::kWaiting) unlink(waiter);
  if (waiter.state == Waiter::State::kGranted) give_back();
  waiter.state = Waiter::State::kIdle;
}

std::optional<Wake> ConcurrencyLimit::grant() {
  if (waiting_ == 0 || !has_room()) return std::nullopt;
  for (auto line = queues_.rbegin(); line != queues_.rend(); ++line) {
    if (line->first == nullptr) continue;
    Waiter& waiter = *line->first;
    unlink(waiter);
    waiter.state = Waiter::State::kGranted;
    take();
    return Wake{waiter.wake, waiter.context};
  }
  return std::nullopt;
}

}  // namespace fluxgate::resilience
