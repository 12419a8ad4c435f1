#include "hedging.hpp"

#include "fluxgate/gateway/pipeline.hpp"

namespace fluxgate::gateway {
namespace {

using Reason = net::Interrupt::Reason;

constexpr double kHedgeQuantile = 0.95;
// Before there are samples enough for a percentile.
constexpr std::chrono::milliseconds kUnknownDelay{2000};

}  // namespace

// ---- the race ------------------------------------------------------------------------------------------------------

void HedgeRace::start(HedgeLeg& leg) { net::spawn(run(shared_from_this(), leg)); }

net::Task<void> HedgeRace::run(std::shared_ptr<HedgeRace> race, HedgeLeg& leg) {
  auto result = co_await leg.attempt->start();
  leg.interrupt.clear_timer();
  leg.result.emplace(std::move(result));
  race->ended_ = true;
  race->changed_.cancel();
}

net::Task<void> HedgeRace::wait(net::Interrupt& interrupt, TimePoint until) {
  if (ended_) {  // already, before anybody waited
    ended_ = false;
    co_return;
  }
  changed_.expires_at(until);
  const net::Interrupt::Scope waiting(interrupt, nullptr, &changed_);
  co_await net::wait_for(changed_);
  ended_ = false;
}

void HedgeRace::stop(Reason reason) {
  for (HedgeLeg* leg : {&first, &second}) {
    if (leg->running()) leg->interrupt.trigger(reason);
  }
}

// ---- the pipeline's side -------------------------------------------------------------------------------------------

// Only streams have a first token to wait for; a call of a tool may have effects that must not happen twice.
bool Pipeline::may_hedge() const {
  return route().hedge && request_.scan.stream && plan_.candidates.size() > 1 && plan_.attempts->max > 1 &&
         !plan_.least_bad && !granted_ && !built_.facts.needs.has(api::Ability::kTools) &&
         built_.facts.priority >= api::Priority::kNormal;
}

net::Task<Result<void>> Pipeline::try_hedged(const api::Candidate& first, const api::Candidate& second) {
  HealthClaim claim = enter(first);
  if (!claim) co_return Error(ErrorKind::kOverloaded, ErrorSource::kGateway, Retry::kYes, "the first target has become busy");
  race_ = std::make_shared<HedgeRace>(state_.worker);
  HedgeRace& race = *race_;
  race.first.candidate = &first;
  race.first.claim = std::move(claim);
  race.first.attempt = new_attempt(first.target, race.first.interrupt, true);
  race.second.candidate = &second;
  const TimePoint begin = SteadyClock::now();
  race.start(race.first);

  TimePoint hedge_at = begin + hedge_delay(first);
  while (race.running()) {
    const bool waits_to_hedge = !race.second.started() && SteadyClock::now() < hedge_at;
    TimePoint until = deadline_;
    if (waits_to_hedge) until = hedge_at;
    co_await race.wait(interrupt_, until);
    if (interrupt_.reason() != Reason::kNone) race.stop(interrupt_.reason());
    if (race.first.won() || race.second.won()) break;
    if (race.second.started() || interrupt_.reason() != Reason::kNone || SteadyClock::now() < hedge_at) continue;
    if (!race.first.running()) break;
    hedge_at = deadline_;  // one try at hedging, whatever comes of it
    HealthClaim place = enter(second);
    if (!place || !snapshot_->route(plan_.route).budget->withdraw(SteadyClock::now())) {
      state_.shard.route(snapshot_->route(plan_.route).metrics).hedges.add(telemetry::HedgeResult::kRefused);
      continue;
    }
    race.second.claim = std::move(place);
    race.second.attempt = new_attempt(second.target, race.second.interrupt, true);
    race.start(race.second);
  }
  co_return finish_race(race);
}

Duration Pipeline::hedge_delay(const api::Candidate& first) const {
  const config::Hedge& hedge = *route().hedge;
  if (hedge.delay) return *hedge.delay;
  const auto late = snapshot_->target(first.target).health->ttft_percentile(kHedgeQuantile, SteadyClock::now());
  if (!late) return kUnknownDelay;
  return std::max<Duration>(hedge.min_delay, std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*late)));
}

// Takes the winner's attempt as the request's own and books the rest. Both legs are paid for.
Result<void> Pipeline::finish_race(HedgeRace& race) {
  HedgeLeg* winner = race.first.won() ? &race.first : race.second.won() ? &race.second : nullptr;
  HedgeLeg* loser = winner == &race.first ? &race.second : &race.first;
  if (winner != nullptr && loser->running()) loser->interrupt.trigger(Reason::kSuperseded);
  if (race.second.started()) {
    const auto outcome = winner == &race.second ? telemetry::HedgeResult::kWon : telemetry::HedgeResult::kLost;
    state_.shard.route(snapshot_->route(plan_.route).metrics).hedges.add(outcome);
  }
  Result<void> result = Error(ErrorKind::kCancelled, ErrorSource::kGateway, Retry::kNo, "no attempt was made");
  for (HedgeLeg* leg : {loser, winner}) {
    if (leg == nullptr || !leg->started()) continue;
    if (!leg->result) leg->result.emplace(Error(ErrorKind::kCancelled, ErrorSource::kGateway, Retry::kNo, "another attempt won"));
    const auto verdict = conclude(*leg->attempt, *leg->candidate, leg->claim, *leg->result, leg == &race.second);
    if (leg != winner) stop_trying_ = stop_trying_ || verdict.next == resilience::NextStep::kStop;
    result = std::move(*leg->result);
  }
  if (winner == nullptr) {
    HedgeLeg& last = race.second.started() ? race.second : race.first;
    attempt_ = std::move(last.attempt);
  } else {
    stop_trying_ = false;
    attempt_ = std::move(winner->attempt);
    claim_ = std::move(winner->claim);
    upstream_time_ += attempt_->answered_at() - attempt_->began_at();
  }
  return result;
}

}  // namespace fluxgate::gateway
