#include "fluxgate/tasks/train.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "fluxgate/base/random.hpp"

namespace fluxgate::tasks {
namespace {

// Prompts of two sorts with words in common, different each time.
std::vector<LabelledRow> two_tasks(std::size_t each) {
  static const std::vector<std::string> kCode{"compile", "function", "bug", "pointer", "loop"};
  static const std::vector<std::string> kTravel{"hotel", "flight", "beach", "train", "ticket"};
  static const std::vector<std::string> kBoth{"please", "the", "help", "me", "with", "find", "a", "good"};
  Random random(3);
  std::vector<LabelledRow> rows;
  for (std::size_t i = 0; i < each; ++i) {
    for (const bool code : {true, false}) {
      std::string prompt;
      for (int word = 0; word < 12; ++word) {
        const auto& from = word % 4 == 3 ? (code ? kCode : kTravel) : kBoth;
        prompt += from[random.next() % from.size()] + " ";
      }
      LabelledRow row;
      row.prompt = prompt + std::to_string(i);
      row.task = code ? "code" : "travel";
      row.outcomes = {{"big", 1}, {"small", code ? 0 : 1}};
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

TEST(ReadLabelled, ReadsRows) {
  std::istringstream in("{\"prompt\":\"p\",\"task\":\"code\",\"outcomes\":{\"gpt\":1,\"llama\":0.5},\"more\":[1]}\n\n"
                        "{\"task\":\"chat\",\"prompt\":\"q\"}\r\n");
  const auto rows = read_labelled(in);
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].prompt, "p");
  EXPECT_EQ((*rows)[0].task, "code");
  EXPECT_EQ((*rows)[0].outcomes, (std::map<std::string, double>{{"gpt", 1}, {"llama", 0.5}}));
  EXPECT_TRUE((*rows)[1].outcomes.empty());
}

TEST(ReadLabelled, NamesTheLineAtFault) {
  for (const char* bad : {"nonsense", "[]", "{\"task\":\"a\"}", "{\"prompt\":\"\",\"task\":\"a\"}",
                          "{\"prompt\":\"p\"}",
                          "{\"prompt\":\"p\",\"task\":\"\"}", "{\"prompt\":\"p\",\"task\":\"default\"}",
                          "{\"prompt\":\"p\",\"task\":\"a\",\"outcomes\":[]}",
                          "{\"prompt\":\"p\",\"task\":\"a\",\"outcomes\":{\"x\":2}}",
                          "{\"prompt\":\"p\",\"task\":\"a\",\"outcomes\":{\"x\":\"1\"}}"}) {
    std::istringstream in("{\"prompt\":\"p\",\"task\":\"a\"}\n" + std::string(bad) + "\n");
    const auto rows = read_labelled(in);
    ASSERT_FALSE(rows) << bad;
    EXPECT_TRUE(rows.error().message.starts_with("line 2: ")) << rows.error().message;
  }
}

TEST(Train, LearnsTheTaskAndTheQuality) {
  const auto rows = two_tasks(100);
  std::ostringstream report;
  const auto trained = train(rows, {}, report);
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_GT(trained->held_out.rows, 20U);
  EXPECT_LT(trained->held_out.rows, 70U);
  EXPECT_GE(trained->held_out.share(), 0.95);
  EXPECT_NE(report.str().find("held out: "), std::string::npos);
  const auto& quality = trained->model.quality();
  // Means over everything: big (100 + 100 + 1) / 202; then each task's with that as a prior of weight 2.
  const double big = 201.0 / 202;
  const double small = 101.0 / 202;
  EXPECT_NEAR(quality.at("default").at("small").mean, small, 1e-9);
  EXPECT_NEAR(quality.at("code").at("big").mean, (100 + 2 * big) / 102, 1e-9);
  EXPECT_NEAR(quality.at("code").at("small").mean, 2 * small / 102, 1e-9);
  EXPECT_EQ(quality.at("travel").at("small").count, 100U);
}

TEST(Train, IsDeterministic) {
  const auto rows = two_tasks(20);
  const auto first = fit(rows, {});
  const auto second = fit(rows, {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->serialise(), second->serialise());
}

TEST(Train, NeedsEnoughRows) {
  auto rows = two_tasks(8);
  LabelledRow rare = rows.front();
  rare.task = "rare";
  for (int i = 0; i < 20; ++i) rows.push_back(rare);  // one prompt many times is one prompt
  std::ostringstream report;
  const auto trained = train(rows, {}, report);
  ASSERT_FALSE(trained);
  EXPECT_NE(trained.error().message.find("rare (1)"), std::string::npos) << trained.error().message;
  EXPECT_EQ(trained.error().message.find("code"), std::string::npos);
  rows.erase(std::remove_if(rows.begin(), rows.end(), [](const auto& row) { return row.task != "code"; }), rows.end());
  EXPECT_FALSE(train(rows, {}, report)) << "one task is no choice";
  std::istringstream empty;
  EXPECT_FALSE(train(empty, {}, report));
}

TEST(Split, KeepsEqualPromptsTogetherAndItsShare) {
  TrainOptions options;
  std::size_t held_out = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string prompt = "prompt " + std::to_string(i);
    EXPECT_EQ(is_held_out(prompt, options), is_held_out(std::string(prompt), options));
    held_out += is_held_out(prompt, options) ? 1U : 0U;
  }
  EXPECT_NEAR(static_cast<double>(held_out) / 10'000, 0.2, 0.02);
  TrainOptions other;
  other.split = 2;
  std::size_t same = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string prompt = "prompt " + std::to_string(i);
    same += is_held_out(prompt, options) && is_held_out(prompt, other) ? 1U : 0U;
  }
  EXPECT_LT(same, 100U) << "another split holds out others";
}

// Real prompts: FLUXGATE_ROUTING_DATA names the folder that holds llmrouter/ (see tests/routing/prepare_llmrouter.py).
TEST(Train, NamesTheTasksOfRealPrompts) {
  const char* data = std::getenv("FLUXGATE_ROUTING_DATA");
  if (data == nullptr) GTEST_SKIP() << "FLUXGATE_ROUTING_DATA is not set: the LLMRouter rows are not here";
  const auto folder = std::filesystem::path(data) / "llmrouter";
  if (!exists(folder / "train.json.gz")) GTEST_SKIP() << folder << " has no train.json.gz";
  const auto ndjson = std::filesystem::path(testing::TempDir()) / "fluxgate-llmrouter.ndjson";
  const std::string command = "python3 '" FLUXGATE_SOURCE_DIR "/tests/routing/prepare_llmrouter.py' '" +
                              folder.string() + "' '" + ndjson.string() + "' > /dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream in(ndjson);
  std::ostringstream report;
  const auto trained = train(in, {}, report);
  std::filesystem::remove(ndjson);
  ASSERT_TRUE(trained) << trained.error().message;
  RecordProperty("held_out_accuracy", std::to_string(trained->held_out.share()));
  EXPECT_GT(trained->held_out.rows, 1000U);
  EXPECT_GT(trained->held_out.share(), 0.90) << report.str();
  EXPECT_EQ(trained->model.tasks().size(), 14U);
  EXPECT_EQ(trained->model.quality().at("default").size(), 9U);
}

}  // namespace
}  // namespace fluxgate::tasks
