#include "live_view.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace fluxgate::app {
namespace {

using nlohmann::json;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array kGates{api::Gate::kOpen, api::Gate::kProbation,   api::Gate::kProbing,
                            api::Gate::kShut, api::Gate::kCooling, api::Gate::kNoCredential};

std::string_view to_string(policies::CanaryState::Stage stage) {
  switch (stage) {
    case policies::CanaryState::Stage::kRunning: return "running";
    case policies::CanaryState::Stage::kPassed: return "passed";
    case policies::CanaryState::Stage::kAborted: return "aborted";
  }
  return "unknown";
}

json target_json(const gateway::TargetRuntime& target, TimePoint now) {
  const api::TargetStatus status = target.health->status(now);
  json out{{"target", target.config->name},
           {"gate", api::to_string(status.gate)},
           {"pending", status.pending},
           {"pending_tokens", status.pending_tokens},
           {"samples", status.samples},
           {"ttft_ms", status.ttft * 1e3},
           {"tpot_ms", status.tpot * 1e3},
           {"failure_rate", status.failure_rate},
           {"headroom", status.headroom},
           {"cached_share", status.cached_share},
           {"output_median", status.output_median},
           {"output_p95", status.output_p95},
           {"input_calibration", status.input_calibration},
           {"breaker_trips", target.health->trips()},
           {"last_trip", resilience::to_string(target.health->last_trip())}};
  if (status.stale) out["stale"] = true;
  if (status.concurrency != 0) out["concurrency_limit"] = status.concurrency;
  return out;
}

json route_json(const gateway::RouteRuntime& route, TimePoint now) {
  json out{{"route", route.live->name()},
           {"plans", route.live->turns.load(std::memory_order_relaxed)},
           {"waiting", route.live->waiting.load(std::memory_order_relaxed)},
           {"shadows", route.live->shadows.load(std::memory_order_relaxed)},
           {"retry_budget", route.budget->balance(now)}};
  if (const auto canary = route.live->canary()) {
    out["canary"] = {{"stage", to_string(canary->stage)}, {"share", canary->share}};
    if (!canary->reason.empty()) out["canary"]["reason"] = canary->reason;
  }
  return out;
}

class Gauges {
 public:
  Gauges(std::string name, std::string help, MetricType type = MetricType::Gauge) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }
  void add(std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
  }
  MetricFamily take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

void add_targets(const gateway::Snapshot& snapshot, std::vector<MetricFamily>& families) {
  Gauges gate("fluxgate_target_gate", "1 for the state a target is in: open, or why it takes no requests.");
  Gauges pending("fluxgate_target_pending_requests", "Requests in flight at a target.");
  Gauges tokens("fluxgate_target_pending_tokens", "Their tokens, input and expected output.");
  Gauges limit("fluxgate_target_concurrency_limit", "How many may be in flight now; absent: no limit.");
  Gauges ttft("fluxgate_target_ttft_estimate_seconds", "Peak-EWMA of the time to first token, less the prompt's part.");
  Gauges failures("fluxgate_target_failure_ratio", "Share of the last 10 s that failed or met a 429.");
  Gauges trips("fluxgate_breaker_trips_total", "How often a target's breaker has opened.", MetricType::Counter);
  const TimePoint now = SteadyClock::now();
  for (std::uint32_t i = 0; i < snapshot.config().targets.size(); ++i) {
    const gateway::TargetRuntime& target = snapshot.target(i);
    const api::TargetStatus status = target.health->status(now);
    const std::string& name = target.config->name;
    for (const api::Gate state : kGates) {
      gate.add({{"target", name}, {"gate", std::string(api::to_string(state))}}, status.gate == state ? 1 : 0);
    }
    pending.add({{"target", name}}, status.pending);
    tokens.add({{"target", name}}, static_cast<double>(status.pending_tokens));
    if (status.concurrency != 0) limit.add({{"target", name}}, status.concurrency);
    ttft.add({{"target", name}}, status.ttft);
    failures.add({{"target", name}}, status.failure_rate);
    trips.add({{"target", name}}, static_cast<double>(target.health->trips()));
  }
  for (Gauges* family : {&gate, &pending, &tokens, &limit, &ttft, &failures, &trips}) families.push_back(family->take());
}

void add_routes(const gateway::Snapshot& snapshot, std::vector<MetricFamily>& families) {
  Gauges budget("fluxgate_retry_budget", "Further attempts a route may make now.");
  Gauges waiting("fluxgate_route_waiting_requests", "Requests waiting for room (on_exhausted: queue).");
  Gauges share("fluxgate_canary_share", "Share of a route's requests its canary gets now; 0 once it was aborted.");
  const TimePoint now = SteadyClock::now();
  for (std::uint32_t i = 0; i < snapshot.config().routes.size(); ++i) {
    const gateway::RouteRuntime& route = snapshot.route(i);
    budget.add({{"route", route.live->name()}}, route.budget->balance(now));
    waiting.add({{"route", route.live->name()}}, static_cast<double>(route.live->waiting.load(std::memory_order_relaxed)));
    if (const auto canary = route.live->canary()) share.add({{"route", route.live->name()}}, canary->share);
  }
  for (Gauges* family : {&budget, &waiting, &share}) families.push_back(family->take());
}

}  // namespace

std::string status_json(const gateway::Snapshot& snapshot) {
  const TimePoint now = SteadyClock::now();
  json out{{"config_version", snapshot.version()}, {"targets", json::array()}, {"routes", json::array()}};
  for (std::uint32_t i = 0; i < snapshot.config().targets.size(); ++i) out["targets"].push_back(target_json(snapshot.target(i), now));
  for (std::uint32_t i = 0; i < snapshot.config().routes.size(); ++i) out["routes"].push_back(route_json(snapshot.route(i), now));
  return out.dump() + "\n";
}

std::vector<MetricFamily> live_families(const gateway::Snapshot& snapshot) {
  std::vector<MetricFamily> families;
  add_targets(snapshot, families);
  add_routes(snapshot, families);
  // A family without a sample would be a line of help about nothing.
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  return families;
}

}  // namespace fluxgate::app
