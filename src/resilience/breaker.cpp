#include "fluxgate/resilience/breaker.hpp"

#include <algorithm>

namespace fluxgate::resilience {
namespace {

std::int64_t second_of(TimePoint now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

Breaker::Breaker(const config::Breaker& settings, std::uint64_t seed) : settings_(settings), random_(seed) {}

void Breaker::apply(const config::Breaker& settings) {
  settings_ = settings;
  if (settings_.enabled || state_ == State::kServing) return;
  state_ = State::kServing;
  failures_in_a_row_ = 0;
  shuts_in_a_row_ = 0;
}

api::Gate Breaker::gate(TimePoint now) const {
  if (state_ == State::kProbing) return api::Gate::kProbing;
  if (state_ == State::kShut && now < shut_until_) return api::Gate::kShut;
  if (now < cool_until_) return api::Gate::kCooling;
  return state_ == State::kShut ? api::Gate::kProbation : api::Gate::kOpen;
}

Breaker::Admission Breaker::enter(TimePoint now, bool force) {
  switch (gate(now)) {
    case api::Gate::kOpen: return {true, 0, now};
    case api::Gate::kProbation:
      state_ = State::kProbing;
      if (++probe_ == 0) ++probe_;
      return {true, probe_, now};
    default: return {force, 0, now};
  }
}

void Breaker::record(TimePoint now, const Admission& admission, Outcome outcome) {
  const bool is_probe = admission.probe != 0 && admission.probe == probe_;
  switch (state_) {
    case State::kServing:
      if (admission.at >= since_) serve(now, outcome);
      return;
    case State::kProbing:
      if (!is_probe) return;
      if (outcome == Outcome::kSuccess) return reopen(now);
      if (outcome != Outcome::kAbandoned) return shut(now, Trip::kProbe);
      state_ = State::kShut;
      shut_until_ = now;
      return;
    case State::kShut:
      // Only a forced attempt can have begun since: if it went well, waiting on would be stubborn.
      if (outcome == Outcome::kSuccess && admission.at >= since_) shut_until_ = std::min(shut_until_, now);
      return;
  }
}

void Breaker::serve(TimePoint now, Outcome outcome) {
  if (outcome == Outcome::kAbandoned) return;
  count(now, outcome == Outcome::kSuccess);
  if (outcome == Outcome::kSuccess) {
    failures_in_a_row_ = 0;
    return;
  }
  if (outcome == Outcome::kFailure) ++failures_in_a_row_;
  if (!settings_.enabled) return;
  // The row is looked at first: it is the clearer reason to give.
  if (outcome == Outcome::kFailure && failures_in_a_row_ >= settings_.consecutive) return shut(now, Trip::kConsecutive);
  const Counts seen = counts(now);
  const std::uint64_t total = seen.good + seen.bad;
  const double needed = settings_.success_rate * static_cast<double>(total);
  if (total >= settings_.min_requests && static_cast<double>(seen.good) < needed) shut(now, Trip::kRate);
}

void Breaker::shut(TimePoint now, Trip reason) {
  std::chrono::milliseconds wait = std::min(settings_.backoff, settings_.max_backoff);
  for (std::uint32_t i = 0; i < shuts_in_a_row_ && wait < settings_.max_backoff; ++i) wait *= 2;
  wait = std::min(wait, settings_.max_backoff);
  const std::chrono::duration<double, std::milli> jittered = wait * (0.5 + 0.5 * random_.unit());
  state_ = State::kShut;
  since_ = now;
  shut_until_ = now + std::chrono::duration_cast<Duration>(jittered);
  ++shuts_in_a_row_;
  failures_in_a_row_ = 0;
  last_trip_ = reason;
  ++trips_;
}

void Breaker::reopen(TimePoint now) {
  state_ = State::kServing;
  since_ = now;
  window_.fill(Bucket{});
  failures_in_a_row_ = 0;
  shuts_in_a_row_ = 0;
}

void Breaker::cool(TimePoint now, std::optional<std::chrono::milliseconds> retry_after) {
  const std::chrono::milliseconds wait = retry_after ? std::min(*retry_after, kLongestRetryAfter) : settings_.cooldown;
  cool_until_ = std::max(cool_until_, now + wait);
}

void Breaker::count(TimePoint now, bool good) {
  const std::int64_t second = second_of(now);
  Bucket& bucket = window_[static_cast<std::size_t>(second % static_cast<std::int64_t>(kBuckets))];
  if (bucket.second != second) bucket = Bucket{second, 0, 0};
  ++(good ? bucket.good : bucket.bad);
}

Breaker::Counts Breaker::counts(TimePoint now) const {
  const std::int64_t oldest = second_of(now) - static_cast<std::int64_t>(kBuckets);
  Counts sum;
  for (const Bucket& bucket : window_) {
    if (bucket.second <= oldest) continue;
    sum.good += bucket.good;
    sum.bad += bucket.bad;
  }
  return sum;
}

double Breaker::failure_rate(TimePoint now) const {
  const Counts seen = counts(now);
  const std::uint64_t total = seen.good + seen.bad;
  return total == 0 ? 0 : static_cast<double>(seen.bad) / static_cast<double>(total);
}

}  // namespace fluxgate::resilience
