// What a whole plan costs on a route of ten targets as a worker makes it: matching, the live state of every target read
// under its lock, filters, estimates, order, balance. The aim is 3 microseconds of CPU (docs/performance.md).
#include <benchmark/benchmark.h>

#include <string>

#include "fluxgate/gateway/facts_builder.hpp"
#include "fluxgate/gateway/live_state.hpp"
#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::gateway {
namespace {

constexpr int kTargets = 10;

config::Config make_config(config::OrderBy order_by, config::Balance balance) {
  config::Config config;
  config.providers.resize(1);
  config.providers[0].name = "p";
  config.providers[0].kind = config::ProviderKind::kOpenAiCompatible;
  config.providers[0].base_url = "http://p.test/v1";
  config::Route route;
  route.name = "r";
  route.match.models = {"smart"};
  route.policy.order_by = order_by;
  route.balance = balance;
  for (int i = 0; i < kTargets; ++i) {
    config::Target target;
    target.name = "t" + std::to_string(i);
    target.provider = "p";
    target.model = "m" + std::to_string(i);
    target.price = config::Price{1.0 + i * 0.1, 4, 0.1, {}};
    target.context_window = 128000;
    target.quality = 0.8 + i * 0.01;
    config.targets.push_back(target);
    route.targets.push_back(target.name);
  }
  config.routes = {route};
  return config;
}

void plan(benchmark::State& state, config::OrderBy order_by, config::Balance balance) {
  telemetry::Metrics metrics;
  LiveState live(1);
  const auto snapshot = *Snapshot::make(make_config(order_by, balance), metrics, live, {});
  for (std::uint32_t i = 0; i < kTargets; ++i) {  // something learned, so that every term is computed
    for (int n = 0; n < 30; ++n) {
      auto& health = *snapshot->target(i).health;
      const TimePoint now = SteadyClock::now();
      const resilience::Pass pass = health.enter(now, 1000, false);
      resilience::AttemptReport report;
      report.ttft = 0.2 + 0.01 * i;
      report.tpot = 0.01;
      report.input = 4000;
      report.output = 200;
      health.leave(now, pass, report);
    }
  }
  api::RequestFacts facts;
  facts.model = "smart";
  facts.input_tokens = 4000;
  facts.max_output_tokens = 1024;
  facts.session = 77;
  facts.prefix = 99;
  std::uint64_t seed = 1;
  for (auto _ : state) {
    const ServingView view(*snapshot, live, SteadyClock::now());
    auto made = snapshot->routes().plan(facts, view, seed++);
    benchmark::DoNotOptimize(made);
  }
}

using config::Balance;
using config::OrderBy;
BENCHMARK_CAPTURE(plan, listed_weighted, OrderBy::kListed, Balance::kWeighted);
BENCHMARK_CAPTURE(plan, listed_round_robin, OrderBy::kListed, Balance::kRoundRobin);
BENCHMARK_CAPTURE(plan, listed_p2c, OrderBy::kListed, Balance::kP2c);
BENCHMARK_CAPTURE(plan, listed_least_outstanding, OrderBy::kListed, Balance::kLeastOutstanding);
BENCHMARK_CAPTURE(plan, listed_session, OrderBy::kListed, Balance::kSession);
BENCHMARK_CAPTURE(plan, listed_prefix, OrderBy::kListed, Balance::kPrefix);
BENCHMARK_CAPTURE(plan, cost_p2c, OrderBy::kCost, Balance::kP2c);
BENCHMARK_CAPTURE(plan, latency_p2c, OrderBy::kLatency, Balance::kP2c);
BENCHMARK_CAPTURE(plan, quality_p2c, OrderBy::kQuality, Balance::kP2c);
BENCHMARK_CAPTURE(plan, weighted_p2c, OrderBy::kWeighted, Balance::kP2c);
BENCHMARK_CAPTURE(plan, adaptive, OrderBy::kAdaptive, Balance::kOrdered);

}  // namespace
}  // namespace fluxgate::gateway

BENCHMARK_MAIN();
