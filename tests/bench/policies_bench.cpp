// What policies cost per plan of a route with ten targets: estimates and filters, each order with each balance,
// exploration. The budget of a whole plan is 3 microseconds of CPU, facts and routing included; of these some 2 are
// for this room. Every round starts from the same options in the order of the file; `copy` is what setting them back
// costs and is in every other figure too.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <string>

#include "fluxgate/policies/estimates.hpp"
#include "fluxgate/policies/exploration.hpp"
#include "fluxgate/policies/filters.hpp"

namespace fluxgate::policies {
namespace {

constexpr std::size_t kTargets = 10;

struct Bench {
  config::Route route;
  RouteRules rules;
  api::RequestFacts facts;
  std::array<Traits, kTargets> traits;
  Options options;
  Random random{1};

  Bench() {
    rules.config = &route;
    rules.quality.assign(5, std::vector<double>(kTargets, 0.8));
    route.policy.quality_floor = 0.1;
    facts.input_tokens = 4000;
    facts.max_output_tokens = 1024;
    facts.needs.add(api::Ability::kTools);
    facts.tasks = {{0, 0.6f}, {2, 0.2f}, {3, 0.1f}};
    Random dice(5);
    for (std::uint32_t i = 0; i < kTargets; ++i) {
      Traits& made = traits[i];
      made.index = i;
      made.hash = dice.next();
      made.weight = 1 + i % 3;
      made.price = config::Price{1 + dice.unit(), 4 + dice.unit(), 0.1, {}};
      made.context_window = 128000;
      made.max_output_tokens = 16384;
      for (auto& row : rules.quality) row[i] = 0.8 + 0.1 * dice.unit();
      Option& option = options.emplace_back();
      option.traits = &made;
      option.status.samples = 50;
      option.status.ttft = 0.3 + dice.unit();
      option.status.prefill = 1e-5;
      option.status.tpot = 0.01 + 0.01 * dice.unit();
      option.status.pending = i;
      option.status.pending_tokens = dice.next() % 20000;
      option.status.cached_share = 0.3 * dice.unit();
      option.status.output_median = 200 + 100 * dice.unit();
      option.status.output_p95 = 900;
      option.cell.good = 40 * dice.unit();
      option.cell.underpowered = 10 * dice.unit();
    }
  }

  void estimate_all() {
    for (Option& option : options) estimate(facts, rules, 1024, option);
  }
};

void set_back(Options& options, const Options& from) { std::copy(from.begin(), from.end(), options.begin()); }

void copy(benchmark::State& state) {
  Bench bench;
  Options options = bench.options;
  for (auto _ : state) {
    set_back(options, bench.options);
    benchmark::DoNotOptimize(options.data());
  }
}
BENCHMARK(copy);

void estimates_and_filters(benchmark::State& state) {
  Bench bench;
  std::size_t out = 0;
  for (auto _ : state) {
    for (Option& option : bench.options) {
      estimate(bench.facts, bench.rules, 1024, option);
      out += ruled_out({bench.facts, bench.rules, 0, 1024}, option).has_value() ? 1 : 0;
    }
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(estimates_and_filters);

// Range 0: config::OrderBy; range 1: config::Balance. `near` takes in most options, so that balances have something to
// do.
void order_and_balance(benchmark::State& state) {
  Bench bench;
  bench.route.policy.order_by = static_cast<config::OrderBy>(state.range(0));
  const auto kind = static_cast<config::Balance>(state.range(1));
  bench.route.policy.near = 0.5;
  bench.estimate_all();
  Options options = bench.options;
  std::uint64_t turn = 0;
  for (auto _ : state) {
    bench.facts.session = bench.facts.prefix = bench.random.next();
    set_back(options, bench.options);
    const Ordered ordered = order({bench.facts, bench.rules}, options, bench.random);
    const Pick pick = pick_first({bench.facts, bench.rules}, ordered, kind, {bench.facts, turn++},
                                 {options.data(), options.size()}, bench.random);
    benchmark::DoNotOptimize(pick.index);
  }
}

void register_all() {
  static constexpr const char* kOrders[] = {"listed", "cost", "latency", "quality", "weighted", "adaptive"};
  static constexpr const char* kBalances[] = {"ordered", "weighted", "round_robin", "least_outstanding",
                                              "p2c",     "session",  "prefix"};
  for (int by = 0; by < 6; ++by) {
    // Adaptive has one best, so that there is nothing to balance.
    for (int kind = 0; kind < (by == 5 ? 1 : 7); ++kind) {
      const std::string name = std::string(kOrders[by]) + "+" + kBalances[kind];
      benchmark::RegisterBenchmark(name.c_str(), order_and_balance)->Args({by, kind});
    }
  }
}

// Only with the decision log or explain.
void adaptive_with_propensity(benchmark::State& state) {
  Bench bench;
  bench.route.policy.order_by = config::OrderBy::kAdaptive;
  bench.estimate_all();
  Options options = bench.options;
  for (auto _ : state) {
    bench.facts.session = bench.random.next();
    set_back(options, bench.options);
    benchmark::DoNotOptimize(order({bench.facts, bench.rules, true}, options, bench.random).propensity);
  }
}
BENCHMARK(adaptive_with_propensity);

void round_robin_longest_cycle(benchmark::State& state) {
  Bench bench;
  for (std::size_t i = 0; i < kTargets; ++i) bench.traits[i].weight = i == 0 ? 46 : 2;
  bench.traits[1].weight = 1;
  std::uint64_t turn = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        balance_round_robin({bench.facts, turn++}, {bench.options.data(), bench.options.size()}).index);
  }
}
BENCHMARK(round_robin_longest_cycle);

}  // namespace
}  // namespace fluxgate::policies

int main(int argc, char** argv) {
  fluxgate::policies::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
