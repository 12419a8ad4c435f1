#include "fluxgate/catalogue/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace fluxgate::catalogue {
namespace {

using testing::HasSubstr;
using testing::Not;

Catalogue own(std::string_view text) {
  auto parsed = Catalogue::parse(text, "own.ndjson");
  EXPECT_TRUE(parsed);
  return std::move(parsed).value();
}

std::string list(const ListOptions& options, const Catalogue* mine = nullptr) {
  std::ostringstream out;
  EXPECT_EQ(list_models(out, mine, options), 0);
  return out.str();
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(ModelsList, ShowsUnknownAsUnknown) {
  const Catalogue mine = own("{\"provider\":\"acme\",\"model\":\"m\",\"mode\":\"chat\",\"cannot\":[\"vision\"]}\n");
  const std::string text = list({.provider = "acme"}, &mine);
  EXPECT_THAT(text, HasSubstr("PROVIDER"));
  EXPECT_THAT(text, testing::ContainsRegex("acme +m +[?] +[?] +[?] +[?] +[?] +[?] +!vision\n"));
  EXPECT_THAT(text, HasSubstr("1 models"));
}

TEST(ModelsList, Filters) {
  EXPECT_EQ(lines(list({.json = true})), Catalogue::built_in().size());
  const std::string groq = list({.provider = "groq", .json = true});
  EXPECT_GT(lines(groq), 0u);
  EXPECT_EQ(lines(groq), lines(list({.provider = "groq"})) - 2);  // heading and last line
  EXPECT_THAT(groq, Not(HasSubstr("\"provider\":\"openai\"")));
  const std::string seeing = list({.provider = "openai", .abilities = {api::Ability::kVision}, .json = true});
  EXPECT_THAT(seeing, HasSubstr("\"gpt-4o\""));
  EXPECT_THAT(seeing, Not(HasSubstr("text-embedding")));
  EXPECT_THAT(list({.text = "GPT-4O-MINI", .json = true}), HasSubstr("\"gpt-4o-mini\""));
  EXPECT_THAT(list({.text = "no such model"}), testing::StartsWith("0 models"));
}

TEST(ModelsList, JsonIsTheFormOfTheFiles) {
  const auto again = Catalogue::parse(list({.provider = "mistral", .json = true}), "list");
  ASSERT_TRUE(again);
  EXPECT_GT(again->size(), 10u);
}

TEST(ModelsList, TheOperatorsRowReplacesTheBuiltInOne) {
  const Catalogue mine =
      own("{\"provider\":\"openai\",\"model\":\"gpt-4o\",\"mode\":\"chat\",\"input\":1.23,\"output\":4.56}\n");
  EXPECT_EQ(lines(list({.json = true}, &mine)), Catalogue::built_in().size());
  EXPECT_THAT(list({.provider = "openai"}, &mine), HasSubstr("1.23"));
}

TEST(ModelsShow, OneRowOrAllOfThatName) {
  std::ostringstream out;
  std::ostringstream errors;
  EXPECT_EQ(show_model(out, errors, nullptr, "openai/gpt-4o"), 0);
  EXPECT_THAT(out.str(), HasSubstr("openai/gpt-4o\n  mode        chat\n"));
  EXPECT_THAT(out.str(), HasSubstr("2.5 in, 10 out, 1.25 cached read, ? cache write"));
  EXPECT_THAT(out.str(), HasSubstr("window      128000"));
  out.str("");
  EXPECT_EQ(show_model(out, errors, nullptr, "gpt-4o"), 0);
  EXPECT_THAT(out.str(), HasSubstr("azure/gpt-4o\n"));
  EXPECT_THAT(out.str(), HasSubstr("openai/gpt-4o\n"));
  EXPECT_TRUE(errors.str().empty());
}

TEST(ModelsShow, AnUnknownModelFailsWithSimilarOnes) {
  std::ostringstream out;
  std::ostringstream errors;
  EXPECT_EQ(show_model(out, errors, nullptr, "gpt-4o-mi"), 1);
  EXPECT_TRUE(out.str().empty());
  EXPECT_THAT(errors.str(), HasSubstr("the catalogue has no model gpt-4o-mi\n"));
  EXPECT_THAT(errors.str(), HasSubstr("similar: openai/gpt-4o-mini\n"));
}

TEST(ModelsImport, WritesRowsAndReportsTheRest) {
  std::ostringstream out;
  std::ostringstream report;
  const std::string_view text = R"({
    "a/m": {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    "a/bad": {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": -1, "output_cost_per_token": 2e-06}})";
  EXPECT_EQ(import_models(out, report, text, "prices.json", ""), 0);
  EXPECT_EQ(out.str(), "{\"provider\":\"a\",\"model\":\"m\",\"mode\":\"chat\",\"input\":1,\"output\":2}\n");
  EXPECT_THAT(report.str(), HasSubstr("models: 1\nskipped: 1\n"));
  EXPECT_THAT(report.str(), HasSubstr("negative: -1: a/bad"));
  EXPECT_TRUE(Catalogue::parse(out.str(), "imported"));
}

TEST(ModelsImport, NothingToImportIsAFailure) {
  std::ostringstream out;
  std::ostringstream report;
  EXPECT_EQ(import_models(out, report, "{", "prices.json", ""), 1);
  EXPECT_THAT(report.str(), HasSubstr("prices.json: "));
  EXPECT_EQ(import_models(out, report, "{}", "prices.json", ""), 1);
  EXPECT_TRUE(out.str().empty());
}

}  // namespace
}  // namespace fluxgate::catalogue
