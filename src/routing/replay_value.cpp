// Level 2: how good the answers would have been, from what the log knows of other choices in such cases.
#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <unordered_map>

#include "fluxgate/base/hash.hpp"
#include "replay.hpp"

namespace fluxgate::routing {
namespace {

// Plans of one request from which the chances of a policy that draws are gathered.
constexpr std::uint64_t kDraws = 64;
constexpr double kSure = 1 - 1e-9;
// Share of the new policy's choices that may be without support before the estimate is refused. Above what exploration
// itself needs: a policy that explores 1 % in a way the log does not must not be refused for that alone.
constexpr double kMaxUnsupported = 0.02;

// Answers that say nothing of the choice: what the client did wrong, or that it left.
bool is_clients_own(int status) { return status >= 400 && status < 500 && status != 429; }

std::optional<double> reward_of(const LoggedDecision& decision, Reward kind) {
  const LoggedOutcome& outcome = decision.outcome;
  const bool own = outcome.served == decision.pick();
  if (kind == Reward::kFeedback) return own ? decision.feedback : std::nullopt;
  if (is_clients_own(outcome.status)) return std::nullopt;
  const bool hedged =
      std::any_of(decision.attempts.begin(), decision.attempts.end(), [](const auto& item) { return item.hedge; });
  if (hedged && !own) return std::nullopt;  // it was not the first choice that failed, only slower
  return own && !outcome.aborted && outcome.status >= 200 && outcome.status < 300 ? 1 : 0;
}

// Numbers for names: targets, of the log and of the table, and cells.
class Numbers {
 public:
  std::size_t operator[](const std::string& name) { return numbers_.emplace(name, numbers_.size()).first->second; }
  std::size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
};

struct Chance {
  std::uint32_t target = 0;  // of the table
  double chance = 1;
};

struct Row {
  const LoggedDecision* decision = nullptr;
  std::size_t cell = 0;
  std::size_t fold = 0;
  std::size_t logged = 0;  // number of the logged choice
  double propensity = 1;
  double reward = 0;
  std::vector<Chance> choices;  // of the new policy; empty if it refuses the request, which is worth 0
};

bool is_candidate(const LoggedDecision& decision, std::string_view target) {
  return std::any_of(decision.candidates.begin(), decision.candidates.end(), [&](const LoggedCandidate& candidate) {
    return candidate.target == target && candidate.by != "fallback";
  });
}

// The chance of each choice of the new policy. The plan says the chance of its own pick only, so a policy that draws is
// planned with further seeds, none of them the log's: a seed that both policies draw from would make them agree.
class NewPolicy {
 public:
  NewPolicy(const RouteTable& table, const LogView& live, const ReplayOptions& options)
      : table_(table), live_(live), options_(options) {}

  std::vector<Chance> choices(const LoggedDecision& decision) const {
    api::RequestFacts facts = facts_of(decision, table_);
    const std::uint64_t seed = plan_seed(decision, options_);
    const auto first = table_.plan(facts, live_, seed, true);
    if (!first || first->candidates.empty()) return {};
    const api::Candidate& pick = first->candidates.front();
    if (pick.propensity >= kSure) return {{pick.target, 1}};
    // An adaptive conversation draws from its session: another session is another draw.
    const config::Route& route = *table_.routes()[first->route].config;
    const std::uint64_t session = route.policy.order_by == config::OrderBy::kAdaptive ? facts.session : 0;
    std::map<std::uint32_t, Drawn> drawn;
    for (std::uint64_t i = 1; i <= kDraws; ++i) {
      if (session != 0) facts.session = combine_hashes(session, i);
      const auto plan = table_.plan(facts, live_, combine_hashes(seed, i), true);
      if (!plan || plan->candidates.empty()) continue;
      Drawn& of = drawn[plan->candidates.front().target];
      ++of.times;
      of.said = plan->candidates.front().propensity;
    }
    return normalised(drawn);
  }

 private:
  struct Drawn {
    std::uint64_t times = 0;
    double said = api::kUnknown;  // by the plan
  };

  // What the plans say of their picks, if that can be a distribution; else how often each was drawn.
  static std::vector<Chance> normalised(const std::map<std::uint32_t, Drawn>& drawn) {
    double said = 0;
    double times = 0;
    for (const auto& [target, of] : drawn) {
      said += of.said;
      times += static_cast<double>(of.times);
    }
    const bool trusted = said > 0.5 && said < 1.05;  // NaN is not
    std::vector<Chance> chances;
    for (const auto& [target, of] : drawn) {
      chances.push_back({target, trusted ? of.said / said : static_cast<double>(of.times) / times});
    }
    return chances;
  }

  const RouteTable& table_;
  const LogView& live_;
  const ReplayOptions& options_;
};

class Estimate {
 public:
  Estimate(const RouteTable& table, const DecisionLog& log, const LogView& live, const ReplayOptions& options)
      : table_(table), options_(options), money_(table, live) {
    const NewPolicy policy(table, live, options);
    for (const LoggedDecision& decision : log.decisions) add(decision, policy);
    for (const policies::Traits& traits : table.traits()) numbers_[std::string(traits.name)];
    result_.rows = rows_.size();
    result_.left_out = log.decisions.size() - rows_.size();
  }

  Counterfactual take() && {
    if (rows_.empty()) {
      result_.refused = "no request of the log has both a reward and the chance of its choice";
      return std::move(result_);
    }
    fit();
    value_new_policy();
    value_current();
    value_random();
    value_singles();
    judge_support();
    return std::move(result_);
  }

 private:
  void add(const LoggedDecision& decision, const NewPolicy& policy) {
    if (decision.candidates.empty()) return;
    const auto reward = reward_of(decision, options_.reward);
    const double propensity = decision.candidates.front().propensity;
    if (!reward || !(propensity > 0)) return;
    Row row;
    row.decision = &decision;
    row.cell = cells_[decision.route + "\n" + (decision.tasks.empty() ? "" : decision.tasks.front().name)];
    // A conversation is in one fold: its requests resemble each other.
    const std::uint64_t group = decision.facts.session != 0 ? decision.facts.session : hash_text(decision.id);
    row.fold = mix_bits(group) % RewardModel::kFolds;
    row.logged = numbers_[decision.pick()];
    row.propensity = std::min(propensity, 1.0);
    row.reward = *reward;
    row.choices = policy.choices(decision);
    rows_.push_back(std::move(row));
  }

  void fit() {
    model_.emplace(cells_.size(), numbers_.size());
    for (const Row& row : rows_) model_->add(row.fold, row.cell, row.logged, row.reward);
  }

  std::size_t number_of(std::uint32_t target) { return numbers_[table_.config().targets[target].name]; }

  double expect(const Row& row, std::size_t target) const { return model_->expect(row.fold, row.cell, target); }

  void value_new_policy() {
    std::vector<OffPolicyRow> rows;
    double usd = 0;
    for (const Row& row : rows_) {
      OffPolicyRow out{0, row.propensity, row.reward, 0, expect(row, row.logged)};
      for (const Chance& choice : row.choices) {
        const std::size_t number = number_of(choice.target);
        if (number == row.logged) out.chance_new += choice.chance;
        out.rhat_new += choice.chance * expect(row, number);
        usd += choice.chance * money_.of(*row.decision, choice.target);
      }
      rows.push_back(out);
    }
    result_.value = off_policy_value(rows, options_.clip);
    result_.usd = usd / static_cast<double>(rows_.size());
  }

  // A policy of the form "always this", or "any of those alike": only the weights matter.
  template <class ChanceOf>
  Rival rival(std::string name, ChanceOf chance_of) const {
    std::vector<OffPolicyRow> rows;
    for (const Row& row : rows_) rows.push_back({chance_of(row), row.propensity, row.reward, 0, 0});
    const OffPolicyValue value = off_policy_value(rows, options_.clip);
    return {std::move(name), value.snips, api::kUnknown, value.ess};
  }

  void value_current() {
    result_.current = rival("current", [](const Row& row) { return row.propensity; });
    result_.current.ess = 0;
    double usd = 0;
    for (const Row& row : rows_) {
      const auto target = target_named(table_, row.decision->pick());
      usd += target ? money_.of(*row.decision, *target) : api::kUnknown;
      double best = 0;
      for (const LoggedCandidate& candidate : row.decision->candidates) {
        best = std::max(best, expect(row, numbers_[candidate.target]));
      }
      result_.oracle_bound += best / static_cast<double>(rows_.size());
    }
    result_.current.usd = usd / static_cast<double>(rows_.size());
  }

  void value_random() {
    result_.random = rival("random", [](const Row& row) {
      const auto own = std::count_if(row.decision->candidates.begin(), row.decision->candidates.end(),
                                     [](const LoggedCandidate& candidate) { return candidate.by != "fallback"; });
      return own > 0 ? 1 / static_cast<double>(own) : 0;
    });
  }

  void value_singles() {
    std::vector<PriceAndValue> priced;
    for (const policies::Traits& traits : table_.traits()) {
      const std::size_t number = number_of(traits.index);
      Rival single =
          rival(std::string(traits.name), [number](const Row& row) { return row.logged == number ? 1.0 : 0.0; });
      if (single.ess < options_.min_ess) continue;
      single.usd = 0;
      for (const Row& row : rows_)
        single.usd += money_.of(*row.decision, traits.index) / static_cast<double>(rows_.size());
      if (!std::isnan(single.usd)) priced.push_back({single.usd, single.value.value});
      result_.singles.push_back(std::move(single));
    }
    std::stable_sort(result_.singles.begin(), result_.singles.end(),
                     [](const Rival& a, const Rival& b) { return a.value.value > b.value.value; });
    if (!priced.empty() && !std::isnan(result_.usd)) result_.hull = hull_value(priced, result_.usd);
  }

  // A new choice has support where the log could have made it: the target was a candidate, and the logged choice was
  // not certain, or the same.
  void judge_support() {
    std::set<std::string> never;
    for (const Row& row : rows_) {
      for (const Chance& choice : row.choices) {
        const std::string& name = table_.config().targets[choice.target].name;
        const std::size_t number = numbers_[name];
        if (number == row.logged) continue;
        if (model_->seen(number) == 0) never.insert(name);
        const bool possible = row.propensity < kSure && is_candidate(*row.decision, name);
        if (!possible) result_.unsupported += choice.chance / static_cast<double>(rows_.size());
      }
    }
    std::ostringstream why;
    if (result_.unsupported > kMaxUnsupported) {
      why << static_cast<int>(std::lround(100 * result_.unsupported))
          << " % of the new choices were never possible in the log (its choice was certain, or the target was no "
             "candidate)";
      for (const std::string& name : never) why << (name == *never.begin() ? "; never chosen there: " : ", ") << name;
    } else if (result_.value.ess < options_.min_ess) {
      why << "the effective sample size is " << static_cast<int>(result_.value.ess) << ", below " << options_.min_ess;
    }
    result_.refused = why.str();
  }

  const RouteTable& table_;
  const ReplayOptions& options_;
  LoggedMoney money_;
  Numbers numbers_;  // of targets
  Numbers cells_;
  std::vector<Row> rows_;
  std::optional<RewardModel> model_;
  Counterfactual result_;
};

}  // namespace

Counterfactual counterfactual(const RouteTable& table, const DecisionLog& log, LogView& live,
                              const ReplayOptions& options) {
  return Estimate(table, log, live, options).take();
}

}  // namespace fluxgate::routing
