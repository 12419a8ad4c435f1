// A discrete-event simulation: the real planner, balancers, breakers, budgets and latency estimates on a virtual clock,
// against targets that behave as a script says.
//
// For `fluxgate simulate` and for tests of behaviour over time: how fast load leaves a slow target, how many retries a
// storm makes, whether affinity pays. What is simulated is only the other side: each target is a number of slots that
// serve one request at a time, a time to first token that grows with the prompt tokens it has not cached, a time per
// token, a small cache of prompt beginnings, and phases in which it is slow or fails. No request leaves the process.
// Deterministic for the same configuration, scenario and seed.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::routing {

// From `from` to `to` (seconds of the simulation) a target behaves otherwise.
struct Phase {
  double from = 0;
  double to = 0;
  double slow = 1;          // all its times are multiplied by this
  int status = 0;           // 0: it answers; else it answers this after 50 ms
  double share = 1;         // of requests that fail so
  double retry_after = 0;   // seconds; 0: it does not say
};

struct ScriptedTarget {
  double base_ttft = 0.2;             // seconds
  double per_token = 2e-5;            // seconds for each prompt token that is not cached
  double tpot = 0.02;                 // seconds per token of the answer
  double jitter = 0.2;                // each request's times are multiplied by 1 +- this
  std::size_t slots = 16;             // served at once; more wait
  std::size_t cached_prefixes = 0;    // prompt beginnings it remembers; of a known one 90 % need not be read
  std::vector<Phase> phases;
};

struct Arrival {
  double at = 0;                      // seconds
  std::string model;
  std::uint32_t input_tokens = 500;
  std::uint32_t output_tokens = 100;
  std::uint64_t session = 0;          // as in api::RequestFacts; 0: none
  std::uint64_t prefix = 0;
};

struct Scenario {
  std::map<std::string, ScriptedTarget> targets;  // by name; one that is not named behaves as a fresh ScriptedTarget
  std::vector<Arrival> arrivals;                  // by time
  std::uint64_t seed = 1;
};

// One attempt, in order of its start.
struct SimulatedAttempt {
  double at = 0;
  std::uint32_t target = 0;
  std::size_t number = 1;             // of its request
  int status = 200;
  double ttft = 0;                    // seconds; 0 if it failed
  bool probe = false;                 // it entered a target on probation
};

struct SimulationReport {
  std::vector<SimulatedAttempt> attempts;
  std::size_t requests = 0;
  std::size_t answered = 0;
  std::size_t refused = 0;            // no candidate, or nobody let it in
  std::size_t budget_refusals = 0;    // further attempts the retry budget did not allow

  std::size_t extra_attempts() const { return attempts.size() + refused - requests; }
  // Share of the attempts between two moments that went to a target.
  double share(std::uint32_t target, double from, double to) const;
  // A quantile of the time to first token of answered attempts.
  double ttft(double q) const;
};

// `config` must have passed the loader's checks.
SimulationReport simulate(const config::Config& config, const Scenario& scenario);

// {"seed", "targets": {name: {"base_ttft", "per_token", "tpot", "jitter", "slots", "cached_prefixes",
//   "phases": [{"from", "to", "slow", "status", "share", "retry_after"}]}},
//  "traffic": {"model", "rate", "seconds", "input_tokens", "output_tokens", "sessions", "prefixes"}}
// Times in seconds, arrivals Poisson. Errors are kConfig and name the key.
Result<Scenario> parse_scenario(std::string_view json);

// A table: attempts, shares, failures and times by target, then the totals.
void print_report(std::ostream& out, const config::Config& config, const SimulationReport& report);

}  // namespace fluxgate::routing
