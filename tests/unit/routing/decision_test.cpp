// The decision log: what is written is read back, and what is not understood is said.
#include "fluxgate/routing/decision.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "fluxgate/routing/replay.hpp"
#include "routing_test_support.hpp"

namespace fluxgate::routing {
namespace {

using testing::asking;
using testing::route;
using testing::table_of;
using testing::with;

DecisionLog read(const std::string& text) {
  std::istringstream in(text);
  auto log = read_decisions(in);
  EXPECT_TRUE(log) << (log ? "" : log.error().message);
  return log ? *std::move(log) : DecisionLog();
}

std::string error_of(const std::string& text, const ReadLimits& limits = {}) {
  std::istringstream in(text);
  const auto log = read_decisions(in, limits);
  EXPECT_FALSE(log);
  return log ? "" : log.error().message;
}

constexpr std::string_view kLeast = R"({"v":1,"id":"r1","facts":{}})";

config::Config canary_config() {
  auto r = route("r", {"m"}, {"a", "b"}, {"c"});
  r.match.headers = {{"x-team", "se*"}};
  r.canary.emplace();
  r.canary->targets = {"d"};
  r.experiment.emplace();
  r.experiment->variants.resize(2);
  r.experiment->variants[0].name = "left";
  r.experiment->variants[1].name = "right";
  return with({r});
}

Vocabulary vocabulary() { return {{"code", "prose"}, {"pii", "secret"}}; }

// Facts with every member set.
api::RequestFacts all_facts() {
  api::RequestFacts facts = asking("m");
  facts.stream = true;
  facts.input_tokens = 9100;
  facts.tokens_exact = true;
  facts.max_output_tokens = 512;
  facts.body_bytes = 40000;
  facts.needs.add(api::Ability::kVision);
  facts.needs.add(api::Ability::kJsonSchema);
  facts.messages = 5;
  facts.user_turns = 3;
  facts.tool_results = 2;
  facts.images = 1;
  facts.tool_loop = true;
  facts.session = 0xfedcba9876543210;
  facts.user = 2;
  facts.prefix = 3;
  facts.text = 4;
  facts.tasks = {{1, 0.75F}, {0, 0.25F}};
  facts.task_source = api::TaskSource::kModel;
  facts.labels = 2;
  facts.header_matches = 1;
  facts.priority = api::Priority::kBatch;
  return facts;
}

TEST(DecisionLine, ReadsBackEveryFact) {
  const auto config = canary_config();
  const RouteTable table = table_of(config, vocabulary());
  const api::RequestFacts facts = all_facts();
  api::RoutePlan plan;
  const DecisionLog log = read(decision_line(table, {12.5, "r1", "chat", "v7", facts, plan, {}, {}, {}}));
  ASSERT_EQ(log.decisions.size(), 1u);
  const LoggedDecision& decision = log.decisions[0];
  EXPECT_EQ(decision.line, 1u);
  const api::RequestFacts back = facts_of(decision, table);
  EXPECT_EQ(back.model, "m");
  EXPECT_TRUE(back.stream);
  EXPECT_EQ(back.input_tokens, 9100u);
  EXPECT_TRUE(back.tokens_exact);
  EXPECT_EQ(back.max_output_tokens, 512u);
  EXPECT_EQ(back.body_bytes, 40000u);
  EXPECT_EQ(back.needs, facts.needs);
  EXPECT_EQ(back.messages, 5);
  EXPECT_EQ(back.user_turns, 3);
  EXPECT_EQ(back.tool_results, 2);
  EXPECT_EQ(back.images, 1);
  EXPECT_TRUE(back.tool_loop);
  EXPECT_EQ(back.session, facts.session);
  EXPECT_EQ(back.user, 2u);
  EXPECT_EQ(back.prefix, 3u);
  EXPECT_EQ(back.text, 4u);
  ASSERT_EQ(back.tasks.size(), 2u);
  EXPECT_EQ(back.tasks[0].task, 1);
  EXPECT_FLOAT_EQ(back.tasks[0].probability, 0.75F);
  EXPECT_EQ(back.tasks[1].task, 0);
  EXPECT_EQ(back.task_source, api::TaskSource::kModel);
  EXPECT_EQ(back.labels, 2u);
  EXPECT_EQ(back.header_matches, 1u);
  EXPECT_EQ(back.priority, api::Priority::kBatch);
}

TEST(DecisionLine, ReadsBackTheChoiceAndWhatCameOfIt) {
  const auto config = canary_config();
  const RouteTable table = table_of(config, vocabulary());
  const api::RequestFacts facts = asking("m");
  api::RoutePlan plan;
  plan.seed = 0xabc;
  plan.variant = 1;
  plan.canary = true;
  plan.least_bad = true;
  api::Candidate candidate;
  candidate.target = 1;
  candidate.chosen = api::ChosenBy::kCanary;
  candidate.propensity = 0.05;
  candidate.score = -0.5;
  candidate.estimate.usd = 0.002;
  candidate.estimate.quality = 0.7;
  candidate.estimate.ttft = 0.25;
  plan.candidates = {candidate, api::Candidate()};
  plan.rejected = {{3, api::RejectCode::kContext, 9100, 8192, 0}};
  const AttemptRecord attempts[] = {{1, "status_429", 429, 0, 0.5, false}, {0, "ok", 200, 0.25, 2.5, true}};
  Outcome outcome;
  outcome.status = 200;
  outcome.served = 0;
  outcome.aborted = true;
  outcome.error = "upstream_reset";
  outcome.elapsed = 3.5;
  outcome.input_tokens = 9000;
  outcome.cached_tokens = 4000;
  outcome.output_tokens = 77;
  outcome.usd = 0.0125;
  const Decision written{1764115200.25, "r1", "chat", "v7", facts, plan, attempts, outcome, "hello \"you\"\n"};
  const DecisionLog log = read(decision_line(table, written) + "\n");
  ASSERT_EQ(log.decisions.size(), 1u);
  const LoggedDecision& back = log.decisions[0];
  EXPECT_DOUBLE_EQ(back.time, 1764115200.25);
  EXPECT_EQ(back.id, "r1");
  EXPECT_EQ(back.endpoint, "chat");
  EXPECT_EQ(back.config, "v7");
  EXPECT_EQ(back.seed, 0xabcu);
  EXPECT_EQ(back.route, "r");
  EXPECT_EQ(back.order_by, "listed");
  EXPECT_EQ(back.variant, "right");
  EXPECT_TRUE(back.canary);
  EXPECT_TRUE(back.least_bad);
  ASSERT_EQ(back.candidates.size(), 2u);
  EXPECT_EQ(back.pick(), "b");
  EXPECT_EQ(back.candidates[0].by, api::to_string(api::ChosenBy::kCanary));
  EXPECT_DOUBLE_EQ(back.candidates[0].propensity, 0.05);
  EXPECT_DOUBLE_EQ(back.candidates[0].score, -0.5);
  EXPECT_DOUBLE_EQ(back.candidates[0].usd, 0.002);
  EXPECT_DOUBLE_EQ(back.candidates[0].quality, 0.7);
  EXPECT_DOUBLE_EQ(back.candidates[0].ttft, 0.25);
  EXPECT_TRUE(std::isnan(back.candidates[1].usd)) << "what was unknown stays unknown";
  ASSERT_EQ(back.rejected.size(), 1u);
  EXPECT_EQ(back.rejected[0].target, "d");
  EXPECT_EQ(back.rejected[0].code, reject_text(table, plan.rejected[0]));
  ASSERT_EQ(back.attempts.size(), 2u);
  EXPECT_EQ(back.attempts[0].target, "b");
  EXPECT_EQ(back.attempts[0].outcome, "status_429");
  EXPECT_EQ(back.attempts[0].status, 429);
  EXPECT_EQ(back.attempts[1].ttft, 0.25);
  EXPECT_EQ(back.attempts[1].elapsed, 2.5);
  EXPECT_TRUE(back.attempts[1].hedge);
  EXPECT_EQ(back.outcome.status, 200);
  EXPECT_EQ(back.outcome.served, "a");
  EXPECT_TRUE(back.outcome.aborted);
  EXPECT_EQ(back.outcome.error, "upstream_reset");
  EXPECT_EQ(back.outcome.elapsed, 3.5);
  EXPECT_EQ(back.outcome.input_tokens, 9000u);
  EXPECT_EQ(back.outcome.cached_tokens, 4000u);
  EXPECT_EQ(back.outcome.output_tokens, 77u);
  EXPECT_DOUBLE_EQ(back.outcome.usd, 0.0125);
  EXPECT_EQ(back.prompt, "hello \"you\"\n");
}

TEST(ReadDecisions, JoinsFeedbackTheLastOfAChannelAndTheMeanOfChannels) {
  const std::string text = std::string(kLeast) + "\n" + feedback_line({1, "r1", 0.2, "failed", "thumbs"}) + "\n" +
                           feedback_line({2, "r1", 1, "good_fit", "thumbs"}) + "\n" +
                           feedback_line({3, "r1", 0.5, "", "judge"}) + "\n" +
                           feedback_line({3, "another", 0.5, "", ""}) + "\n";
  const DecisionLog log = read(text);
  ASSERT_EQ(log.decisions.size(), 1u);
  EXPECT_DOUBLE_EQ(log.decisions[0].feedback.value(), 0.75);
  EXPECT_EQ(log.feedback_lines, 4u);
  EXPECT_EQ(log.feedback_unmatched, 1u);
}

TEST(ReadDecisions, FeedbackMayStandBeforeItsDecision) {
  const DecisionLog log = read(feedback_line({1, "r1", 0.25, "", ""}) + "\n" + std::string(kLeast) + "\n");
  EXPECT_DOUBLE_EQ(log.decisions.at(0).feedback.value(), 0.25);
}

TEST(ReadDecisions, IgnoresWhatItDoesNotKnowAndEmptyLines) {
  const DecisionLog log = read(
      "\n  \r\n"
      R"({"v":1,"id":"r1","new":{"x":[1]},"facts":{"in":5,"new":true,"needs":["telepathy"]}})"
      "\n");
  ASSERT_EQ(log.decisions.size(), 1u);
  EXPECT_EQ(log.decisions[0].line, 3u);
  EXPECT_EQ(log.decisions[0].facts.input_tokens, 5u);
  EXPECT_TRUE(log.decisions[0].facts.needs.empty());
}

TEST(ReadDecisions, NamesTheLineThatIsWrong) {
  const std::string good = std::string(kLeast) + "\n";
  EXPECT_EQ(error_of(good + "[]\n"), "line 2: not a JSON object");
  EXPECT_EQ(error_of(good + "{\"v\":1,\n" + good), "line 2: not a JSON object");
  EXPECT_NE(error_of(good + "\n"
                            R"({"v":2,"id":"x","facts":{}})"
                            "\n")
                .find("line 3: 'v' is not 1"),
            std::string::npos);
  EXPECT_EQ(error_of(R"({"v":1,"id":7,"facts":{}})"
                     "\n"),
            "line 1: 'id' must be a text");
  EXPECT_EQ(error_of(R"({"v":1,"id":"x"})"
                     "\n"),
            "line 1: 'facts' must be an object");
  EXPECT_EQ(error_of(R"({"v":1,"id":"x","facts":{"in":-1}})"
                     "\n"),
            "line 1: 'in' has the wrong type");
  EXPECT_EQ(error_of(R"({"v":1,"id":"x","facts":{"in":4294967296}})"
                     "\n"),
            "line 1: 'in' is too large");
  EXPECT_EQ(error_of(R"({"v":1,"id":"x","facts":{"session":"xyz"}})"
                     "\n"),
            "line 1: 'session' is no hash");
  EXPECT_EQ(error_of(R"({"v":1,"id":"x","facts":{},"candidates":["a"]})"
                     "\n"),
            "line 1: an element of 'candidates' has the wrong type");
  EXPECT_EQ(error_of(R"({"v":1,"feedback":"x","score":2})"
                     "\n"),
            "line 1: 'score' must be 0 to 1");
}

TEST(ReadDecisions, IsBounded) {
  ReadLimits limits;
  limits.line = 40;
  EXPECT_EQ(error_of(R"({"v":1,"id":"x","facts":{},"prompt":"long, long, long"})"
                     "\n",
                     limits),
            "line 1: longer than 40 bytes");
  limits.decisions = 1;
  EXPECT_EQ(error_of(std::string(kLeast) + "\n" + std::string(kLeast) + "\n", limits), "line 2: more than 1 decisions");
}

TEST(ReadDecisions, LeavesOutALastLineThatWasCut) {
  const DecisionLog log = read(std::string(kLeast) + "\n" + R"({"v":1,"id":"r2","fac)");
  EXPECT_EQ(log.decisions.size(), 1u);
  EXPECT_TRUE(log.cut);
  const DecisionLog whole = read(std::string(kLeast));
  EXPECT_EQ(whole.decisions.size(), 1u) << "a last line without its end may still be whole";
  EXPECT_FALSE(whole.cut);
  EXPECT_EQ(error_of("anything"), "line 1: not a JSON object") << "nothing before it looked like a log";
}

TEST(FactsOf, SpeaksTheVocabularyOfTheNewTable) {
  const auto config = canary_config();
  const RouteTable old = table_of(config, vocabulary());
  api::RoutePlan plan;
  const DecisionLog log = read(decision_line(old, {0, "r1", "chat", "v", all_facts(), plan, {}, {}, {}}));
  auto other = route("s", {"m"}, {"a"});
  other.match.headers = {{"x-user", "*"}};
  auto same = route("t", {"m"}, {"a"});
  same.match.headers = {{"x-team", "se*"}};
  const auto changed = with({other, same});
  const RouteTable table = table_of(changed, {{"art", "prose"}, {"money", "pii", "secret"}});
  const api::RequestFacts facts = facts_of(log.decisions.at(0), table);
  ASSERT_EQ(facts.tasks.size(), 1u) << "'code' is no task any more";
  EXPECT_EQ(facts.tasks[0].task, 1) << "'prose' has another index";
  EXPECT_EQ(facts.labels, 4u) << "'secret' has another bit";
  EXPECT_EQ(facts.header_matches, 2u) << "the condition has another bit";
}

TEST(FactsOf, TakesTokensThatNobodyCountedFromTheAnswerOrTheSize) {
  const auto config = canary_config();
  const RouteTable table = table_of(config, vocabulary());
  const DecisionLog log = read(R"({"v":1,"id":"a","facts":{"bytes":400},"tokens_in":77})"
                               "\n"
                               R"({"v":1,"id":"b","facts":{"bytes":400}})"
                               "\n"
                               R"({"v":1,"id":"c","facts":{"bytes":400,"in":90},"tokens_in":77})"
                               "\n");
  EXPECT_EQ(facts_of(log.decisions.at(0), table).input_tokens, 77u);
  EXPECT_EQ(facts_of(log.decisions.at(1), table).input_tokens, 100u);
  EXPECT_EQ(facts_of(log.decisions.at(2), table).input_tokens, 90u);
}

}  // namespace
}  // namespace fluxgate::routing
