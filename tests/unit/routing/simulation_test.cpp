// Behaviour over time, on a virtual clock with fixed seeds: the shapes that the policies promise. Each test prints its
// table, so that a change of behaviour is seen and not only its passing.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "fluxgate/base/random.hpp"
#include "fluxgate/routing/simulation.hpp"
#include "routing_test_support.hpp"

namespace fluxgate::routing {
namespace {

config::Config targets_of(std::size_t count, config::Balance balance) {
  config::Config config;
  config.providers.resize(1);
  config.providers[0].name = "p";
  config::Route route;
  route.name = "r";
  route.match.models = {"m"};
  route.balance = balance;
  for (std::size_t i = 0; i < count; ++i) {
    config::Target target;
    target.name = std::string("t") + std::to_string(i);
    target.provider = "p";
    target.model = "model";
    config.targets.push_back(target);
    route.targets.push_back(target.name);
  }
  config.routes = {route};
  return config;
}

std::vector<Arrival> poisson(double rate, double seconds, std::uint64_t seed, std::uint64_t prefixes = 0) {
  Random random(seed);
  std::vector<Arrival> arrivals;
  for (double at = 0;;) {
    at -= std::log(1 - random.unit()) / rate;
    if (at >= seconds) return arrivals;
    Arrival& arrival = arrivals.emplace_back();
    arrival.at = at;
    arrival.model = "m";
    arrival.input_tokens = 200 + static_cast<std::uint32_t>(random.next() % 600);
    arrival.output_tokens = 50 + static_cast<std::uint32_t>(random.next() % 100);
    if (prefixes > 0) arrival.prefix = 1 + random.next() % prefixes;
  }
}

// Slots enough that only a target's own behaviour tells, not a queue.
void without_queues(const config::Config& config, Scenario& scenario) {
  for (const auto& target : config.targets) scenario.targets[target.name].slots = 5000;
}

void show(const char* what, const config::Config& config, const SimulationReport& report) {
  std::cout << "---- " << what << "\n";
  print_report(std::cout, config, report);
}

TEST(Simulation, P2cShedsATargetThatBecomesTenTimesSlower) {
  const auto config = targets_of(4, config::Balance::kP2c);
  Scenario scenario;
  scenario.arrivals = poisson(40, 240, 11);
  without_queues(config, scenario);
  scenario.targets["t0"].phases = {{60, 1000, 10, 0, 1, 0}};
  const auto report = simulate(config, scenario);
  show("p2c with peak-EWMA, t0 ten times slower from 60 s on", config, report);
  constexpr double kTau = 30;  // of the time to first token
  const double before = report.share(0, 20, 60);
  const double after = report.share(0, 60 + 2 * kTau, 240);
  std::cout << "share of t0 before " << before << ", after two time constants " << after << "\n";
  EXPECT_NEAR(before, 0.25, 0.06);
  EXPECT_LT(after, 0.08) << "shed";
  EXPECT_GT(after, 0) << "and still looked at now and then";
}

TEST(Simulation, AStormOf429StaysWithinTheRetryBudget) {
  auto config = targets_of(3, config::Balance::kWeighted);
  Scenario scenario;
  scenario.arrivals = poisson(100, 60, 12);
  without_queues(config, scenario);
  for (const auto& target : config.targets) scenario.targets[target.name].phases = {{10, 40, 1, 429, 0.9, 0}};
  const auto report = simulate(config, scenario);
  show("429 on every target for 30 s, retry budget 20 % and 1 a second", config, report);
  // 20 % of all requests, and the reserve of a second's worth for each second (and of the ten before the first).
  const double allowed = 0.2 * static_cast<double>(report.requests) + 60 + 10;
  EXPECT_LE(static_cast<double>(report.extra_attempts()), allowed);
  EXPECT_GT(report.budget_refusals, 0U) << "the storm was larger than the budget";
  EXPECT_GT(report.extra_attempts(), 100U) << "and the budget was used";
}

TEST(Simulation, LeastOutstandingStaysEvenOnEqualTargets) {
  const auto config = targets_of(4, config::Balance::kLeastOutstanding);
  Scenario scenario;
  scenario.arrivals = poisson(80, 120, 13);
  without_queues(config, scenario);
  const auto report = simulate(config, scenario);
  show("least outstanding tokens on four equal targets", config, report);
  for (std::uint32_t target = 0; target < 4; ++target) EXPECT_NEAR(report.share(target, 0, 120), 0.25, 0.05 * 0.25) << target;
}

TEST(Simulation, PrefixAffinityBeatsRandomOnTimeToFirstToken) {
  Scenario scenario;
  scenario.arrivals = poisson(30, 240, 14, 40);  // 40 prompt beginnings over four targets that remember 12 each
  for (Arrival& arrival : scenario.arrivals) arrival.input_tokens = 8000;
  for (int i = 0; i < 4; ++i) {
    auto& target = scenario.targets["t" + std::to_string(i)];
    target.cached_prefixes = 12;
    target.per_token = 1e-4;
    target.slots = 64;
  }
  const auto random = targets_of(4, config::Balance::kWeighted);
  const auto affine = targets_of(4, config::Balance::kPrefix);
  const auto at_random = simulate(random, scenario);
  const auto by_prefix = simulate(affine, scenario);
  show("8,000-token prompts with 40 beginnings, at random", random, at_random);
  show("the same by prefix", affine, by_prefix);
  EXPECT_LT(by_prefix.ttft(0.5), 0.6 * at_random.ttft(0.5));
}

TEST(Simulation, TheBreakerSendsOneProbeAtATime) {
  auto config = targets_of(2, config::Balance::kWeighted);
  config.breaker.backoff = std::chrono::seconds(5);
  config.breaker.max_backoff = std::chrono::seconds(5);
  Scenario scenario;
  scenario.arrivals = poisson(200, 60, 15);
  without_queues(config, scenario);
  scenario.targets["t0"].phases = {{5, 30, 1, 503, 1, 0}};
  const auto report = simulate(config, scenario);
  show("t0 answers 503 from 5 to 30 s, 200 requests a second", config, report);
  std::vector<double> probes;
  std::size_t others = 0;  // attempts at t0 while it was down, beyond those that tripped the breaker
  for (const SimulatedAttempt& attempt : report.attempts) {
    if (attempt.target != 0 || attempt.at < 5) continue;
    if (attempt.probe) probes.push_back(attempt.at);
    else if (attempt.at > 6 && attempt.at < 30) ++others;
  }
  EXPECT_EQ(others, 0U) << "while it is shut nobody but a probe goes there";
  ASSERT_FALSE(probes.empty());
  EXPECT_LE(probes.size(), 12U);
  for (std::size_t i = 1; i < probes.size(); ++i) EXPECT_GE(probes[i] - probes[i - 1], 2.5) << "one for each backoff";
  EXPECT_NEAR(report.share(0, 45, 60), 0.5, 0.05) << "and it is back";
}

TEST(Simulation, IsDeterministic) {
  const auto config = targets_of(3, config::Balance::kP2c);
  Scenario scenario;
  scenario.arrivals = poisson(20, 20, 16);
  const auto one = simulate(config, scenario);
  const auto two = simulate(config, scenario);
  ASSERT_EQ(one.attempts.size(), two.attempts.size());
  for (std::size_t i = 0; i < one.attempts.size(); ++i) {
    EXPECT_EQ(one.attempts[i].target, two.attempts[i].target);
    EXPECT_EQ(one.attempts[i].ttft, two.attempts[i].ttft);
  }
}

TEST(Scenario, ReadsAndRefuses) {
  const auto good = parse_scenario(R"({"seed":3,"targets":{"a":{"slots":2,"phases":[{"from":1,"to":2,"status":429}]}},
                                       "traffic":{"model":"m","rate":5,"seconds":10}})");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->targets.at("a").slots, 2U);
  EXPECT_EQ(good->targets.at("a").phases.at(0).status, 429);
  EXPECT_NEAR(static_cast<double>(good->arrivals.size()), 50, 30);
  const auto message = [](std::string_view text) {
    const auto bad = parse_scenario(text);
    return bad ? std::string() : bad.error().message;
  };
  EXPECT_EQ(message("[]"), "a scenario is a JSON object");
  EXPECT_EQ(message("{}"), "traffic: is required");
  EXPECT_EQ(message(R"({"traffic":{"rate":5}})"), "traffic.model: is required");
  EXPECT_EQ(message(R"({"traffic":{"model":"m","rte":5}})"), "traffic.rte: unknown key");
  EXPECT_NE(message(R"({"traffic":{"model":"m"},"targets":{"a":{"phases":[{"share":2}]}}})").find("targets.a.phases[0].share"),
            std::string::npos);
}

}  // namespace
}  // namespace fluxgate::routing
