#include "planner.hpp"

#include <algorithm>

#include "fluxgate/policies/balances.hpp"
#include "fluxgate/policies/estimates.hpp"
#include "fluxgate/policies/experiments.hpp"
#include "fluxgate/policies/exploration.hpp"
#include "fluxgate/policies/orders.hpp"

namespace fluxgate::routing {
namespace {

bool is_health(api::RejectCode code) {
  return code == api::RejectCode::kGate || code == api::RejectCode::kHeadroom || code == api::RejectCode::kConcurrency;
}

// A cap that the operator set holds even when health is lifted; what was learned from 429s does not.
bool at_hard_cap(const policies::Option& option) {
  return option.status.hard_cap != 0 && option.status.pending >= option.status.hard_cap;
}

std::uint64_t reserved_output(const api::RequestFacts& facts, const config::Route& route) {
  return facts.max_output_tokens.value_or(route.context.default_output);
}

}  // namespace

Planner::Planner(const RouteTable& table, const CompiledRoute& route, const api::RequestFacts& facts,
                 const api::LiveView& live, std::uint64_t seed, bool with_propensity)
    : table_(table),
      route_(route),
      facts_(facts),
      live_(live),
      index_(static_cast<std::uint32_t>(&route - table.routes().data())),
      random_(seed),
      with_propensity_(with_propensity),
      filter_{facts, route.rules, table.labels_required(facts.labels), reserved_output(facts, *route.config)} {
  plan_.route = index_;
  plan_.seed = seed;
  plan_.attempts = &route.config->attempts;
  plan_.tries_per_target = 1 + route.config->retries.value_or(0);
}

api::RoutePlan Planner::plan() && {
  const auto& targets = choose_targets();
  policies::Options options = admit(targets, false);
  if (!options.empty()) rank(std::move(options));
  add_fallbacks(false);
  const bool unwell = std::any_of(plan_.rejected.begin(), plan_.rejected.end(),
                                  [](const api::Rejected& rejected) { return is_health(rejected.code); });
  if (plan_.candidates.empty() && unwell && route_.config->on_exhausted == config::OnExhausted::kLeastBad) {
    plan_.rejected.clear();
    plan_.least_bad = true;
    pool_ = api::ChosenBy::kLeastBad;
    options = admit(targets, true);
    if (!options.empty()) rank(std::move(options));
    add_fallbacks(true);
  }
  if (plan_.candidates.empty()) note_largest_fit();
  return std::move(plan_);
}

// The route's own targets, or those of the experiment or canary that this request belongs to.
const std::vector<std::uint32_t>& Planner::choose_targets() {
  if (route_.config->experiment) {
    const int variant = policies::choose_variant(*route_.config->experiment, facts_, plan_.seed);
    plan_.variant = static_cast<std::int16_t>(variant);
    if (variant >= 0) {
      pool_ = api::ChosenBy::kExperiment;
      return route_.variants[static_cast<std::size_t>(variant)];
    }
  }
  if (route_.config->canary && policies::in_canary(live_.canary_share(index_), facts_, plan_.seed)) {
    plan_.canary = true;
    pool_ = api::ChosenBy::kCanary;
    return route_.canary;
  }
  return route_.targets;
}

policies::Option Planner::option(std::uint32_t target) const {
  policies::Option option;
  option.traits = &table_.traits()[target];
  option.status = live_.status(target);
  if (route_.config->policy.order_by == config::OrderBy::kAdaptive) {
    option.cell = live_.cell(index_, facts_.top_task(), target);
  }
  if (route_.estimates || with_propensity_) policies::estimate(facts_, route_.rules, filter_.reserved_output, option);
  return option;
}

policies::Options Planner::admit(const std::vector<std::uint32_t>& targets, bool lift_health) {
  policies::Options admitted;
  for (const std::uint32_t target : targets) {
    policies::Option candidate = option(target);
    auto rejected = policies::ruled_out(filter_, candidate, lift_health);
    if (!rejected && lift_health && at_hard_cap(candidate)) {
      rejected = api::Rejected{target, api::RejectCode::kConcurrency, static_cast<double>(candidate.status.pending + 1),
                               static_cast<double>(candidate.status.hard_cap), 0};
    }
    if (rejected) {
      plan_.rejected.push_back(*rejected);
    } else {
      admitted.push_back(std::move(candidate));
    }
  }
  return admitted;
}

void Planner::rank(policies::Options options) {
  policies::OrderInput input{facts_, route_.rules, with_propensity_, !plan_.least_bad};
  const policies::Ordered ordered = policies::order(input, options, random_);
  const policies::BalanceInput balance_input{facts_, live_.turn(index_)};
  const auto kind = route_.config->balance;
  const policies::Pick first = policies::pick_first(input, ordered, kind, balance_input, options, random_);
  const bool among_equals = first.index < ordered.equals;
  take(options, 0, first.index, first.chosen, first.propensity);
  // The balance goes on among the remaining equals, so that those who take over from a failed target are spread too.
  std::size_t equals = ordered.equals - (among_equals ? 1 : 0);
  for (std::size_t next = 1; next < options.size(); ++next) {
    std::size_t index = next;
    api::ChosenBy chosen = api::ChosenBy::kRank;
    if (equals > 1 && next < plan_.attempts->max) {
      const std::span<const policies::Option> peers(options.data() + next, equals);
      const policies::Pick pick = policies::balance(kind, balance_input, peers, random_);
      index += pick.index;
      chosen = pick.chosen;
    }
    take(options, next, index, chosen, 0);
    if (equals > 0) --equals;
  }
}

// Puts the option at `index` to `next` and into the plan. Rotated, not swapped: those not picked keep their order.
void Planner::take(policies::Options& options, std::size_t next, std::size_t index, api::ChosenBy chosen, double propensity) {
  const auto at = [&](std::size_t i) { return options.begin() + static_cast<std::ptrdiff_t>(i); };
  std::rotate(at(next), at(index), at(index + 1));
  add(options[next], chosen, propensity);
}

void Planner::add(const policies::Option& option, api::ChosenBy chosen, double propensity) {
  api::Candidate candidate;
  candidate.target = option.traits->index;
  candidate.chosen = pool_ == api::ChosenBy::kOrder ? chosen : pool_;
  candidate.propensity = propensity;
  candidate.score = option.score;
  candidate.estimate = option.estimate;
  candidate.terms = option.terms;
  plan_.candidates.push_back(candidate);
}

// In the order of the file. A request of a variant or the canary falls back on the route's own targets first: an
// experiment must not cost an answer.
void Planner::add_fallbacks(bool lift_health) {
  const auto listed = [this](std::uint32_t target) {
    const auto same = [target](const auto& item) { return item.target == target; };
    return std::any_of(plan_.candidates.begin(), plan_.candidates.end(), same) ||
           std::any_of(plan_.rejected.begin(), plan_.rejected.end(), same);
  };
  const auto append = [&](const std::vector<std::uint32_t>& targets) {
    for (const std::uint32_t target : targets) {
      if (listed(target)) continue;
      for (const policies::Option& option : admit({target}, lift_health)) {
        add(option, api::ChosenBy::kFallback, plan_.candidates.empty() ? 1 : 0);
        plan_.candidates.back().chosen = plan_.least_bad ? api::ChosenBy::kLeastBad : api::ChosenBy::kFallback;
      }
    }
  };
  if (plan_.variant >= 0 || plan_.canary) append(route_.targets);
  append(route_.fallback);
}

// If it was only the window that ruled targets out, how much input the largest one has room for.
void Planner::note_largest_fit() {
  for (const api::Rejected& rejected : plan_.rejected) {
    if (rejected.code != api::RejectCode::kContext) continue;
    // What is needed holds the answer and a margin too, so only the excess tells.
    const double room = facts_.input_tokens - (rejected.needed - rejected.available);
    plan_.largest_fit = std::max(plan_.largest_fit.value_or(0), static_cast<std::uint32_t>(std::max(0.0, room)));
  }
}

Result<api::RoutePlan> RouteTable::plan(const api::RequestFacts& facts, const api::LiveView& live, std::uint64_t seed,
                                        bool with_propensity) const {
  const CompiledRoute* route = match(facts);
  if (route == nullptr) {
    return client_error(ErrorKind::kModelNotFound, "The model '" + std::string(facts.model) + "' does not exist: no route takes it")
        .with_param("model");
  }
  return Planner(*this, *route, facts, live, seed, with_propensity || !config_.decision_log.file.empty()).plan();
}

}  // namespace fluxgate::routing
