// Level 1: plan each logged request on the new table, and compare.
#include "replay.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "fluxgate/policies/estimates.hpp"
#include "fluxgate/base/hash.hpp"

namespace fluxgate::routing {
namespace {

constexpr std::uint64_t kBytesPerToken = 4;

template <class Names>
std::optional<std::size_t> place_of(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// What the log shows of one target.
struct Seen {
  std::vector<double> output;
  std::vector<double> ttft;
  std::vector<double> tpot;
  std::vector<double> input_ratio;  // reported over estimated
  double input = 0;
  double cached = 0;
  std::size_t attempts = 0;
  std::size_t failures = 0;
};

// `decision` was answered by the target that `seen` is about.
void see_answer(Seen& seen, const LoggedDecision& decision) {
  const LoggedOutcome& outcome = decision.outcome;
  if (outcome.output_tokens) seen.output.push_back(static_cast<double>(*outcome.output_tokens));
  if (!outcome.input_tokens) return;
  const auto input = static_cast<double>(*outcome.input_tokens);
  seen.input += input;
  seen.cached += static_cast<double>(outcome.cached_tokens.value_or(0));
  if (decision.facts.input_tokens > 0 && !decision.facts.tokens_exact)
    seen.input_ratio.push_back(input / decision.facts.input_tokens);
}

void see_attempt(Seen& seen, const LoggedDecision& decision, const LoggedAttempt& attempt) {
  ++seen.attempts;
  const bool good = attempt.status >= 200 && attempt.status < 300;
  if (!good) ++seen.failures;
  if (attempt.ttft <= 0) return;
  seen.ttft.push_back(attempt.ttft);
  const double output = static_cast<double>(decision.outcome.output_tokens.value_or(0));
  const bool served = decision.outcome.served == attempt.target;
  if (served && output > 1 && attempt.elapsed > attempt.ttft)
    seen.tpot.push_back((attempt.elapsed - attempt.ttft) / (output - 1));
}

api::TargetStatus status_of(Seen seen) {
  api::TargetStatus status;
  status.samples = static_cast<std::uint32_t>(std::min<std::size_t>(seen.attempts - seen.failures, 1'000'000));
  status.ttft = quantile(seen.ttft, 0.5);
  status.tpot = quantile(seen.tpot, 0.5);
  status.output_median = quantile(seen.output, 0.5);
  status.output_p95 = quantile(seen.output, 0.95);
  if (seen.input > 0) status.cached_share = std::min(1.0, seen.cached / seen.input);
  if (!seen.input_ratio.empty()) status.input_calibration = quantile(seen.input_ratio, 0.5);
  if (seen.attempts > 0) status.failure_rate = static_cast<double>(seen.failures) / static_cast<double>(seen.attempts);
  return status;
}

// Where no route needed to count, as reported by whoever answered; else by the size of the body.
std::uint32_t tokens_of(const LoggedDecision& decision) {
  const std::uint64_t tokens = decision.outcome.input_tokens.value_or(decision.facts.body_bytes / kBytesPerToken);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens, 1u << 30));
}

// " <what> <ours> against <theirs>", if both are known and differ.
std::string compared(std::string_view what, double ours, double theirs) {
  if (std::isnan(ours) || std::isnan(theirs) || ours == theirs) return {};
  std::ostringstream text;
  text << ", " << what << " " << std::setprecision(4) << ours << " against " << theirs;
  return text.str();
}

// Why the new plan does not try `from` first.
std::string reason(const RouteTable& table, const Result<api::RoutePlan>& plan, const std::string& from) {
  if (!plan) return "no route takes the request";
  const auto target = target_named(table, from);
  if (!target) return "no such target any more";
  for (const api::Rejected& rejected : plan->rejected) {
    if (rejected.target == *target) return reject_text(table, rejected);
  }
  for (std::size_t i = 0; i < plan->candidates.size(); ++i) {
    const api::Candidate& candidate = plan->candidates[i];
    if (candidate.target != *target) continue;
    const api::Candidate& first = plan->candidates.front();
    return "place " + std::to_string(i + 1) + " (" + std::string(api::to_string(candidate.chosen)) + ")" +
           compared("quality", candidate.estimate.quality, first.estimate.quality) +
           compared("dollars", candidate.estimate.usd, first.estimate.usd) +
           compared("score", candidate.score, first.score);
  }
  return "no target of route '" + table.routes()[plan->route].config->name + "'";
}

class Diff {
 public:
  Diff(const RouteTable& table, LogView& live, const ReplayOptions& options)
      : table_(table), live_(live), options_(options), money_(table, live) {}

  void add(const LoggedDecision& decision) {
    const api::RequestFacts facts = facts_of(decision, table_);
    const auto plan = table_.plan(facts, live_, plan_seed(decision, options_));
    ++diff_.all.rows;
    if (!std::isnan(decision.outcome.usd)) diff_.usd_logged += decision.outcome.usd;
    std::string to;
    if (!plan) {
      ++diff_.no_route;
    } else {
      live_.note(*plan);
      ++route_of(*plan).rows;
      if (plan->candidates.empty()) ++diff_.nobody;
      if (!plan->candidates.empty()) to = table_.config().targets[plan->candidates.front().target].name;
      note_violation(decision, *plan);
      note_money(decision, *plan);
    }
    if (to != decision.pick()) note_change(decision, plan, to);
  }

  DecisionDiff take() && { return std::move(diff_); }

 private:
  Share& route_of(const api::RoutePlan& plan) { return diff_.routes[table_.routes()[plan.route].config->name]; }

  void note_change(const LoggedDecision& decision, const Result<api::RoutePlan>& plan, const std::string& to) {
    ++diff_.all.changed;
    if (plan) ++route_of(*plan).changed;
    ++diff_.moves[{decision.pick(), to}];
    if (diff_.samples.size() >= options_.samples) return;
    diff_.samples.push_back({decision.id, decision.pick(), to, reason(table_, plan, decision.pick())});
  }

  void note_violation(const LoggedDecision& decision, const api::RoutePlan& plan) {
    const auto logged = target_named(table_, decision.pick());
    if (!logged) return;
    for (const api::Rejected& rejected : plan.rejected) {
      if (rejected.target == *logged) ++diff_.violations[std::string(api::to_string(rejected.code))];
    }
  }

  void note_money(const LoggedDecision& decision, const api::RoutePlan& plan) {
    const auto logged = target_named(table_, decision.pick());
    if (!logged || plan.candidates.empty()) return;
    const double before = money_.of(decision, *logged);
    const double after = money_.of(decision, plan.candidates.front().target);
    if (std::isnan(before) || std::isnan(after)) return;
    ++diff_.priced;
    diff_.usd_old += before;
    diff_.usd_new += after;
  }

  const RouteTable& table_;
  LogView& live_;
  const ReplayOptions& options_;
  LoggedMoney money_;
  DecisionDiff diff_;
};

}  // namespace

// ---- a logged request on another table
// ---------------------------------------------------------------------------------

std::optional<std::uint32_t> target_named(const RouteTable& table, std::string_view name) {
  for (const policies::Traits& traits : table.traits()) {
    if (traits.name == name) return traits.index;
  }
  return std::nullopt;
}

std::uint64_t plan_seed(const LoggedDecision& decision, const ReplayOptions& options) {
  return options.seed ? combine_hashes(*options.seed, decision.line) : decision.seed;
}

api::RequestFacts facts_of(const LoggedDecision& decision, const RouteTable& table) {
  api::RequestFacts facts = decision.facts;
  facts.model = decision.model;
  if (facts.input_tokens == 0) facts.input_tokens = tokens_of(decision);
  for (const LoggedTask& task : decision.tasks) {
    const auto index = place_of(table.vocabulary().tasks, task.name);
    if (index) facts.tasks.push_back({static_cast<std::uint16_t>(*index), task.probability});
  }
  if (facts.tasks.empty()) facts.task_source = api::TaskSource::kNone;
  for (const std::string& label : decision.labels) {
    const auto bit = place_of(table.vocabulary().sensitivity_labels, label);
    if (bit && *bit < 64) facts.labels |= std::uint64_t{1} << *bit;
  }
  for (std::size_t i = 0; i < table.header_conditions().size(); ++i) {
    const HeaderCondition& condition = table.header_conditions()[i];
    if (place_of(decision.headers, condition.name + ": " + condition.value))
      facts.header_matches |= std::uint64_t{1} << i;
  }
  return facts;
}

double LoggedMoney::of(const LoggedDecision& decision, std::uint32_t target) const {
  const policies::Traits& traits = table_.traits()[target];
  const LoggedOutcome& outcome = decision.outcome;
  const double input = static_cast<double>(outcome.input_tokens.value_or(decision.facts.input_tokens));
  if (!traits.price || input <= 0) return api::kUnknown;
  const bool same = outcome.served == traits.name;
  const double median = live_.status(target).output_median;
  double output = static_cast<double>(outcome.output_tokens.value_or(0));
  if (!(same && outcome.output_tokens) && median > 0) output = median;
  const double cached = same ? static_cast<double>(outcome.cached_tokens.value_or(0)) : 0;
  return policies::money(*traits.price, input, cached, output);
}

// ---- the world as the log shows it
// ---------------------------------------------------------------------------------------

LogView::LogView(const RouteTable& table, const std::vector<LoggedDecision>& decisions)
    : status_(table.traits().size()), turns_(table.routes().size()), canary_share_(table.routes().size()) {
  learn_status(table, decisions);
  learn_cells(table, decisions);
  // A canary of the log goes on at the share it had; one that is new is at its first step.
  for (std::size_t i = 0; i < table.routes().size(); ++i) {
    const config::Route& route = *table.routes()[i].config;
    if (!route.canary) continue;
    const auto of_route = [&](const LoggedDecision& decision) { return decision.route == route.name; };
    const auto of_canary = [&](const LoggedDecision& decision) { return of_route(decision) && decision.canary; };
    const auto all = std::count_if(decisions.begin(), decisions.end(), of_route);
    const auto canary = std::count_if(decisions.begin(), decisions.end(), of_canary);
    if (canary > 0) {
      canary_share_[i] = static_cast<double>(canary) / static_cast<double>(all);
    } else if (!route.canary->steps.empty()) {
      canary_share_[i] = route.canary->steps.front();
    }
  }
}

void LogView::learn_status(const RouteTable& table, const std::vector<LoggedDecision>& decisions) {
  std::vector<Seen> seen(status_.size());
  for (const LoggedDecision& decision : decisions) {
    if (const auto served = target_named(table, decision.outcome.served)) see_answer(seen[*served], decision);
    for (const LoggedAttempt& attempt : decision.attempts) {
      if (const auto target = target_named(table, attempt.target)) see_attempt(seen[*target], decision, attempt);
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i) status_[i] = status_of(std::move(seen[i]));
}

// A score is that much good and the rest underpowered. Only answers of the first choice teach: one that a fallback gave
// says nothing of the choice.
void LogView::learn_cells(const RouteTable& table, const std::vector<LoggedDecision>& decisions) {
  for (const LoggedDecision& decision : decisions) {
    const auto target = target_named(table, decision.outcome.served);
    if (!decision.feedback || !target || decision.outcome.served != decision.pick()) continue;
    const api::RequestFacts facts = facts_of(decision, table);
    const CompiledRoute* route = table.match(facts);
    if (route == nullptr) continue;
    const auto index = static_cast<std::uint32_t>(route - table.routes().data());
    api::QualityCell& cell = cells_[{index, facts.top_task(), *target}];
    cell.good += *decision.feedback;
    cell.underpowered += 1 - *decision.feedback;
  }
}

api::QualityCell LogView::cell(std::uint32_t route, std::uint16_t task, std::uint32_t target) const {
  const auto found = cells_.find({route, task, target});
  return found == cells_.end() ? api::QualityCell() : found->second;
}

// ---- all of it
// -----------------------------------------------------------------------------------------------------------

DecisionDiff decision_diff(const RouteTable& table, const DecisionLog& log, LogView& live,
                           const ReplayOptions& options) {
  Diff diff(table, live, options);
  for (const LoggedDecision& decision : log.decisions) diff.add(decision);
  return std::move(diff).take();
}

LogReplay replay_log(const RouteTable& table, const DecisionLog& log, const ReplayOptions& options) {
  LogView live(table, log.decisions);
  LogReplay replay;
  replay.diff = decision_diff(table, log, live, options);
  replay.value = counterfactual(table, log, live, options);
  return replay;
}

}  // namespace fluxgate::routing
