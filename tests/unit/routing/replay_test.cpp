#include "fluxgate/routing/replay.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "fluxgate/base/random.hpp"
#include "routing_test_support.hpp"

namespace fluxgate::routing {
namespace {

using testing::asking;
using testing::route;
using testing::table_of;
using testing::with;

constexpr std::size_t kA = 0;
constexpr std::size_t kB = 1;
constexpr std::size_t kC = 2;

DecisionLog read(const std::string& text) {
  std::istringstream in(text);
  auto log = read_decisions(in);
  EXPECT_TRUE(log) << (log ? "" : log.error().message);
  return log ? *std::move(log) : DecisionLog();
}

void price(config::Config& config, std::size_t target, double input, double output) {
  config.targets[target].price = config::Price{input, output, {}, {}};
}

// Targets a, b, c at 1, 2, 5 dollars; b and c are the better ones at code, by the operator's table.
config::Config priced(config::OrderBy order_by) {
  auto r = route("r", {"m"}, {"a", "b", "c"});
  r.policy.order_by = order_by;
  r.policy.quality = {{"default", {{"a", 0.5}, {"b", 0.6}, {"c", 0.9}}},
                      {"code", {{"a", 0.2}, {"b", 0.8}, {"c", 0.82}}}};
  auto config = with({r});
  price(config, kA, 1, 2);
  price(config, kB, 2, 4);
  price(config, kC, 5, 10);
  return config;
}

Vocabulary vocabulary() { return {{"code", "prose"}, {"pii"}}; }

api::RequestFacts some_facts(Random& random) {
  api::RequestFacts facts = asking("m");
  facts.input_tokens = static_cast<std::uint32_t>(10 + random.unit() * 5000);
  facts.body_bytes = 4 * facts.input_tokens;
  if (random.unit() < 0.5) facts.max_output_tokens = 10 + static_cast<std::uint64_t>(random.unit() * 500);
  if (random.unit() < 0.3) facts.needs.add(api::Ability::kTools);
  if (random.unit() < 0.7) {
    facts.tasks = {{static_cast<std::uint16_t>(random.unit() * 2), 0.8F}};
    facts.task_source = api::TaskSource::kModel;
  }
  facts.session = random.next();
  facts.prefix = random.next();
  return facts;
}

// ---- the same configuration
// ----------------------------------------------------------------------------------------------

TEST(Replay, LoggedFactsAndSeedGiveTheLoggedPlanAgain) {
  const config::Balance balances[] = {config::Balance::kOrdered, config::Balance::kWeighted, config::Balance::kP2c,
                                      config::Balance::kSession, config::Balance::kPrefix};
  const config::OrderBy orders[] = {config::OrderBy::kListed, config::OrderBy::kCost, config::OrderBy::kQuality,
                                    config::OrderBy::kWeighted, config::OrderBy::kAdaptive};
  Random random(5);
  for (const auto order_by : orders) {
    for (const auto balance : balances) {
      auto config = priced(order_by);
      config.routes[0].balance = balance;
      config.routes[0].policy.exploration = 0.2;
      const RouteTable table = table_of(config, vocabulary());
      for (int i = 0; i < 20; ++i) {
        const api::RequestFacts facts = some_facts(random);
        const auto plan = table.plan(facts, api::QuietView(), random.next(), true);
        ASSERT_TRUE(plan);
        const auto log = read(decision_line(table, {1, "r", "chat", "v", facts, *plan, {}, {}, {}}));
        const LoggedDecision& decision = log.decisions.at(0);
        const auto again = table.plan(facts_of(decision, table), api::QuietView(), decision.seed, true);
        ASSERT_TRUE(again);
        ASSERT_EQ(decision.candidates.size(), again->candidates.size());
        for (std::size_t k = 0; k < again->candidates.size(); ++k) {
          EXPECT_EQ(decision.candidates[k].target, config.targets[again->candidates[k].target].name);
          EXPECT_EQ(decision.candidates[k].by, api::to_string(again->candidates[k].chosen));
          EXPECT_NEAR(decision.candidates[k].propensity, again->candidates[k].propensity, 1e-5);
        }
      }
    }
  }
}

// ---- logs of a policy that draws
// -----------------------------------------------------------------------------------------

constexpr double kGood[2][3] = {{0.3, 0.8, 0.85}, {0.7, 0.5, 0.9}};  // by task, then a, b, c

// Requests answered by a, b or c, drawn by weight (1, 2, 5 of base_config), with feedback 0 or 1.
std::string drawn_log(std::size_t rows, bool draws) {
  auto r = route("r", {"m"}, {"a", "b", "c"});
  r.balance = draws ? config::Balance::kWeighted : config::Balance::kOrdered;
  const auto config = with({r});
  const RouteTable table = table_of(config, vocabulary());
  Random random(9);
  std::string text;
  for (std::size_t i = 0; i < rows; ++i) {
    api::RequestFacts facts = asking("m");
    facts.input_tokens = 1000;
    const auto task = static_cast<std::uint16_t>(random.unit() * 2);
    facts.tasks = {{task, 1}};
    facts.task_source = api::TaskSource::kNamed;
    const auto plan = table.plan(facts, api::QuietView(), random.next(), true);
    const std::uint32_t pick = plan->candidates[0].target;
    Outcome outcome;
    outcome.status = 200;
    outcome.served = pick;
    outcome.input_tokens = 1000;
    outcome.output_tokens = 100;
    const std::string id = "r" + std::to_string(i);
    const AttemptRecord attempts[] = {{pick, "ok", 200, 0.25, 1, false}};
    text += decision_line(table, {1, id, "chat", "v", facts, *plan, attempts, outcome, {}}) + "\n";
    text += feedback_line({2, id, random.unit() < kGood[task][pick] ? 1.0 : 0.0, "", ""}) + "\n";
  }
  return text;
}

// By cost: b for code (a is far worse, c hardly better), c for prose (everybody else is far worse).
config::Config new_config() {
  auto config = priced(config::OrderBy::kCost);
  config.routes[0].policy.quality = {{"code", {{"a", 0.3}, {"b", 0.8}, {"c", 0.83}}},
                                     {"prose", {{"a", 0.6}, {"b", 0.5}, {"c", 0.9}}}};
  config.routes[0].policy.exploration = 0;
  return config;
}
constexpr double kTruth = (0.8 + 0.9) / 2;

TEST(Replay, TheSameConfigurationChangesNothing) {
  auto r = route("r", {"m"}, {"a", "b", "c"});
  r.balance = config::Balance::kWeighted;
  const auto config = with({r});
  const RouteTable table = table_of(config, vocabulary());
  const LogReplay replay = replay_log(table, read(drawn_log(300, true)), {});
  EXPECT_EQ(replay.diff.all.rows, 300u);
  EXPECT_EQ(replay.diff.all.changed, 0u);
  EXPECT_TRUE(replay.diff.moves.empty());
  // And is worth what it was worth: its draws are its own, not those of the log.
  EXPECT_NEAR(replay.value.value.snips.value, replay.value.current.value.value, 1e-9);
  EXPECT_NEAR(replay.value.value.ess, 300, 1e-6);
}

TEST(Replay, TellsWhatWouldChangeAndWhy) {
  auto config = new_config();
  config.routes[0].require.max_input_price = 4;  // rules c out
  const RouteTable table = table_of(config, vocabulary());
  const DecisionLog log = read(drawn_log(400, true));
  const LogReplay replay = replay_log(table, log, {});
  std::size_t picked_c = 0;
  for (const LoggedDecision& decision : log.decisions) picked_c += decision.pick() == "c" ? 1 : 0;
  EXPECT_GT(picked_c, 200u);
  EXPECT_EQ(replay.diff.violations.at(std::string(api::to_string(api::RejectCode::kPriceMax))), picked_c);
  EXPECT_EQ(replay.diff.routes.at("r").rows, 400u);
  EXPECT_EQ(replay.diff.routes.at("r").changed, replay.diff.all.changed);
  std::size_t moved = 0;
  for (const auto& [move, count] : replay.diff.moves) {
    EXPECT_NE(move.first, move.second);
    EXPECT_NE(move.second, "c");
    moved += count;
  }
  EXPECT_EQ(moved, replay.diff.all.changed);
  ASSERT_EQ(replay.diff.samples.size(), 5u);
  for (const Changed& sample : replay.diff.samples) {
    const std::string expected = sample.from == "c" ? "price:max:5/4" : "place 2 (rank)";
    EXPECT_EQ(sample.reason.substr(0, expected.size()), expected);
  }
}

TEST(Replay, MoneyIsThatOfTheLoggedTokens) {
  auto config = new_config();
  config.routes[0].targets = {"a"};
  const RouteTable table = table_of(config, vocabulary());
  const LogReplay replay = replay_log(table, read(drawn_log(100, false)), {});
  // 1,000 tokens in and 100 out at 1 and 2 dollars a million; the log's own choice was a too.
  EXPECT_EQ(replay.diff.priced, 100u);
  EXPECT_NEAR(replay.diff.usd_old, 100 * 0.0012, 1e-9);
  EXPECT_NEAR(replay.diff.usd_new, 100 * 0.0012, 1e-9);
  EXPECT_EQ(replay.diff.all.changed, 0u);
}

TEST(Replay, AModelThatNoRouteTakesAndATargetThatIsGone) {
  auto config = with({route("other", {"n"}, {"a"})});
  const RouteTable table = table_of(config, vocabulary());
  const LogReplay replay = replay_log(table, read(drawn_log(10, false)), {});
  EXPECT_EQ(replay.diff.no_route, 10u);
  EXPECT_EQ(replay.diff.all.changed, 10u);
  EXPECT_EQ(replay.diff.samples.at(0).reason, "no route takes the request");
  EXPECT_FALSE(replay.value.refused.empty());
}

// ---- the counterfactual value
// --------------------------------------------------------------------------------------------

TEST(Replay, EstimatesTheValueOfAnotherPolicy) {
  const auto config = new_config();
  const RouteTable table = table_of(config, vocabulary());
  const LogReplay replay = replay_log(table, read(drawn_log(4000, true)), {});
  const Counterfactual& value = replay.value;
  ASSERT_EQ(value.refused, "");
  EXPECT_EQ(value.rows, 4000u);
  for (const Measured& measured : {value.value.ips, value.value.snips, value.value.dr}) {
    EXPECT_NEAR(measured.value, kTruth, 4 * measured.error);
    EXPECT_GT(measured.error, 0);
    EXPECT_LT(measured.error, 0.05);
  }
  EXPECT_GT(value.value.ess, 500);
  EXPECT_LT(value.value.ess, 4000);
  const double current = (1.0 * (.3 + .7) + 2.0 * (.8 + .5) + 5.0 * (.85 + .9)) / 8 / 2;
  EXPECT_NEAR(value.current.value.value, current, 0.03);
  const double random = (.3 + .8 + .85 + .7 + .5 + .9) / 6;
  EXPECT_NEAR(value.random.value.value, random, 0.06);
  ASSERT_FALSE(value.singles.empty());
  EXPECT_EQ(value.singles.front().name, "c");
  EXPECT_NEAR(value.singles.front().value.value, 0.875, 0.03);
  EXPECT_GE(value.oracle_bound, value.singles.front().value.value - 0.02);
  ASSERT_TRUE(value.hull.has_value());
  EXPECT_LT(*value.hull, value.value.dr.value) << "it knows the tasks, a coin does not";
  const std::string text = to_text(replay);
  EXPECT_NE(text.find("best single (c)"), std::string::npos);
  EXPECT_EQ(text.find("NO ESTIMATE"), std::string::npos);
}

TEST(Replay, RefusesWhereTheLogNeverDrew) {
  const auto config = new_config();
  const RouteTable table = table_of(config, vocabulary());
  const LogReplay replay = replay_log(table, read(drawn_log(1000, false)), {});
  EXPECT_NE(replay.value.refused.find("never possible in the log"), std::string::npos) << replay.value.refused;
  EXPECT_NE(replay.value.refused.find("never chosen there: b, c"), std::string::npos) << replay.value.refused;
  EXPECT_NE(to_text(replay).find("NO ESTIMATE"), std::string::npos);
  EXPECT_NE(to_json(replay).find("\"refused\""), std::string::npos);
}

TEST(Replay, RefusesBelowTheLeastEffectiveSampleSize) {
  const auto config = new_config();
  const RouteTable table = table_of(config, vocabulary());
  const DecisionLog log = read(drawn_log(60, true));
  EXPECT_NE(replay_log(table, log, {}).value.refused.find("effective sample size"), std::string::npos);
  ReplayOptions options;
  options.min_ess = 5;
  EXPECT_EQ(replay_log(table, log, options).value.refused, "");
}

TEST(Replay, OnlyAnswersOfTheFirstChoiceSayHowGoodItWas) {
  DecisionLog log = read(drawn_log(200, true));
  log.decisions[0].outcome.served = "e";  // a fallback answered
  log.decisions[1].feedback.reset();      // nobody said anything
  log.decisions[2].candidates[0].propensity = std::nan("");
  const auto config = new_config();
  const RouteTable table = table_of(config, vocabulary());
  ReplayOptions options;
  options.min_ess = 5;
  const LogReplay replay = replay_log(table, log, options);
  EXPECT_EQ(replay.value.rows, 197u);
  EXPECT_EQ(replay.value.left_out, 3u);
}

TEST(Replay, SuccessIsAWholeAnswerOfTheFirstChoice) {
  DecisionLog log = read(drawn_log(200, true));
  for (LoggedDecision& decision : log.decisions) decision.feedback.reset();
  log.decisions[0].outcome.status = 400;    // the client's own: left out
  log.decisions[1].outcome.aborted = true;  // 0
  log.decisions[2].outcome.served = "e";    // 0: the first choice failed
  log.decisions[3].outcome.served = "e";    // a hedge was faster: left out
  log.decisions[3].attempts[0].hedge = true;
  auto r = route("r", {"m"}, {"a", "b", "c"});
  r.balance = config::Balance::kWeighted;
  const auto config = with({r});
  const RouteTable table = table_of(config, vocabulary());
  ReplayOptions options;
  options.reward = Reward::kSuccess;
  const LogReplay replay = replay_log(table, log, options);
  EXPECT_EQ(replay.value.rows, 198u);
  EXPECT_NEAR(replay.value.current.value.value, 196.0 / 198, 1e-9);
}

TEST(LogView, LearnsLengthsAndSpeedsFromTheLog) {
  const auto config = new_config();
  const RouteTable table = table_of(config, vocabulary());
  const DecisionLog log = read(drawn_log(400, true));
  const LogView view(table, log.decisions);
  const api::TargetStatus status = view.status(kC);
  EXPECT_DOUBLE_EQ(status.output_median, 100);
  EXPECT_DOUBLE_EQ(status.ttft, 0.25);
  EXPECT_NEAR(status.tpot, 0.75 / 99, 1e-9);
  EXPECT_GT(status.samples, 200u);
  EXPECT_EQ(view.status(3).samples, 0u) << "nobody asked d";
  const api::QualityCell cell = view.cell(0, 0, kC);
  EXPECT_NEAR(cell.good / cell.observations(), 0.85, 0.08);
}

// ---- the table of fluxgate train
// -------------------------------------------------------------------------------------------

TEST(MeasuredQuality, StandsInWhereThePolicySaysNothing) {
  const tasks::QualityTable measured = {
      {"code", {{"a", {0.9, 100}}, {"b", {0.1, 100}}, {"c", {0.7, 19}}, {"gone", {1, 100}}}},
      {"prose", {{"a", {0.2, 100}}}},
      {"forgotten", {{"a", {1, 100}}}},
      {"default", {{"a", {0.5, 200}}, {"b", {0.4, 200}}, {"c", {0.3, 200}}}}};
  auto r = route("r", {"m"}, {"a", "b", "c"});
  r.policy.order_by = config::OrderBy::kQuality;
  r.policy.quality = {{"code", {{"b", 0.95}}}};
  auto listed = route("listed", {"l"}, {"a", "b"});
  auto config = with({r, listed});
  config.targets[kB].quality = 0.45;
  Vocabulary names = vocabulary();
  names.quality = &measured;
  const RouteTable table = table_of(config, names);
  const auto& quality = table.routes()[0].rules.quality;
  ASSERT_EQ(quality.size(), 3u);
  EXPECT_DOUBLE_EQ(quality[1][kA], 0.9);
  EXPECT_DOUBLE_EQ(quality[1][kB], 0.95) << "the operator's word comes first";
  EXPECT_TRUE(std::isnan(quality[1][kC])) << "19 observations prove nothing";
  EXPECT_DOUBLE_EQ(quality[2][kA], 0.2);
  EXPECT_DOUBLE_EQ(quality[0][kA], 0.5);
  EXPECT_TRUE(std::isnan(quality[0][kB])) << "the operator's judgement of b stands before its measured default";
  EXPECT_TRUE(table.routes()[0].needed.tasks);
  EXPECT_TRUE(table.routes()[1].rules.quality.empty()) << "nobody reads it there";
  EXPECT_FALSE(table.routes()[1].needed.tasks);
}

// ---- full information
// ------------------------------------------------------------------------------------------------------

// Code goes to b, prose to a; b is right on code, a on prose, c mostly.
config::Config outcome_config() {
  auto config = priced(config::OrderBy::kCost);
  config.routes[0].policy.quality = {{"code", {{"a", 0.1}, {"b", 0.9}, {"c", 0.9}}},
                                     {"prose", {{"a", 0.9}, {"b", 0.2}, {"c", 0.9}}}};
  config.tasks.keywords = {{"code", {"python"}}, {"prose", {"poem"}}};
  return config;
}

std::vector<tasks::LabelledRow> outcome_rows() {
  std::vector<tasks::LabelledRow> rows;
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    rows.push_back({"python program " + number, "code", {{"a", 0}, {"b", 1}, {"c", i % 10 == 0 ? 0 : 1}}});
    rows.push_back({"a poem, much longer than the programs are, number " + number,
                    "prose",
                    {{"a", 1}, {"b", 0}, {"c", i % 10 == 0 ? 0 : 1}}});
  }
  return rows;
}

const Chooser& chooser(const OutcomesReplay& replay, const std::string& name) {
  for (const Chooser& one : replay.others) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no chooser " << name;
  return replay.router;
}

TEST(ReplayOutcomes, ComparesWithEverythingThatIsSimpler) {
  const auto config = outcome_config();
  const auto tagger = tasks::Tagger::make(config);
  ASSERT_TRUE(tagger);
  const RouteTable table = table_of(config, {tagger->names(), {}});
  auto rows = outcome_rows();
  rows.push_back({"python without c's outcome", "code", {{"a", 1}, {"b", 1}}});
  OutcomesOptions options;
  options.model = "m";
  const auto replay = replay_outcomes(table, *tagger, rows, options);
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_EQ(replay->rows, 200u);
  EXPECT_EQ(replay->left_out, 1u);
  EXPECT_DOUBLE_EQ(replay->router.value, 1);
  EXPECT_DOUBLE_EQ(replay->router.price, 1.5);
  EXPECT_EQ(replay->picks.at("a"), 100u);
  EXPECT_EQ(replay->picks.at("b"), 100u);
  EXPECT_EQ(replay->best_single.name, "c");
  EXPECT_DOUBLE_EQ(replay->best_single.value, 0.9);
  EXPECT_DOUBLE_EQ(replay->best_single.price, 5);
  EXPECT_NEAR(replay->mix.value, 0.5 + 0.4 * 0.5 / 4, 1e-12) << "an eighth of the requests to c, the others to a";
  EXPECT_NEAR(chooser(*replay, "random").value, (0.5 + 0.5 + 0.9) / 3, 1e-12);
  EXPECT_NEAR(chooser(*replay, "random").price, 8.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(chooser(*replay, "oracle").value, 1);
  EXPECT_DOUBLE_EQ(chooser(*replay, "oracle").price, 1.5);
  // An eighth, 25 requests, to c: the shortest are programs, which a never gets right and c in nine of ten cases.
  EXPECT_NEAR(chooser(*replay, "length rule").price, 1.5, 1e-12);
  EXPECT_GT(chooser(*replay, "length rule").value, replay->mix.value);
  EXPECT_FALSE(replay->against_best.spans_zero());
  EXPECT_FALSE(replay->against_mix.spans_zero());
  EXPECT_LE(replay->against_best.low, 0.1);
  EXPECT_GE(replay->against_best.high, 0.1);
  EXPECT_EQ(to_text(*replay).find("not distinguishable"), std::string::npos);
}

TEST(ReplayOutcomes, SaysWhatIsNotDistinguishable) {
  auto config = outcome_config();
  config.routes[0].targets = {"c"};
  const auto tagger = tasks::Tagger::make(config);
  ASSERT_TRUE(tagger);
  const RouteTable table = table_of(config, {tagger->names(), {}});
  OutcomesOptions options;
  options.model = "m";
  const auto replay = replay_outcomes(table, *tagger, outcome_rows(), options);
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_EQ(replay->router.value, replay->best_single.value);
  EXPECT_TRUE(replay->against_best.spans_zero());
  EXPECT_NE(to_text(*replay).find("not distinguishable"), std::string::npos);
  EXPECT_NE(to_json(*replay).find("\"distinguishable\":false"), std::string::npos);
}

TEST(ReplayOutcomes, NeedsPricesAndRowsItCanRoute) {
  auto config = outcome_config();
  const auto tagger = tasks::Tagger::make(config);
  ASSERT_TRUE(tagger);
  OutcomesOptions options;
  const auto error = [&](const config::Config& of, const std::vector<tasks::LabelledRow>& rows) {
    const RouteTable table = table_of(of, {tagger->names(), {}});
    const auto replay = replay_outcomes(table, *tagger, rows, options);
    return replay ? std::string() : replay.error().message;
  };
  EXPECT_EQ(error(config, outcome_rows()), "no row has all outcomes and a route for model 'auto'");
  options.model = "m";
  EXPECT_EQ(error(config, {{"python", "code", {{"a", 1}}}}),
            "the rows have outcomes of fewer than two targets of the configuration");
  config.targets[kB].price.reset();
  EXPECT_EQ(error(config, outcome_rows()), "target 'b' has no price");
}

}  // namespace
}  // namespace fluxgate::routing
