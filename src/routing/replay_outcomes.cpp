// Full information: every target's outcome is known for every prompt, so a choice's worth is looked up, not estimated.
#include <algorithm>
#include <limits>

#include "fluxgate/base/hash.hpp"
#include "fluxgate/routing/replay.hpp"
#include "fluxgate/tokens/count.hpp"

namespace fluxgate::routing {
namespace {

// Everybody is well, idle and known: there is nothing to explore, so what is measured is the policy's own choice.
class SettledView final : public api::LiveView {
 public:
  api::TargetStatus status(std::uint32_t) const override {
    api::TargetStatus status;
    status.samples = 1000;
    return status;
  }
  api::QualityCell cell(std::uint32_t, std::uint16_t, std::uint32_t) const override { return {}; }
  std::uint64_t turn(std::uint32_t) const override { return 0; }
  double canary_share(std::uint32_t) const override { return 0; }
};

Error refused(std::string why) { return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, std::move(why)}; }

struct Arm {
  std::uint32_t target = 0;
  std::string name;
  double price = 0;
};

// One prompt with what is known of it: indexes are those of the arms.
struct Case {
  std::vector<double> outcomes;
  std::uint32_t tokens = 0;
  std::size_t picked = 0;
  std::size_t picked_named = 0;  // with the task named by the caller
  std::optional<std::size_t> by_table;
};

Result<std::vector<Arm>> arms_of(const RouteTable& table, const std::vector<tasks::LabelledRow>& rows) {
  std::vector<Arm> arms;
  for (const policies::Traits& traits : table.traits()) {
    const std::string name(traits.name);
    const bool known =
        std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.outcomes.contains(name); });
    if (!known) continue;
    if (!traits.price) return refused("target '" + name + "' has no price");
    arms.push_back({traits.index, name, traits.price->input});
  }
  if (arms.size() < 2) return refused("the rows have outcomes of fewer than two targets of the configuration");
  return arms;
}

class Cases {
 public:
  Cases(const RouteTable& table, const tasks::Tagger& tagger, const std::vector<Arm>& arms,
        const OutcomesOptions& options)
      : table_(table), tagger_(tagger), arms_(arms), options_(options) {}

  // Nothing if an outcome is missing, or the table refuses the request.
  std::optional<Case> make(const tasks::LabelledRow& row, std::size_t number) const {
    Case made;
    for (const Arm& arm : arms_) {
      const auto outcome = row.outcomes.find(arm.name);
      if (outcome == row.outcomes.end()) return std::nullopt;
      made.outcomes.push_back(outcome->second);
    }
    made.tokens = tokens::estimate(row.prompt);
    const auto picked = pick(row, "", number);
    const auto named = pick(row, row.task, number);
    if (!picked || !named) return std::nullopt;
    made.picked = *picked;
    made.picked_named = *named;
    made.by_table = best_by_table(row.task);
    return made;
  }

 private:
  std::optional<std::size_t> pick(const tasks::LabelledRow& row, std::string_view named_task,
                                  std::size_t number) const {
    api::RequestFacts facts;
    facts.model = options_.model;
    facts.body_bytes = row.prompt.size();
    facts.input_tokens = tokens::estimate(row.prompt);
    facts.messages = 1;
    facts.user_turns = 1;
    facts.text = hash_text(row.prompt);
    tagger_.guess(facts, row.prompt, named_task);
    const auto plan = table_.plan(facts, SettledView(), combine_hashes(options_.seed, number));
    if (!plan || plan->candidates.empty()) return std::nullopt;
    const std::uint32_t target = plan->candidates.front().target;
    const auto arm = std::find_if(arms_.begin(), arms_.end(), [&](const Arm& one) { return one.target == target; });
    if (arm == arms_.end()) return std::nullopt;
    return static_cast<std::size_t>(arm - arms_.begin());
  }

  // The plainest use of the quality table: whoever was best at the task.
  std::optional<std::size_t> best_by_table(const std::string& task) const {
    if (tagger_.quality() == nullptr) return std::nullopt;
    const auto row = tagger_.quality()->find(task);
    if (row == tagger_.quality()->end()) return std::nullopt;
    std::optional<std::size_t> best;
    double most = -1;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      const auto quality = row->second.find(arms_[i].name);
      if (quality == row->second.end() || quality->second.mean <= most) continue;
      most = quality->second.mean;
      best = i;
    }
    return best;
  }

  const RouteTable& table_;
  const tasks::Tagger& tagger_;
  const std::vector<Arm>& arms_;
  const OutcomesOptions& options_;
};

// The mean outcome and price of a chooser over all cases; `choose` gives an arm.
template <class Choose>
Chooser judged(std::string name, const std::vector<Case>& cases, const std::vector<Arm>& arms, Choose choose) {
  Chooser chooser{std::move(name), 0, 0};
  for (const Case& one : cases) {
    const std::size_t arm = choose(one);
    chooser.value += one.outcomes[arm];
    chooser.price += arms[arm].price;
  }
  chooser.value /= static_cast<double>(cases.size());
  chooser.price /= static_cast<double>(cases.size());
  return chooser;
}

std::size_t oracle_of(const Case& one, const std::vector<Arm>& arms) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < arms.size(); ++i) {
    const bool cheaper = one.outcomes[i] == one.outcomes[best] && arms[i].price < arms[best].price;
    if (one.outcomes[i] > one.outcomes[best] || cheaper) best = i;
  }
  return best;
}

// Long prompts to the best arm and short ones to the cheapest, or the other way round, whichever does better here; as
// many to the best as the price allows. The direction is chosen in hindsight: a rule that is hard to beat.
Chooser length_rule(std::vector<Case> cases, const std::vector<Arm>& arms, std::size_t cheap, std::size_t best,
                    double price) {
  const double range = arms[best].price - arms[cheap].price;
  const double share = range > 0 ? std::clamp((price - arms[cheap].price) / range, 0.0, 1.0) : 1;
  const auto strong = static_cast<std::size_t>(share * static_cast<double>(cases.size()));
  Chooser better{"length rule", -1, 0};
  for (const bool long_to_best : {true, false}) {
    std::stable_sort(cases.begin(), cases.end(), [&](const Case& a, const Case& b) {
      return long_to_best ? a.tokens > b.tokens : a.tokens < b.tokens;
    });
    std::size_t place = 0;
    const Chooser chooser =
        judged("length rule", cases, arms, [&](const Case&) { return place++ < strong ? best : cheap; });
    if (chooser.value > better.value) better = chooser;
  }
  return better;
}

Chooser random_choice(const std::vector<Chooser>& singles) {
  Chooser chooser{"random", 0, 0};
  for (const Chooser& single : singles) {
    chooser.value += single.value / static_cast<double>(singles.size());
    chooser.price += single.price / static_cast<double>(singles.size());
  }
  return chooser;
}

Interval against_best(const std::vector<Case>& cases, std::size_t best, const OutcomesOptions& options) {
  return bootstrap(cases.size(), options.resamples, options.seed, [&](std::span<const std::size_t> drawn) {
    double difference = 0;
    for (const std::size_t i : drawn) difference += cases[i].outcomes[cases[i].picked] - cases[i].outcomes[best];
    return difference / static_cast<double>(drawn.size());
  });
}

// The hull is that of each resample: it is measured on the same rows, and as uncertain as the router.
Interval against_mix(const std::vector<Case>& cases, const std::vector<Arm>& arms, const OutcomesOptions& options) {
  std::vector<PriceAndValue> singles(arms.size());
  return bootstrap(cases.size(), options.resamples, options.seed, [&](std::span<const std::size_t> drawn) {
    const auto n = static_cast<double>(drawn.size());
    for (std::size_t arm = 0; arm < arms.size(); ++arm) singles[arm] = {arms[arm].price, 0};
    double value = 0;
    double price = 0;
    for (const std::size_t i : drawn) {
      const Case& one = cases[i];
      value += one.outcomes[one.picked];
      price += arms[one.picked].price;
      for (std::size_t arm = 0; arm < arms.size(); ++arm) singles[arm].value += one.outcomes[arm] / n;
    }
    return value / n - hull_value(singles, price / n);
  });
}

}  // namespace

Result<OutcomesReplay> replay_outcomes(const RouteTable& table, const tasks::Tagger& tagger,
                                       const std::vector<tasks::LabelledRow>& rows, const OutcomesOptions& options) {
  auto found = arms_of(table, rows);
  if (!found) return std::move(found).error();
  const std::vector<Arm>& arms = *found;
  const Cases make_case(table, tagger, arms, options);
  OutcomesReplay replay;
  std::vector<Case> cases;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (auto made = make_case.make(rows[i], i)) cases.push_back(*std::move(made));
  }
  replay.rows = cases.size();
  replay.left_out = rows.size() - cases.size();
  if (cases.empty()) return refused("no row has all outcomes and a route for model '" + options.model + "'");

  replay.router = judged("this configuration", cases, arms, [](const Case& one) { return one.picked; });
  for (const Case& one : cases) ++replay.picks[arms[one.picked].name];
  std::vector<Chooser> singles;
  for (std::size_t arm = 0; arm < arms.size(); ++arm) {
    singles.push_back(judged(arms[arm].name, cases, arms, [arm](const Case&) { return arm; }));
    replay.singles.push_back({singles.back().price, singles.back().value});
  }
  const auto best = static_cast<std::size_t>(
      std::max_element(singles.begin(), singles.end(), [](auto& a, auto& b) { return a.value < b.value; }) -
      singles.begin());
  const auto cheap = static_cast<std::size_t>(
      std::min_element(singles.begin(), singles.end(), [](auto& a, auto& b) { return a.price < b.price; }) -
      singles.begin());
  replay.best_single = singles[best];
  replay.mix = {"best random mix of two", hull_value(replay.singles, replay.router.price), replay.router.price};
  replay.others.push_back(
      judged("the same, task named", cases, arms, [](const Case& one) { return one.picked_named; }));
  if (std::all_of(cases.begin(), cases.end(), [](const Case& one) { return one.by_table.has_value(); })) {
    replay.others.push_back(judged("task table", cases, arms, [](const Case& one) { return *one.by_table; }));
  }
  replay.others.push_back(length_rule(cases, arms, cheap, best, replay.router.price));
  replay.others.push_back(random_choice(singles));
  replay.others.push_back(judged("oracle", cases, arms, [&](const Case& one) { return oracle_of(one, arms); }));
  replay.others.insert(replay.others.end(), singles.begin(), singles.end());
  replay.against_best = against_best(cases, best, options);
  replay.against_mix = against_mix(cases, arms, options);
  return replay;
}

}  // namespace fluxgate::routing
