#include "fluxgate/resilience/target_health.hpp"

#include <algorithm>

namespace fluxgate::resilience {
namespace {

// One 404 may be about the path rather than the model (an endpoint the provider lacks); several in a row are not.
constexpr std::uint32_t kModelRefusals = 3;
constexpr std::chrono::minutes kFirstModelRest{1};
constexpr std::chrono::minutes kLongestModelRest{60};

Breaker::Outcome outcome_of(Fault fault) {
  switch (fault) {
    case Fault::kNone: return Breaker::Outcome::kSuccess;
    case Fault::kTarget:
    case Fault::kTimeout: return Breaker::Outcome::kFailure;
    case Fault::kRateLimited: return Breaker::Outcome::kRateLimited;
    case Fault::kCredential:
    case Fault::kModel:
    case Fault::kClient:
    case Fault::kCancelled: break;
  }
  return Breaker::Outcome::kAbandoned;
}

std::uint32_t narrow(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

}  // namespace

TargetHealth::TargetHealth(const config::Target& target, const config::Breaker& breaker, std::shared_ptr<KeyRing> keys,
                           std::uint64_t seed)
    : keys_(std::move(keys)),
      any_model_(target.model == "*"),
      breaker_(breaker, seed),
      limit_(target.max_concurrency),
      rate_(target.requests_per_minute, target.tokens_per_minute) {}

void TargetHealth::apply(const config::Target& target, const config::Breaker& breaker) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    any_model_ = target.model == "*";
    breaker_.apply(breaker);
    limit_.apply(target.max_concurrency);
    rate_.apply(target.requests_per_minute, target.tokens_per_minute);
    wakes = grants();
  }
  call(wakes);
}

// ---- reading -------------------------------------------------------------------------------------------------------

api::Gate TargetHealth::gate(TimePoint now) const {
  const api::Gate gate = breaker_.gate(now);
  if (gate == api::Gate::kShut || now < model_rests_until_) return api::Gate::kShut;
  return keys_ && !keys_->usable(now) ? api::Gate::kNoCredential : gate;
}

api::TargetStatus TargetHealth::status(TimePoint now) const {
  api::TargetStatus status;
  const std::lock_guard lock(mutex_);
  status.gate = gate(now);
  status.stale = latency_.stale(now);
  status.samples = latency_.samples();
  status.ttft = latency_.ttft(now);
  status.prefill = latency_.prefill();
  status.tpot = latency_.tpot();
  status.pending = pending_;
  status.pending_tokens = pending_tokens_;
  status.concurrency = narrow(limit_.cap());
  status.hard_cap = narrow(limit_.configured().value_or(0));
  status.headroom = rate_.headroom(now);
  status.cached_share = usage_.cached_share();
  status.output_median = usage_.output_median();
  status.output_p95 = usage_.output_p95();
  status.failure_rate = breaker_.failure_rate(now);
  status.input_calibration = usage_.input_calibration();
  return status;
}

std::optional<double> TargetHealth::ttft_percentile(double q, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return latency_.ttft_percentile(q, now);
}

std::uint64_t TargetHealth::trips() const {
  const std::lock_guard lock(mutex_);
  return breaker_.trips();
}

Breaker::Trip TargetHealth::last_trip() const {
  const std::lock_guard lock(mutex_);
  return breaker_.last_trip();
}

// ---- attempts ------------------------------------------------------------------------------------------------------

Pass TargetHealth::enter(TimePoint now, std::uint64_t tokens, bool force) {
  const std::lock_guard lock(mutex_);
  // The cap first: a probe must not be spent on a request that then finds no room. What was learned from 429s is health,
  // which force overrides; the operator's own cap is not.
  if (force ? !limit_.has_configured_room() : !limit_.has_room()) {
    Pass full;
    full.entry = Entry::kFull;
    return full;
  }
  Pass pass = admit(now, tokens, force);
  if (pass.entered()) limit_.take();
  return pass;
}

// Everything of an entry but its slot.
Pass TargetHealth::admit(TimePoint now, std::uint64_t tokens, bool force) {
  Pass pass;
  const api::Gate now_at = gate(now);
  const bool closed_elsewhere = now_at == api::Gate::kNoCredential || now < model_rests_until_;
  if (closed_elsewhere && !force) return pass;
  pass.admission = breaker_.enter(now, force);
  if (!pass.admission.entered) return pass;
  pass.entry = Entry::kEntered;
  pass.tokens = tokens;
  ++pending_;
  pending_tokens_ += tokens;
  rate_.sent(now, tokens);
  return pass;
}

void TargetHealth::first_token(TimePoint now, Pass& pass, double ttft, std::uint64_t estimated_input) {
  if (!pass.entered() || pass.first_token) return;
  pass.first_token = true;
  const std::lock_guard lock(mutex_);
  latency_.first_token(now, ttft, static_cast<double>(estimated_input) * (1 - usage_.cached_share()));
  if (pass.admission.probe != 0) breaker_.record(now, pass.admission, Breaker::Outcome::kSuccess);
}

void TargetHealth::leave(TimePoint now, const Pass& pass, const AttemptReport& report) {
  if (!pass.entered()) return;
  if (keys_) keys_->report(now, report.key, report.fault, report.retry_after);
  // With another key at hand a 429 is that key's matter; without, the target's.
  const bool another_key = report.key != 0 && keys_ && keys_->has_fresh(now);
  const bool cools = report.fault == Fault::kRateLimited && !another_key;
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    --pending_;
    pending_tokens_ -= pass.tokens;
    breaker_.record(now, pass.admission, outcome_of(report.fault));
    if (cools) {
      breaker_.cool(now, report.retry_after);
      limit_.rate_limited(now, pass.admission.at);
    }
    if (report.fault == Fault::kNone) limit_.succeeded();
    rest_model(now, report.fault);
    learn(now, pass, report);
    limit_.give_back();
    wakes = grants();
  }
  call(wakes);
}

void TargetHealth::learn(TimePoint now, const Pass& pass, const AttemptReport& report) {
  const std::uint64_t actual = report.input + report.output;
  if (actual > 0) rate_.settled(now, pass.tokens, actual);
  const double estimated = static_cast<double>(report.estimated_input) * (1 - usage_.cached_share());
  const std::uint64_t read = report.input - std::min(report.cached_input, report.input);
  const double uncached = report.input > 0 ? static_cast<double>(read) : estimated;
  if (report.ttft > 0 && !pass.first_token) latency_.first_token(now, report.ttft, uncached);
  switch (report.fault) {
    case Fault::kNone:
      if (report.ttft > 0 && report.input > 0) latency_.prompt(report.ttft, uncached);
      latency_.answered(now, report.tpot, report.output);
      usage_.add(now, report.estimated_input, report.input, report.cached_input, report.output);
      return;
    case Fault::kTarget:
    case Fault::kRateLimited: return latency_.failed(now, 0, report.retry_after);
    case Fault::kTimeout: return latency_.failed(now, report.elapsed, report.retry_after);
    case Fault::kCancelled:
      if (report.ttft == 0 && !pass.first_token) latency_.abandoned(now, report.elapsed, uncached);
      return;
    case Fault::kCredential:
    case Fault::kModel:
    case Fault::kClient: return;
  }
}

void TargetHealth::rest_model(TimePoint now, Fault fault) {
  if (fault == Fault::kNone) model_refusals_ = 0;
  if (fault != Fault::kModel || any_model_ || now < model_rests_until_) return;
  if (++model_refusals_ < kModelRefusals) return;
  std::chrono::minutes rest = kFirstModelRest;
  for (std::uint32_t i = kModelRefusals; i < model_refusals_ && rest < kLongestModelRest; ++i) rest *= 2;
  model_rests_until_ = now + std::min(rest, kLongestModelRest);
}

void TargetHealth::note_remote(TimePoint now, const std::optional<RemoteRate>& requests,
                               const std::optional<RemoteRate>& tokens) {
  const std::lock_guard lock(mutex_);
  rate_.note_remote(now, requests, tokens);
}

// ---- waiting -------------------------------------------------------------------------------------------------------

ConcurrencyLimit::Wait TargetHealth::wait(Waiter& waiter, std::size_t max_waiting) {
  const std::lock_guard lock(mutex_);
  return limit_.wait(waiter, max_waiting);
}

Pass TargetHealth::claim(TimePoint now, Waiter& waiter, std::uint64_t tokens, bool force) {
  Pass pass;
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    if (waiter.state != Waiter::State::kGranted) {
      pass.entry = Entry::kFull;
      return pass;
    }
    waiter.state = Waiter::State::kIdle;
    pass = admit(now, tokens, force);
    if (!pass.entered()) {
      limit_.give_back();
      wakes = grants();
    }
  }
  call(wakes);
  return pass;
}

void TargetHealth::stop_waiting(Waiter& waiter) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    limit_.withdraw(waiter);
    wakes = grants();
  }
  call(wakes);
}

TargetHealth::Wakes TargetHealth::grants() {
  Wakes wakes;
  while (auto wake = limit_.grant()) wakes.push_back(std::move(*wake));
  return wakes;
}

void TargetHealth::call(const Wakes& wakes) {
  for (const Wake& wake : wakes) wake();
}

}  // namespace fluxgate::resilience
