// The planning step of the pipeline: facts, route, candidates; and what to do when there is no candidate.
#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/gateway/pipeline.hpp"
#include "fluxgate/net/await.hpp"
#include "fluxgate/resilience/shed.hpp"
#include "fluxgate/routing/decision.hpp"
#include "trim.hpp"

namespace fluxgate::gateway {
namespace {

using api::RejectCode;

// Low priority gives way later than batch: its curve is stretched by this much.
constexpr double kLowStretch = 0.6;
// A waiter that leaves, also because its coroutine is destroyed, must not stay in the queue.
struct Withdrawal {
  resilience::TargetHealth& health;
  resilience::Waiter& waiter;
  ~Withdrawal() { health.stop_waiting(waiter); }
};

// How often a queue without a slot to wait for (all cooling, or out of rate) looks again.
constexpr std::chrono::milliseconds kLookAgain{100};

bool waits_for_health(const api::Rejected& rejected) {
  return rejected.code == RejectCode::kGate || rejected.code == RejectCode::kHeadroom ||
         rejected.code == RejectCode::kConcurrency;
}

api::Priority to_priority(config::PriorityClass priority) { return static_cast<api::Priority>(priority); }
static_assert(static_cast<int>(config::PriorityClass::kHigh) == static_cast<int>(api::Priority::kHigh));

// What is woken when a slot is granted: lives as long as anybody may call it, the timer only as long as we wait.
struct SlotSignal {
  net::Executor executor;
  net::Timer* timer;
};

void on_slot(const std::shared_ptr<void>& context) {
  auto signal = std::static_pointer_cast<SlotSignal>(context);
  const auto executor = signal->executor;
  net::asio::post(executor, [signal = std::move(signal)] {
    if (signal->timer != nullptr) signal->timer->cancel();
  });
}

}  // namespace

Result<void> Pipeline::make_plan() {
  own_ = OwnFields::of(request_.head->fields);
  auto built = state_.facts.build(*snapshot_, *request_.endpoint, request_.scan, request_.body, request_.head->fields, own_);
  if (!built) return std::move(built).error();
  built_ = std::move(built).value();
  auto planned = plan_once();
  if (!planned) return planned;
  const auto own = to_priority(route().priority);
  built_.facts.priority = std::min(own, built_.lowered_to.value_or(own));
  if (sheds()) {
    state_.shard.route(snapshot_->route(plan_.route).metrics).reliefs.add(telemetry::Relief::kShed);
    return Error(ErrorKind::kOverloaded, ErrorSource::kGateway, Retry::kYes,
                 "the route's targets are busy and this request's priority is low")
        .with_code("shed");
  }
  snapshot_->route(plan_.route).live->turns.fetch_add(1, std::memory_order_relaxed);
  if (plan_.candidates.empty() && plan_.largest_fit && route().context.on_overflow == config::OnOverflow::kTrim) {
    auto trimmed = trim_to_fit();
    if (!trimmed) return trimmed;
  }
  if (plan_.candidates.empty() && route().on_exhausted != config::OnExhausted::kQueue) return nobody();
  return {};
}

Result<void> Pipeline::plan_once() {
  const ServingView view(*snapshot_, state_.shared.live, SteadyClock::now());
  auto plan = snapshot_->routes().plan(built_.facts, view, state_.random.next());
  if (!plan) return std::move(plan).error();
  plan_ = std::move(plan).value();
  planned_ = true;
  deadline_ = request_.received + plan_.attempts->deadline;
  return {};
}

// The window is too small for the whole conversation: leave out its oldest turns and plan again.
Result<void> Pipeline::trim_to_fit() {
  if (built_.split_messages || built_.facts.input_tokens <= *plan_.largest_fit) return {};
  const std::uint32_t excess = built_.facts.input_tokens - *plan_.largest_fit;
  // What counting misses must not make it too long again: a little more than the excess.
  Trim trim = trim_oldest_turns(request_.body, built_.messages, excess + excess / 50);
  if (trim.messages == 0) return {};
  request_.cuts = std::move(trim.cuts);
  trimmed_messages_ = trim.messages;
  built_.facts.input_tokens -= std::min(built_.facts.input_tokens, trim.tokens);
  return plan_once();
}

// The lowest classes give way while the targets' configured room runs out.
bool Pipeline::sheds() {
  if (built_.facts.priority > api::Priority::kLow) return false;
  boost::container::small_vector<api::TargetStatus, 8> statuses;
  const TimePoint now = SteadyClock::now();
  for (const std::uint32_t target : snapshot_->routes().routes()[plan_.route].targets) {
    statuses.push_back(snapshot_->target(target).health->status(now));
  }
  const double saturation = resilience::saturation(statuses);
  const double stretch = built_.facts.priority == api::Priority::kLow ? kLowStretch : 1;
  return state_.random.unit() < resilience::shed_probability(saturation * stretch);
}

// ---- nobody may serve it -------------------------------------------------------------------------------------------

// The filters' codes say whose problem it is: the request's, the providers' or the configuration's.
Error Pipeline::nobody() const {
  std::string codes;
  bool all_cooling = !plan_.rejected.empty();
  bool all_context = !plan_.rejected.empty();
  bool any_health = false;
  bool any_capability = false;
  for (const api::Rejected& rejected : plan_.rejected) {
    if (!codes.empty()) codes += ", ";
    codes += routing::reject_text(snapshot_->routes(), rejected);
    const bool cooling = rejected.code == RejectCode::kHeadroom ||
                         (rejected.code == RejectCode::kGate && rejected.detail == static_cast<std::uint8_t>(api::Gate::kCooling));
    all_cooling = all_cooling && cooling;
    all_context = all_context && rejected.code == RejectCode::kContext;
    any_health = any_health || waits_for_health(rejected);
    any_capability = any_capability || rejected.code == RejectCode::kAbility || rejected.code == RejectCode::kMaxOutput;
  }
  if (all_context && plan_.largest_fit) {
    return client_error(ErrorKind::kContextLength,
                        "This request is about " + std::to_string(built_.facts.input_tokens) +
                            " tokens of input; with the output asked for, the largest window of this route has room for " +
                            std::to_string(*plan_.largest_fit) + ".")
        .with_param("messages");
  }
  if (all_cooling) {
    return Error(ErrorKind::kRateLimited, ErrorSource::kGateway, Retry::kYes,
                 "every target of the route is waiting for its provider's rate limit");
  }
  if (any_health) {
    return Error(ErrorKind::kNoTarget, ErrorSource::kGateway, Retry::kYes, "no target of the route can serve now: " + codes);
  }
  if (any_capability) {
    return client_error(ErrorKind::kIncapable, "no target of the route can do what this request asks for: " + codes);
  }
  return Error(ErrorKind::kNoTarget, ErrorSource::kGateway, Retry::kNo, "no target of the route may serve this request: " + codes);
}

// ---- on_exhausted: queue -------------------------------------------------------------------------------------------

net::Task<Result<void>> Pipeline::wait_for_room() {
  if (std::none_of(plan_.rejected.begin(), plan_.rejected.end(), waits_for_health)) co_return nobody();
  RouteLive& live = *snapshot_->route(plan_.route).live;
  if (live.waiting.fetch_add(1, std::memory_order_relaxed) >= route().queue.max) {
    live.waiting.fetch_sub(1, std::memory_order_relaxed);
    co_return nobody();
  }
  state_.shard.route(snapshot_->route(plan_.route).metrics).reliefs.add(telemetry::Relief::kQueued);
  const TimePoint until = std::min(deadline_, SteadyClock::now() + route().queue.timeout);
  Result<void> waited;
  while (plan_.candidates.empty() && interrupt_.reason() == net::Interrupt::Reason::kNone) {
    const TimePoint now = SteadyClock::now();
    if (now >= until) break;
    const auto target = fullest_target();
    if (target) {
      if (co_await wait_for_slot(*target, until)) break;
    } else {
      net::Timer timer(state_.worker.executor());
      timer.expires_at(std::min(until, now + kLookAgain));
      const net::Interrupt::Scope waiting(interrupt_, nullptr, &timer);
      co_await net::wait_for(timer);
    }
    waited = plan_once();
    if (!waited) break;
  }
  live.waiting.fetch_sub(1, std::memory_order_relaxed);
  if (!waited) co_return waited;
  if (interrupt_.reason() == net::Interrupt::Reason::kClientGone) {
    co_return client_error(ErrorKind::kClientGone, "the client closed the connection");
  }
  if (plan_.candidates.empty()) co_return nobody();
  co_return Result<void>();
}

// A target that is only full: the one place where waiting has an end that somebody will tell us.
std::optional<std::uint32_t> Pipeline::fullest_target() const {
  for (const api::Rejected& rejected : plan_.rejected) {
    if (rejected.code == RejectCode::kConcurrency) return rejected.target;
  }
  return std::nullopt;
}

// True if the target's slot is ours: it is then the plan's only candidate, and granted_ holds the place.
net::Task<bool> Pipeline::wait_for_slot(std::uint32_t target, TimePoint until) {
  resilience::TargetHealth& health = *snapshot_->target(target).health;
  net::Timer timer(state_.worker.executor());
  timer.expires_at(until);
  auto signal = std::make_shared<SlotSignal>(SlotSignal{state_.worker.executor(), &timer});
  resilience::Waiter waiter(built_.facts.priority, on_slot, signal);
  const Withdrawal withdrawal{health, waiter};
  const auto queued = health.wait(waiter, route().queue.max);
  if (queued == resilience::ConcurrencyLimit::Wait::kWaiting) {
    const net::Interrupt::Scope waiting(interrupt_, nullptr, &timer);
    co_await net::wait_for(timer);  // cancelled when the slot is granted, or by the interrupt
  }
  signal->timer = nullptr;
  const std::uint64_t expected = built_.facts.input_tokens + built_.facts.max_output_tokens.value_or(route().context.default_output);
  const resilience::Pass pass = health.claim(SteadyClock::now(), waiter, expected, false);
  if (!pass.entered()) co_return false;
  granted_ = HealthClaim(health, pass);
  api::Candidate candidate;
  candidate.target = target;
  candidate.chosen = api::ChosenBy::kOnly;  // there was no choice: it was the first with room
  plan_.candidates.clear();
  plan_.candidates.push_back(candidate);
  co_return true;
}

}  // namespace fluxgate::gateway
