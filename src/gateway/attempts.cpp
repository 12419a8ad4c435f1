// The attempt step of the pipeline: one candidate after the other, until one answers or trying on is pointless.
#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/gateway/pipeline.hpp"
#include "fluxgate/net/await.hpp"
#include "fluxgate/telemetry/log.hpp"
#include "hedging.hpp"
#include "verdict.hpp"

namespace fluxgate::gateway {
namespace {

using net::Interrupt;
using resilience::Fault;
using resilience::NextStep;
using resilience::Verdict;

Error all_busy() {
  return {ErrorKind::kOverloaded, ErrorSource::kGateway, Retry::kYes, "every target of the route has become busy or unwell"};
}

}  // namespace

net::Task<Result<void>> Pipeline::try_candidates() {
  snapshot_->route(plan_.route).budget->deposit(SteadyClock::now());
  Result<void> last = all_busy();
  std::size_t begin = 0;
  if (may_hedge()) {
    last = co_await try_hedged(plan_.candidates[0], plan_.candidates[1]);
    if (last || stop_trying_) co_return last;
    begin = race_ && race_->second.started() ? 2 : 1;
  }
  for (std::size_t i = begin; i < plan_.candidates.size(); ++i) {
    const api::Candidate& candidate = plan_.candidates[i];
    // A request that was too long for one target goes only where there is known to be more room.
    const auto window = snapshot_->routes().traits()[candidate.target].context_window;
    if (window_above_ && window.value_or(0) <= *window_above_) continue;
    auto result = co_await try_target(candidate);
    if (result) co_return result;
    if (!tried_.empty() || i + 1 == plan_.candidates.size()) last = std::move(result);
    if (stop_trying_) break;
  }
  co_return last;
}

// One target, as often as the route's `retries` allows.
net::Task<Result<void>> Pipeline::try_target(const api::Candidate& candidate) {
  Result<void> result = all_busy();
  for (std::size_t tries = 0; tries < plan_.tries_per_target; ++tries) {
    if (tried_.size() >= plan_.attempts->max) {
      stop_trying_ = true;
      break;
    }
    if (tries > 0 && !co_await wait_before_retry(tries, attempt_->retry_after())) break;
    HealthClaim claim = enter(candidate);
    if (!claim) break;  // shut or filled up since it was planned: the next one
    if (!tried_.empty() && !may_try_again()) break;
    result = co_await try_once(candidate, std::move(claim));
    if (result) co_return result;
    stop_trying_ = verdict_.next == NextStep::kStop;
    if (verdict_.next != NextStep::kAnyTarget) break;
  }
  co_return result;
}

net::Task<Result<void>> Pipeline::try_once(const api::Candidate& candidate, HealthClaim claim) {
  claim_ = std::move(claim);
  attempt_ = new_attempt(candidate.target, interrupt_, false);
  auto result = co_await attempt_->start();
  interrupt_.clear_timer();
  upstream_time_ += attempt_->upstream_time();
  verdict_ = conclude(*attempt_, candidate, claim_, result, false);
  attempt_->finish_if_done();
  co_return result;
}

std::unique_ptr<Attempt> Pipeline::new_attempt(std::uint32_t index, Interrupt& interrupt, bool first_content) {
  const TargetRuntime& target = snapshot_->target(index);
  Attempt::Terms terms{*plan_.attempts, snapshot_->config().limits, deadline_};
  terms.first_content = first_content;
  return std::make_unique<Attempt>(state_, interrupt, request_, target, std::move(terms));
}

// A place at the target, if its gate is open and there is room.
HealthClaim Pipeline::enter(const api::Candidate& candidate) {
  if (granted_) return std::move(granted_);
  resilience::TargetHealth& health = *snapshot_->target(candidate.target).health;
  const std::uint64_t tokens = candidate.estimate.input_tokens + std::uint64_t{candidate.estimate.output_tokens};
  return {health, health.enter(SteadyClock::now(), tokens, plan_.least_bad)};
}

// Every attempt after the first draws on the route's budget, whether it is a retry, a fallback or a hedge.
bool Pipeline::may_try_again() {
  if (snapshot_->route(plan_.route).budget->withdraw(SteadyClock::now())) return true;
  budget_spent_ = true;
  stop_trying_ = true;
  return false;
}

// What the end of an attempt's start means: for the books, for its target and for what comes next. The claim of a
// success stays open until the answer has been relayed.
Verdict Pipeline::conclude(const Attempt& attempt, const api::Candidate& candidate, HealthClaim& claim,
                           const Result<void>& result, bool hedge) {
  const TimePoint now = SteadyClock::now();
  const Verdict verdict = judge(attempt, result, route().content_filter_fallback);
  Tried tried;
  tried.target = candidate.target;
  tried.status = attempt.status();
  tried.hedge = hedge;
  tried.elapsed = now - attempt.began_at();
  if (result) {
    served_ = &candidate;
    if (attempt.shape() == Attempt::Shape::kEvents) {
      tried.time_to_first_token = attempt.answered_at() - attempt.sent_at();
      claim.first_token(now, to_seconds(tried.time_to_first_token), candidate.estimate.input_tokens);
    }
  } else {
    tried.outcome = telemetry::attempt_outcome(result.error().kind, attempt.status());
    resilience::AttemptReport report;
    report.fault = verdict.fault;
    report.retry_after = attempt.retry_after();
    report.elapsed = to_seconds(tried.elapsed);
    report.key = attempt.key();
    claim.leave(now, report);
    if (result.error().kind == ErrorKind::kUpstreamStatus) keep_failed_answer(attempt, verdict.fault == Fault::kClient);
    if (verdict.next == NextStep::kLargerWindow) {
      const auto window = snapshot_->routes().traits()[candidate.target].context_window;
      window_above_ = std::max(window_above_.value_or(0), window.value_or(0));
    }
    if (result.error().source == ErrorSource::kUpstream) {
      telemetry::log_debug("attempt failed", {{"request_id", request_.id},
                                              {"target", attempt.target().config->name},
                                              {"error", to_string(result.error().kind)},
                                              {"fault", resilience::to_string(verdict.fault)},
                                              {"detail", result.error().detail}});
    }
  }
  tried_.push_back(tried);
  return verdict;
}

net::Task<bool> Pipeline::wait_before_retry(std::size_t again, std::optional<std::chrono::milliseconds> retry_after) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - SteadyClock::now());
  const auto wait = resilience::backoff(again, plan_.attempts->backoff, retry_after, left, state_.random);
  if (!wait) co_return false;
  net::Timer timer(state_.worker.executor());
  timer.expires_after(*wait);
  const Interrupt::Scope waiting(interrupt_, nullptr, &timer);
  co_await net::wait_for(timer);  // cancelled only by the interrupt, which is asked next
  co_return interrupt_.reason() == Interrupt::Reason::kNone;
}

void Pipeline::keep_failed_answer(const Attempt& attempt, bool final) {
  failed_answer_.emplace();
  failed_answer_->status = attempt.status();
  failed_answer_->fields = attempt.fields();
  failed_answer_->should_retry = attempt.should_retry();
  failed_answer_->retry_after = attempt.retry_after().has_value();
  failed_answer_->final = final;
  if (attempt.json() && state_.scanner.scan_response(attempt.whole())) {
    failed_answer_->content_type = attempt.content_type();
    failed_answer_->body = attempt.target().provider->without_secrets(attempt.whole());
  } else {  // a proxy's HTML page, or nothing: clients expect an error object
    failed_answer_->content_type = "application/json";
    failed_answer_->body = dialects::openai::error_json(upstream_error(
        ErrorKind::kUpstreamStatus, Retry::kYes, "the upstream answered with status " + std::to_string(attempt.status())));
  }
}

}  // namespace fluxgate::gateway
