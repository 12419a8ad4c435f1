#include "fluxgate/routing/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <queue>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/base/hash.hpp"
#include "fluxgate/base/random.hpp"
#include "fluxgate/resilience/classify.hpp"
#include "fluxgate/resilience/registry.hpp"
#include "fluxgate/routing/route_table.hpp"
#include "fluxgate/routing/target_traits.hpp"

namespace fluxgate::routing {
namespace {

constexpr double kFailureTime = 0.05;   // seconds until a scripted failure is answered
constexpr double kCachedShare = 0.9;

// Seconds of the simulation as the clock of the code under it. Not near zero: estimates look back.
TimePoint at(double seconds) {
  return TimePoint(std::chrono::hours(1)) + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// The other side of one target.
class Server {
 public:
  Server(const ScriptedTarget& script, std::uint64_t seed) : script_(script), random_(seed) {
    for (std::size_t i = 0; i < std::max<std::size_t>(1, script.slots); ++i) free_at_.push(0);
  }

  struct Answer {
    int status = 200;
    double retry_after = 0;
    double first_token = 0;   // the moment; of a failure the moment of its answer
    double end = 0;
    double tpot = 0;
    double cached = 0;        // tokens
  };
  Answer serve(double now, const Arrival& request) {
    const Phase phase = phase_at(now);
    Answer answer;
    if (phase.status != 0 && random_.unit() < phase.share) {
      answer.status = phase.status;
      answer.retry_after = phase.retry_after;
      answer.first_token = answer.end = now + kFailureTime;
      return answer;
    }
    const double stretch = phase.slow * (1 + script_.jitter * (2 * random_.unit() - 1));
    if (knows(request.prefix)) answer.cached = kCachedShare * request.input_tokens;
    const double start = std::max(now, free_at_.top());
    free_at_.pop();
    answer.tpot = script_.tpot * stretch;
    answer.first_token = start + stretch * (script_.base_ttft + script_.per_token * (request.input_tokens - answer.cached));
    answer.end = answer.first_token + answer.tpot * request.output_tokens;
    free_at_.push(answer.end);
    return answer;
  }

 private:
  Phase phase_at(double now) const {
    for (const Phase& phase : script_.phases) {
      if (now >= phase.from && now < phase.to) return phase;
    }
    return {};
  }

  // Whether the beginning is remembered; it is from now on. The least recently seen one is forgotten.
  bool knows(std::uint64_t prefix) {
    if (prefix == 0 || script_.cached_prefixes == 0) return false;
    const auto found = std::find(prefixes_.begin(), prefixes_.end(), prefix);
    const bool known = found != prefixes_.end();
    if (known) prefixes_.erase(found);
    prefixes_.push_back(prefix);
    if (prefixes_.size() > script_.cached_prefixes) prefixes_.pop_front();
    return known;
  }

  ScriptedTarget script_;
  Random random_;
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at_;  // when each slot is free
  std::deque<std::uint64_t> prefixes_;
};

class Simulation final : public api::LiveView {
 public:
  Simulation(const config::Config& config, const Scenario& scenario)
      : scenario_(scenario), table_(config, compile_traits(config, nullptr)), registry_(scenario.seed),
        health_(registry_.apply(config)), random_(scenario.seed), turns_(config.routes.size(), 0) {
    for (const config::Target& target : config.targets) {
      const auto script = scenario.targets.find(target.name);
      servers_.emplace_back(script == scenario.targets.end() ? ScriptedTarget{} : script->second,
                            hash_text(target.name, scenario.seed));
    }
  }

  SimulationReport run() {
    for (std::size_t i = 0; i < scenario_.arrivals.size(); ++i) {
      schedule(scenario_.arrivals[i].at, [this, i] { arrive(scenario_.arrivals[i]); });
    }
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.when;
      event.what();
    }
    return std::move(report_);
  }

  // ---- what the planner sees ---------------------------------------------------------------------------------------
  api::TargetStatus status(std::uint32_t target) const override { return health_.targets[target]->status(at(now_)); }
  api::QualityCell cell(std::uint32_t, std::uint16_t, std::uint32_t) const override { return {}; }
  std::uint64_t turn(std::uint32_t route) const override { return turns_[route]; }
  double canary_share(std::uint32_t) const override { return 0; }

 private:
  struct Event {
    double when;
    std::uint64_t number;   // equal moments in the order they were scheduled
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };
  // One request on its way.
  struct Call {
    const Arrival* arrival;
    api::RoutePlan plan;
    std::size_t next = 0;      // candidate
    std::size_t attempts = 0;
  };

  void schedule(double when, std::function<void()> what) { events_.push({when, ++scheduled_, std::move(what)}); }

  void arrive(const Arrival& arrival) {
    ++report_.requests;
    api::RequestFacts facts;
    facts.model = arrival.model;
    facts.stream = true;
    facts.input_tokens = arrival.input_tokens;
    facts.tokens_exact = true;
    facts.session = arrival.session;
    facts.prefix = arrival.prefix;
    auto plan = table_.plan(facts, *this, random_.next());
    if (!plan || plan->candidates.empty()) {
      ++report_.refused;
      return;
    }
    ++turns_[plan->route];
    health_.routes[plan->route]->deposit(at(now_));
    auto call = std::make_shared<Call>(Call{&arrival, std::move(plan).value()});
    attempt(call);
    if (call->attempts == 0) ++report_.refused;
  }

  // Asks the next candidate that lets the request in.
  void attempt(const std::shared_ptr<Call>& call) {
    while (call->next < call->plan.candidates.size() && call->attempts < call->plan.attempts->max) {
      const api::Candidate& candidate = call->plan.candidates[call->next++];
      resilience::TargetHealth& health = *health_.targets[candidate.target];
      const bool probe = health.status(at(now_)).gate == api::Gate::kProbation;
      const std::uint64_t tokens = call->arrival->input_tokens + std::uint64_t{call->arrival->output_tokens};
      const resilience::Pass pass = health.enter(at(now_), tokens, call->plan.least_bad);
      if (!pass.entered()) continue;
      if (call->attempts > 0 && !health_.routes[call->plan.route]->withdraw(at(now_))) {
        ++report_.budget_refusals;
        resilience::AttemptReport none;
        none.fault = resilience::Fault::kCancelled;
        health.leave(at(now_), pass, none);
        return;
      }
      ++call->attempts;
      send(call, candidate.target, pass, probe);
      return;
    }
  }

  void send(const std::shared_ptr<Call>& call, std::uint32_t target, resilience::Pass pass, bool probe) {
    const Server::Answer answer = servers_[target].serve(now_, *call->arrival);
    const double began = now_;
    const bool good = answer.status == 200;
    report_.attempts.push_back({began, target, call->attempts, answer.status, good ? answer.first_token - began : 0, probe});
    if (!good) {
      schedule(answer.end, [this, call, target, pass, answer, began] { fail(call, target, pass, answer, began); });
      return;
    }
    ++report_.answered;
    auto shared = std::make_shared<resilience::Pass>(pass);
    const double ttft = answer.first_token - began;
    schedule(answer.first_token, [this, call, target, shared, ttft] {
      health_.targets[target]->first_token(at(now_), *shared, ttft, call->arrival->input_tokens);
    });
    schedule(answer.end, [this, call, target, shared, answer, ttft, began] {
      resilience::AttemptReport report;
      report.ttft = ttft;
      report.tpot = answer.tpot;
      report.elapsed = now_ - began;
      report.input = call->arrival->input_tokens;
      report.cached_input = static_cast<std::uint64_t>(answer.cached);
      report.output = call->arrival->output_tokens;
      health_.targets[target]->leave(at(now_), *shared, report);
    });
  }

  void fail(const std::shared_ptr<Call>& call, std::uint32_t target, const resilience::Pass& pass,
            const Server::Answer& answer, double began) {
    const auto verdict = resilience::classify_status(answer.status, resilience::ErrorClass::kNone, false);
    resilience::AttemptReport report;
    report.fault = verdict.fault;
    report.elapsed = now_ - began;
    if (answer.retry_after > 0) report.retry_after = std::chrono::milliseconds(static_cast<std::int64_t>(answer.retry_after * 1e3));
    health_.targets[target]->leave(at(now_), pass, report);
    if (verdict.next != resilience::NextStep::kStop) attempt(call);
  }

  const Scenario& scenario_;
  RouteTable table_;
  resilience::HealthRegistry registry_;
  resilience::HealthSet health_;
  Random random_;
  std::vector<std::uint64_t> turns_;
  std::deque<Server> servers_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t scheduled_ = 0;
  double now_ = 0;
  SimulationReport report_;
};

}  // namespace

double SimulationReport::share(std::uint32_t target, double from, double to) const {
  std::size_t all = 0;
  std::size_t of_target = 0;
  for (const SimulatedAttempt& attempt : attempts) {
    if (attempt.at < from || attempt.at >= to) continue;
    ++all;
    of_target += attempt.target == target ? 1 : 0;
  }
  return all == 0 ? 0 : static_cast<double>(of_target) / static_cast<double>(all);
}

double SimulationReport::ttft(double q) const {
  std::vector<double> times;
  for (const SimulatedAttempt& attempt : attempts) {
    if (attempt.status == 200) times.push_back(attempt.ttft);
  }
  if (times.empty()) return 0;
  const auto place = static_cast<std::size_t>(q * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(place), times.end());
  return times[place];
}

SimulationReport simulate(const config::Config& config, const Scenario& scenario) { return Simulation(config, scenario).run(); }

}  // namespace fluxgate::routing
