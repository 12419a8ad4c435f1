#include "shadow.hpp"

#include <cstring>

#include "attempt.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/gateway/pipeline.hpp"
#include "fluxgate/policies/estimates.hpp"
#include "fluxgate/policies/filters.hpp"
#include "fluxgate/telemetry/log.hpp"
#include "hedging.hpp"
#include "verdict.hpp"

namespace fluxgate::gateway {
namespace {

// A larger body is not worth copying for a measurement.
constexpr std::size_t kLargestBody = 1024 * 1024;

// One copy less in flight, however it ends.
class Slot {
 public:
  explicit Slot(std::atomic<std::size_t>& count) : count_(&count) {}
  Slot(Slot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t>* count_;
};

}  // namespace

struct ShadowCall {
  ShadowCall(std::shared_ptr<const Snapshot> pinned, Slot taken, net::DeadlineQueue& deadlines)
      : snapshot(std::move(pinned)), slot(std::move(taken)), interrupt(deadlines) {}

  std::shared_ptr<const Snapshot> snapshot;
  Slot slot;
  net::Interrupt interrupt;
  std::uint32_t route = 0;
  std::uint32_t target = 0;
  std::uint64_t expected_tokens = 0;
  Buffer body;
  std::string head_text;          // what the fields of `head` point into
  std::string path;
  http::RequestHead head;
  ClientRequest request;
};

namespace {

// The fields of the client's head, with text of their own.
void copy_fields(const http::RequestHead& from, ShadowCall& call) {
  for (const http::Field& field : from.fields) {
    call.head_text += field.name;
    call.head_text += field.value;
  }
  std::string_view rest = call.head_text;
  for (const http::Field& field : from.fields) {
    call.head.fields.push_back({rest.substr(0, field.name.size()), rest.substr(field.name.size(), field.value.size())});
    rest.remove_prefix(field.name.size() + field.value.size());
  }
}

// The same hard filters as for the request itself: what it may not see, its shadow may not either.
bool may_see(const Snapshot& snapshot, const LiveState& live, std::uint32_t route, std::uint32_t target,
             const api::RequestFacts& facts) {
  const routing::RouteTable& table = snapshot.routes();
  const auto& rules = table.routes()[route].rules;
  const ServingView view(snapshot, live, SteadyClock::now());
  policies::Option option;
  option.traits = &table.traits()[target];
  option.status = view.status(target);
  const std::uint64_t reserved = facts.max_output_tokens.value_or(rules.config->context.default_output);
  policies::estimate(facts, rules, reserved, option);
  return !policies::ruled_out({facts, rules, table.labels_required(facts.labels), reserved}, option);
}

resilience::AttemptReport report_of(const Attempt& attempt, const Result<void>& result) {
  resilience::AttemptReport report;
  report.key = attempt.key();
  report.elapsed = to_seconds(SteadyClock::now() - attempt.began_at());
  report.retry_after = attempt.retry_after();
  report.fault = judge(attempt, result, false).fault;
  return report;
}

}  // namespace

std::unique_ptr<ShadowCall> make_shadow(WorkerState& state, std::shared_ptr<const Snapshot> snapshot, std::uint32_t route,
                                        const ClientRequest& request, const api::RequestFacts& facts) {
  const routing::CompiledRoute& compiled = snapshot->routes().routes()[route];
  const config::Shadow& rules = *compiled.config->shadow;
  if (compiled.shadow.empty() || request.body.size() > kLargestBody || state.random.unit() >= rules.share) return nullptr;
  const std::uint32_t target = compiled.shadow[state.random.next() % compiled.shadow.size()];
  if (!may_see(*snapshot, state.shared.live, route, target, facts)) return nullptr;
  auto& in_flight = snapshot->route(route).live->shadows;
  Slot slot(in_flight);
  if (in_flight.fetch_add(1, std::memory_order_relaxed) >= rules.max_in_flight) return nullptr;

  auto call = std::make_unique<ShadowCall>(std::move(snapshot), std::move(slot), state.worker.deadlines());
  call->route = route;
  call->target = target;
  call->expected_tokens = facts.input_tokens + facts.max_output_tokens.value_or(0);
  call->body = Buffer(request.body.size());
  std::memcpy(call->body.data(), request.body.data(), request.body.size());
  call->path = request.upstream_path;
  copy_fields(*request.head, *call);
  call->request.endpoint = request.endpoint;
  call->request.head = &call->head;
  call->request.upstream_path = call->path;
  call->request.body = call->body.view(0, request.body.size());
  call->request.id = request.id;
  call->request.received = SteadyClock::now();
  call->request.scan = request.scan;
  call->request.cuts = request.cuts;
  return call;
}

net::Task<void> run_shadow(WorkerState& state, std::unique_ptr<ShadowCall> call) {
  const TargetRuntime& target = call->snapshot->target(call->target);
  HealthClaim claim(*target.health, target.health->enter(SteadyClock::now(), call->expected_tokens, false));
  if (!claim) co_return;
  const config::Attempts& budget = call->snapshot->routes().routes()[call->route].config->attempts;
  Attempt::Terms terms{budget, call->snapshot->config().limits, call->request.received + budget.deadline};
  Attempt attempt(state, call->interrupt, call->request, target, std::move(terms));
  auto result = co_await attempt.start();
  if (result && attempt.shape() == Attempt::Shape::kEvents) {
    claim.first_token(SteadyClock::now(), to_seconds(attempt.answered_at() - attempt.sent_at()), 0);
  }
  const net::Interrupt::Scope waiting(call->interrupt, attempt.connected() ? &attempt.stream() : nullptr);
  while (result && !attempt.done()) {
    attempt.consume_ready();
    call->interrupt.arm(SteadyClock::now() + budget.idle_timeout);
    result = co_await attempt.read_more();
  }
  call->interrupt.clear_timer();
  if (result) attempt.finish();
  claim.leave(SteadyClock::now(), report_of(attempt, result));
  const auto outcome = result ? telemetry::AttemptOutcome::kSuccess
                              : telemetry::attempt_outcome(result.error().kind, attempt.status());
  state.shard.route(call->snapshot->route(call->route).metrics).shadows.add(outcome);
}

void Pipeline::send_shadow() {
  if (!route().shadow) return;
  auto call = make_shadow(state_, snapshot_, plan_.route, request_, built_.facts);
  if (call) net::spawn(run_shadow(state_, std::move(call)));
}

}  // namespace fluxgate::gateway
