#include "fluxgate/tasks/tagger.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "fluxgate/tasks/train.hpp"

namespace fluxgate::tasks {
namespace {

using api::Ability;
using api::TaskSource;

// A tagger and what it makes of a request.
class Tagging {
 public:
  explicit Tagging(const config::Config& config) {
    auto made = Tagger::make(config);
    EXPECT_TRUE(made) << made.error().message;
    tagger_ = *std::move(made);
  }
  std::string operator()(std::string_view text, std::string_view named = {}, api::RequestFacts facts = {}) {
    tagger_->guess(facts, text, named);
    facts_ = facts;
    if (facts.tasks.empty()) return "";
    return std::string(api::to_string(facts.task_source)) + ":" + tagger_->names().at(facts.top_task());
  }
  const api::RequestFacts& facts() const { return facts_; }
  const Tagger& tagger() const { return *tagger_; }

 private:
  std::optional<Tagger> tagger_;
  api::RequestFacts facts_;
};

// Knows "apple" and "stone" by a model of its own.
class ModelFile {
 public:
  ModelFile() : path_((std::filesystem::path(testing::TempDir()) / "fluxgate-tagger-test").string()) {
    std::vector<TaskModel::Row> rows{{crc32("apple") & (kBuckets - 1), {9.0F, 0.0F, 0.0F}},
                                     {crc32("pear") & (kBuckets - 1), {1.0F, 0.7F, 0.0F}},
                                     {crc32("stone") & (kBuckets - 1), {0.0F, 9.0F, 0.0F}}};
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.bucket < b.bucket; });
    EXPECT_TRUE(TaskModel({"fruit", "masonry", "other"}, rows, {{"fruit", {{"gpt", {0.9, 50}}}}}).save(path_));
  }
  ~ModelFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

config::Config keywords_config() {
  config::Config config;
  config.tasks.keywords = {{"code", {"segfault", "stack trace"}}, {"summary", {"summarise", "tl;dr"}}};
  return config;
}

TEST(Tagger, KnowsTheNamesOfTheWholeConfiguration) {
  config::Config config = keywords_config();
  config::Route route;
  route.match.tasks = {"translation", "code"};
  route.policy.quality = {{"default", {}}, {"legal", {}}};
  config.routes.push_back(route);
  EXPECT_EQ(Tagging(config).tagger().names(), (std::vector<std::string>{"code", "legal", "summary", "translation"}));
  config.tasks.structure = true;
  const Tagging tagging(config);
  for (const auto name : kStructureTasks) EXPECT_TRUE(tagging.tagger().index_of(name)) << name;
  EXPECT_FALSE(tagging.tagger().index_of("default"));
}

TEST(Tagger, ANameWins) {
  config::Config config = keywords_config();
  Tagging tag(config);
  EXPECT_EQ(tag("a segfault", "summary"), "named:summary");
  EXPECT_EQ(tag("a segfault", "unheard-of"), "keywords:code") << "unknown names are ignored";
  EXPECT_EQ(tag("a segfault", "Summary"), "keywords:code") << "names are exact";
  EXPECT_FLOAT_EQ(tag.facts().tasks.front().probability, 1);
}

TEST(Tagger, KeywordsCount) {
  Tagging tag(keywords_config());
  EXPECT_EQ(tag("Summarise this stack\ntrace of a SEGFAULT"), "keywords:code");
  EXPECT_EQ(tag("Summarise this segfault"), "keywords:code") << "equals: in order of names";
  EXPECT_EQ(tag("hello"), "");
  EXPECT_EQ(tag.facts().task_source, TaskSource::kNone);
  EXPECT_EQ(tag(""), "");
}

TEST(Tagger, LooksAtBothEndsOfLongTexts) {
  Tagging tag(keywords_config());
  const std::string filling(5'000'000, '.');
  EXPECT_EQ(tag("segfault " + filling), "keywords:code");
  EXPECT_EQ(tag(filling + " segfault"), "keywords:code");
  EXPECT_EQ(tag(filling + " segfault " + filling), "");
}

TEST(Tagger, StructureNamesTasks) {
  config::Config config;
  config.tasks.structure = true;
  Tagging tag(config);
  api::RequestFacts facts;
  EXPECT_EQ(tag("hello", {}, facts), "");
  facts.input_tokens = kLongTokens + 1;
  EXPECT_EQ(tag("hello", {}, facts), "structure:long");
  facts.needs.add(Ability::kTools);
  EXPECT_EQ(tag("hello", {}, facts), "structure:tools");
  EXPECT_EQ(tag("why?\n```\nx\n```", {}, facts), "structure:code");
  facts.needs.add(Ability::kJsonSchema);
  EXPECT_EQ(tag("hello", {}, facts), "structure:extraction");
  facts.images = 1;
  EXPECT_EQ(tag("hello", {}, facts), "structure:vision");
}

TEST(Tagger, CodeLooksLikeCode) {
  config::Config config;
  config.tasks.structure = true;
  Tagging tag(config);
  EXPECT_EQ(tag("int main() {\n  for (int i = 0; i < 3; ++i) {\n    print(values[i]);\n  }\n  return 0;\n}\n"
                "void f(const std::vector<int>& x) { g(x); }"),
            "structure:code");
  EXPECT_EQ(tag("Dear all,\n\nPlease find the minutes below (draft). The next meeting is on Monday; bring your notes.\n"
                "Yours,\nAnn"),
            "");
  EXPECT_EQ(tag("f(x) = {1; 2}"), "") << "too short to tell";
}

TEST(Tagger, TheModelGuessesSoftly) {
  const ModelFile file;
  config::Config config = keywords_config();
  config.tasks.file = file.path();
  config.tasks.min_confidence = 0.6;
  Tagging tag(config);
  EXPECT_EQ(tag("apple"), "model:fruit");
  EXPECT_GT(tag.facts().tasks.front().probability, 0.9F);
  EXPECT_EQ(tag("stone"), "model:masonry");
  EXPECT_EQ(tag("segfault apple"), "keywords:code") << "keywords come first";
  EXPECT_EQ(tag("pear"), "model:fruit");
  ASSERT_EQ(tag.facts().tasks.size(), 3U) << "unsure: every task it may be";
  EXPECT_LT(tag.facts().tasks.front().probability, 0.6F);
  EXPECT_GT(tag.facts().tasks[0].probability, tag.facts().tasks[1].probability);
  ASSERT_NE(tag.tagger().quality(), nullptr);
  EXPECT_EQ(tag.tagger().quality()->at("fruit").at("gpt").count, 50U);
}

TEST(Tagger, AnUnsureModelLeavesItToTheShape) {
  const ModelFile file;
  config::Config config;
  config.tasks.file = file.path();
  config.tasks.min_confidence = 0.6;
  config.tasks.structure = true;
  Tagging tag(config);
  api::RequestFacts facts;
  facts.needs.add(Ability::kTools);
  EXPECT_EQ(tag("apple", {}, facts), "model:fruit");
  EXPECT_EQ(tag("pear", {}, facts), "structure:tools");
  EXPECT_EQ(tag("pear"), "model:fruit");
  EXPECT_EQ(tag("", {}, facts), "structure:tools");
}

TEST(Tagger, SaysWhatIsWrong) {
  config::Config config;
  config.tasks.file = "/no/such/model";
  const auto missing = Tagger::make(config);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/no/such/model"), std::string::npos);
  config.tasks.file.clear();
  config.tasks.keywords = {{"code", {" "}}};
  EXPECT_FALSE(Tagger::make(config));
}

TEST(Tagger, WithNothingConfiguredOnlyNamesCount) {
  config::Config config;
  Tagging tag(config);
  EXPECT_FALSE(tag.tagger().reads_text());
  EXPECT_FALSE(tag.tagger().reads_tokens());
  EXPECT_EQ(tag("segfault ```x```", "code"), "");
  EXPECT_EQ(tag.tagger().quality(), nullptr);
}

}  // namespace
}  // namespace fluxgate::tasks
