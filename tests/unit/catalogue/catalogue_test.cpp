#include "fluxgate/catalogue/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "fluxgate/catalogue/litellm.hpp"
#include "fluxgate/catalogue/providers.hpp"

namespace fluxgate::catalogue {
namespace {

using api::Ability;

Catalogue own(std::string_view text) {
  auto parsed = Catalogue::parse(text, "own.ndjson");
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return std::move(parsed).value();
}

std::string fault(std::string_view text) {
  const auto parsed = Catalogue::parse(text, "own.ndjson");
  return parsed ? "no fault" : parsed.error().message;
}

TEST(CatalogueParse, ReadsEveryKey) {
  const Catalogue rows = own(
      R"({"provider":"p","model":"m","mode":"chat","input":1.5,"output":6,"cached_input":0.15,"cache_write":1.875,)"
      R"("tiers":[{"above":200000,"input":3,"output":12}],"context_window":1000000,"max_output_tokens":64000,)"
      R"("can":["vision","tools"],"cannot":["prefill"],"tokenizer":"o200k_base","deprecation":"2027-01-31"})");
  const auto info = rows.row("p", "m");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->mode, Mode::kChat);
  ASSERT_TRUE(info->price);
  EXPECT_EQ(info->price->input, 1.5);
  EXPECT_EQ(info->price->output, 6);
  EXPECT_EQ(info->price->cached_input, 0.15);
  EXPECT_EQ(info->price->cache_write, 1.875);
  EXPECT_EQ(info->context_window, 1000000u);
  EXPECT_EQ(info->max_output_tokens, 64000u);
  EXPECT_EQ(info->tokenizer, "o200k_base");
  EXPECT_EQ(info->deprecation, "2027-01-31");
}

TEST(CatalogueParse, TiersHoldAboveTheirBound) {
  const Catalogue rows = own(R"({"provider":"p","model":"m","mode":"chat","input":1,"output":2,"tiers":[)"
                             R"({"above":1000,"input":3,"output":4},{"above":5000,"input":5,"output":6}]})");
  const auto info = rows.row("p", "m");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->price_at(0).input, 1);
  EXPECT_EQ(info->price_at(1000).input, 1);
  EXPECT_EQ(info->price_at(1001).input, 3);
  EXPECT_EQ(info->price_at(5000).input, 3);
  EXPECT_EQ(info->price_at(5001).output, 6);
}

TEST(CatalogueParse, AbilitiesHaveThreeValues) {
  const Catalogue rows = own(R"({"model":"m","mode":"chat","can":["tools"],"cannot":["vision"]})");
  const auto info = rows.row("", "m");
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->abilities.yes.has(Ability::kTools));
  EXPECT_TRUE(info->abilities.no.has(Ability::kVision));
  EXPECT_FALSE(info->abilities.yes.has(Ability::kReasoning));
  EXPECT_FALSE(info->abilities.no.has(Ability::kReasoning));
}

TEST(CatalogueParse, WhatIsNotStatedIsUnknownAndNotZero) {
  const Catalogue rows = own("{\"provider\":\"p\",\"model\":\"m\",\"mode\":\"chat\"}\n"
                             "{\"provider\":\"p\",\"model\":\"free\",\"mode\":\"chat\",\"input\":0,\"output\":0}\n");
  const auto unknown = rows.row("p", "m");
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(unknown->price);
  EXPECT_FALSE(unknown->context_window);
  EXPECT_FALSE(unknown->max_output_tokens);
  EXPECT_TRUE(unknown->tokenizer.empty());
  const auto free = rows.row("p", "free");
  ASSERT_TRUE(free && free->price);
  EXPECT_EQ(free->price->input, 0);
}

TEST(CatalogueParse, FaultsNameFileLineAndKey) {
  const std::string good = "{\"provider\":\"p\",\"model\":\"m\",\"mode\":\"chat\"}\n";
  EXPECT_EQ(fault(good + "\nnonsense\n"), "own.ndjson:3: not JSON");
  EXPECT_EQ(fault("[1]"), "own.ndjson:1: not a JSON object");
  EXPECT_EQ(fault(R"({"provider":"p","mode":"chat"})"), "own.ndjson:1: model: missing");
  EXPECT_EQ(fault(R"({"model":"m"})"), "own.ndjson:1: mode: missing");
  EXPECT_EQ(fault(R"({"model":"m","mode":"video"})"), "own.ndjson:1: mode: unknown mode video");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","inptu":1})"), "own.ndjson:1: inptu: unknown key");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","input":"1","output":2})"),
            "own.ndjson:1: input: must be a number of dollars per million tokens");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","input":1})"),
            "own.ndjson:1: output: a price needs both input and output");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","input":-1,"output":2})"),
            "own.ndjson:1: input: must be 0 to 5000 dollars per million tokens");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","input":1,"output":90000})"),
            "own.ndjson:1: output: must be 0 to 5000 dollars per million tokens");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","context_window":1.5})"),
            "own.ndjson:1: context_window: must be a whole number of tokens");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","context_window":100,"max_output_tokens":101})"),
            "own.ndjson:1: max_output_tokens: more than context_window");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","can":["flying"]})"), "own.ndjson:1: can: not an ability: \"flying\"");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","can":["tools"],"cannot":["tools"]})"),
            "own.ndjson:1: cannot: said twice: tools");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","input":1,"output":1,"tiers":[{"above":5,"input":1}]})"),
            "own.ndjson:1: tiers[0].output: a price needs both input and output");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","tokenizer":"gpt2"})"),
            "own.ndjson:1: tokenizer: must be o200k_base or cl100k_base");
  EXPECT_EQ(fault(R"({"model":"m","mode":"chat","deprecation":"2026-13-01"})"),
            "own.ndjson:1: deprecation: must be a date, YYYY-MM-DD");
  EXPECT_THAT(fault(R"({"model":"a\"b","mode":"chat"})"), testing::StartsWith("own.ndjson:1: model: must be a name"));
  EXPECT_EQ(fault(good + good), "own.ndjson:2: model: also in line 1");
  EXPECT_THAT(fault("{\n  \"gpt-4o\": {}\n}\n"), testing::HasSubstr("fluxgate models import"));
}

TEST(CatalogueParse, LinesMayStandInAnyOrder) {
  const Catalogue rows = own("{\"provider\":\"z\",\"model\":\"a\",\"mode\":\"chat\"}\r\n\n"
                             "{\"mode\":\"chat\",\"model\":\"b\",\"provider\":\"a\"}\n"
                             "{\"provider\":\"together_ai\",\"model\":\"c\",\"mode\":\"chat\"}");
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows.row("z", "a"));
  EXPECT_TRUE(rows.row("a", "b"));
  EXPECT_TRUE(rows.row("together", "c"));
  EXPECT_FALSE(rows.row("a", "a"));
  EXPECT_FALSE(rows.row("zz", "a"));
  EXPECT_TRUE(rows.has_provider("z"));
  EXPECT_FALSE(rows.has_provider("b"));
}

TEST(CatalogueParse, AnEmptyFileHasNoModels) {
  EXPECT_EQ(own("").size(), 0u);
  EXPECT_FALSE(own("\n").row("p", "m"));
}

TEST(CatalogueBuiltIn, HasEnoughAndEveryRowIsSound) {
  std::ostringstream lines;
  std::set<std::string> providers;
  std::size_t chat = 0;
  const auto rows = Catalogue::built_in().all();
  for (const ModelInfo& row : rows) {
    lines << to_line(row) << "\n";
    providers.insert(row.provider);
    chat += row.mode == Mode::kChat ? 1 : 0;
    EXPECT_TRUE(is_known_provider(row.provider)) << row.provider << " is not in providers.txt";
    const bool gratis = row.price && row.price->input == 0 && row.price->output == 0;
    EXPECT_TRUE(!gratis || is_free_provider(row.provider) || row.mode == Mode::kModeration) << to_line(row);
  }
  EXPECT_GE(chat, 300u);
  EXPECT_GE(providers.size(), 25u);
  EXPECT_EQ(Catalogue::built_in().size(), rows.size());
  // Through the same checks as an operator's file, duplicates included.
  const auto again = Catalogue::parse(lines.str(), "built-in");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->size(), rows.size());
}

TEST(CatalogueBuiltIn, IsTheFilesInOrderSoThatEveryRowIsFound) {
  const auto rows = Catalogue::built_in().all();
  const auto before = [](const ModelInfo& a, const ModelInfo& b) {
    return std::tie(a.provider, a.model) < std::tie(b.provider, b.model);
  };
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(), before));
  for (const ModelInfo& row : rows) {
    const auto found = Catalogue::built_in().row(row.provider, row.model);
    ASSERT_TRUE(found) << row.provider << " " << row.model;
    EXPECT_EQ(to_line(*found), to_line(row));
  }
}

TEST(CatalogueBuiltIn, IsWhatTheFilesSay) {
  std::ifstream file(std::string(FLUXGATE_SOURCE_DIR) + "/config/models/openai.ndjson");
  std::string line;
  std::size_t count = 0;
  while (std::getline(file, line)) {
    const std::size_t begin = line.find("\"model\":\"") + 9;
    const auto found = Catalogue::built_in().row("openai", line.substr(begin, line.find('"', begin) - begin));
    ASSERT_TRUE(found) << line;
    EXPECT_EQ(to_line(*found), line);  // the form update.py writes is the form we write
    ++count;
  }
  EXPECT_GE(count, 50u);
}

// Some rows that these tests need; the price of gpt-4o is OpenAI's since August 2024.
TEST(CatalogueFind, ExactlyByProviderAndName) {
  const auto found = find(nullptr, "openai", "gpt-4o");
  ASSERT_TRUE(found && found->price);
  EXPECT_EQ(found->matched_as, MatchedAs::kExact);
  EXPECT_EQ(found->price->input, 2.5);
  EXPECT_EQ(found->price->output, 10);
  EXPECT_EQ(found->context_window, 128000u);
  EXPECT_TRUE(found->abilities.yes.has(Ability::kVision));
  EXPECT_EQ(found->tokenizer, "o200k_base");
  const auto alias = find(nullptr, "xAI", "grok-4.3");
  ASSERT_TRUE(alias);
  EXPECT_EQ(alias->matched_as, MatchedAs::kBareModel);  // names of providers are in lower case...
  EXPECT_EQ(find(nullptr, "x-ai", "grok-4.3")->matched_as, MatchedAs::kExact);  // ...or other spellings of the table
}

TEST(CatalogueFind, AModelNobodyKnowsIsUnknown) {
  EXPECT_FALSE(find(nullptr, "openai", "gpt-4o-of-nobody"));
  EXPECT_FALSE(find(nullptr, "openai", ""));
  EXPECT_FALSE(find(nullptr, "", ""));
  EXPECT_FALSE(find(nullptr, "nobody", "nothing/at/all"));
}

TEST(CatalogueFind, ByTheProviderInTheName) {
  const auto found = find(nullptr, "openrouter", "openai/gpt-4o");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->matched_as, MatchedAs::kProviderInName);
  EXPECT_EQ(found->provider, "openai");
  EXPECT_TRUE(found->price);  // an aggregator of which nothing else is known
  const auto unknown_proxy = find(nullptr, "", "groq/openai/gpt-oss-20b");
  ASSERT_TRUE(unknown_proxy);
  EXPECT_EQ(unknown_proxy->provider, "groq");
}

TEST(CatalogueFind, ADatedSnapshotIsItsUndatedModelWhereNoRowHasTheDate) {
  const Catalogue mine = own(R"({"provider":"acme","model":"gpt-x","mode":"chat","input":1,"output":2})"
                             "\n"
                             R"({"provider":"acme","model":"gpt-x-2026-01-02","mode":"chat","input":3,"output":4})");
  const auto dated = find(&mine, "acme", "gpt-x-2026-01-02");
  ASSERT_TRUE(dated);
  EXPECT_EQ(dated->matched_as, MatchedAs::kExact);
  EXPECT_EQ(dated->price->input, 3);
  const auto other = find(&mine, "acme", "gpt-x-2026-05-06");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->matched_as, MatchedAs::kStrippedName);
  EXPECT_EQ(other->model, "gpt-x");
  EXPECT_EQ(other->price->input, 1);
  EXPECT_FALSE(find(&mine, "acme", "gpt-x-0613"));        // LiteLLM takes only whole dates off
  EXPECT_FALSE(find(&mine, "acme", "gpt-x-2026-13-06"));
}

TEST(CatalogueFind, AFineTuneIsItsPricedBase) {
  const Catalogue mine = own(R"({"provider":"openai","model":"ft:gpt-x","mode":"chat","input":5,"output":6})");
  const auto found = find(&mine, "openai", "ft:gpt-x:my-org::abc123");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->model, "ft:gpt-x");
  EXPECT_EQ(found->matched_as, MatchedAs::kStrippedName);
}

TEST(CatalogueFind, ABareNameIsItsVendors) {
  const auto proxy = find(nullptr, "", "gpt-4o");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->matched_as, MatchedAs::kBareModel);
  EXPECT_EQ(proxy->provider, "openai");
  EXPECT_TRUE(proxy->price);
}

TEST(CatalogueFind, AForeignRowLendsNoPriceToOnesOwnMachine) {
  const auto local = find(nullptr, kLocal, "gpt-4o");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->context_window, 128000u);
  EXPECT_FALSE(local->price);
  EXPECT_TRUE(local->tiers.empty());
}

TEST(CatalogueFind, AForeignRowLendsNoPriceToAProviderWithPricesOfItsOwn) {
  const auto found = find(nullptr, "groq", "gpt-4o");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->matched_as, MatchedAs::kBareModel);
  EXPECT_FALSE(found->price);
}

TEST(CatalogueFind, TheOperatorsRowsGoFirst) {
  const Catalogue mine = own(R"({"provider":"openai","model":"gpt-4o","mode":"chat","input":2,"output":8})"
                             "\n"
                             R"({"model":"gpt-4o","mode":"chat","input":7,"output":7})"
                             "\n"
                             R"({"provider":"my-gpus","model":"llama","mode":"chat","input":0.1,"output":0.1})");
  EXPECT_EQ(find(&mine, "openai", "gpt-4o")->price->input, 2);
  const auto any = find(&mine, "azure", "gpt-4o");
  ASSERT_TRUE(any && any->price);
  EXPECT_EQ(any->matched_as, MatchedAs::kAnyProvider);
  EXPECT_EQ(any->price->input, 7);
  const auto by_key = find(&mine, "local", "llama", "my-gpus");
  ASSERT_TRUE(by_key && by_key->price);
  EXPECT_EQ(by_key->price->input, 0.1);
  EXPECT_FALSE(find(&mine, "local", "llama", "other-gpus"));
  EXPECT_TRUE(find(&mine, "openai", "gpt-4o-mini"));  // built in
}

}  // namespace
}  // namespace fluxgate::catalogue
