#include "fluxgate/catalogue/litellm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fluxgate::catalogue {
namespace {

using api::Ability;
using testing::HasSubstr;

struct Sorted {
  std::map<std::string, ModelInfo> models;       // by provider/model
  std::map<std::string, std::string> skipped;    // by key
  std::map<std::string, std::string> remarks;    // by key
};

Sorted convert(std::string_view text, std::string_view today = {}) {
  const auto converted = convert_litellm(text, "prices.json", today);
  Sorted out;
  EXPECT_TRUE(converted) << (converted ? "" : converted.error().message);
  if (!converted) return out;
  for (const auto& model : converted->models) out.models[model.provider + "/" + model.model] = model;
  for (const auto& remark : converted->skipped) out.skipped[remark.key] = remark.reason;
  for (const auto& remark : converted->remarks) out.remarks[remark.key] = remark.reason;
  return out;
}

TEST(LiteLlm, AnEntryBecomesARow) {
  const Sorted result = convert(R"({"groq/llama-9": {
      "litellm_provider": "groq", "mode": "chat", "max_input_tokens": 131072, "max_output_tokens": 32768,
      "max_tokens": 1,
      "input_cost_per_token": 5.9e-07, "output_cost_per_token": 7.9e-07, "cache_read_input_token_cost": 2.95e-07,
      "cache_creation_input_token_cost": 7.375e-07, "supports_function_calling": true, "supports_vision": false,
      "supports_response_schema": true, "supports_reasoning": null, "deprecation_date": "2027-02-03",
      "supported_modalities": ["text", "audio"], "some_new_field": {"x": 1}}})");
  ASSERT_TRUE(result.models.contains("groq/llama-9"));
  const ModelInfo& info = result.models.at("groq/llama-9");
  EXPECT_EQ(to_line(info),
            R"({"provider":"groq","model":"llama-9","mode":"chat","input":0.59,"output":0.79,"cached_input":0.295,)"
            R"("cache_write":0.7375,"context_window":131072,"max_output_tokens":32768,)"
            R"("can":["audio_input","tools","json_schema"],"cannot":["vision"],"deprecation":"2027-02-03"})");
  EXPECT_TRUE(result.skipped.empty());
  EXPECT_TRUE(result.remarks.empty());
}

TEST(LiteLlm, PricesThatAreNotPricesAreRefusedWithTheReason) {
  const Sorted result = convert(R"({
    "a/text":     {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": "1e-06",
                   "output_cost_per_token": 2e-06},
    "a/negative": {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": 1e-06,
                   "output_cost_per_token": -2e-06},
    "a/huge":     {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": 1.5, "output_cost_per_token": 2.5},
    "a/list":     {"litellm_provider": "a", "mode": "chat", "max_input_tokens": [1]},
    "a/half":     {"litellm_provider": "a", "mode": "chat", "max_input_tokens": 0.5},
    "a/flag":     {"litellm_provider": "a", "mode": "chat", "supports_vision": "yes"},
    "a/number":   7})");
  EXPECT_TRUE(result.models.empty());
  EXPECT_EQ(result.skipped.at("a/text"), "input_cost_per_token: not a number: \"1e-06\"");
  EXPECT_THAT(result.skipped.at("a/negative"), HasSubstr("output_cost_per_token: negative"));
  EXPECT_THAT(result.skipped.at("a/huge"), HasSubstr("input: must be 0 to"));
  EXPECT_THAT(result.skipped.at("a/list"), HasSubstr("max_input_tokens: not a number"));
  EXPECT_THAT(result.skipped.at("a/half"), HasSubstr("max_input_tokens: not a count of tokens"));
  EXPECT_THAT(result.skipped.at("a/flag"), HasSubstr("supports_vision: neither true nor false"));
  EXPECT_EQ(result.skipped.at("a/number"), "not an object");
}

TEST(LiteLlm, NullAndAbsentAreUnknown) {
  const Sorted result = convert(R"({"a/m": {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": null,
      "output_cost_per_token": null, "max_input_tokens": null, "supports_vision": null}})");
  const ModelInfo& info = result.models.at("a/m");
  EXPECT_FALSE(info.price);
  EXPECT_FALSE(info.context_window);
  EXPECT_TRUE(info.abilities.yes.empty());
  EXPECT_TRUE(info.abilities.no.empty());
}

TEST(LiteLlm, ZeroIsAPriceOnlyOfWhatIsFree) {
  const Sorted result = convert(R"({
    "ollama/m":  {"litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0},
    "cohere/r":  {"litellm_provider": "cohere", "mode": "rerank", "input_cost_per_token": 0,
                  "input_cost_per_query": 0.002},
    "a/m":       {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 0},
    "openai/e":  {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08}})");
  ASSERT_TRUE(result.models.at("ollama/m").price);
  EXPECT_EQ(result.models.at("ollama/m").price->input, 0);
  EXPECT_FALSE(result.models.at("cohere/r").price);
  EXPECT_THAT(result.remarks.at("cohere/r"), HasSubstr("zero"));
  EXPECT_FALSE(result.models.at("a/m").price);
  ASSERT_TRUE(result.models.at("openai/e").price);  // an embedding has no output to pay
  EXPECT_EQ(result.models.at("openai/e").price->output, 0);
  EXPECT_TRUE(result.models.at("openai/e").abilities.yes.has(Ability::kEmbeddings));
}

TEST(LiteLlm, TiersOfBothKinds) {
  const Sorted result = convert(R"({
    "gemini/g": {"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1.25e-06,
      "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-07,
      "input_cost_per_token_above_200k_tokens": 2.5e-06,
      "output_cost_per_token_above_200k_tokens": 1.5e-05, "input_cost_per_token_above_200k_tokens_batches": 9e-06},
    "dashscope/q": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
      {"range": [0, 32000.0], "input_cost_per_token": 3e-07, "output_cost_per_token": 1.5e-06},
      {"range": [32000.0, 128000.0], "input_cost_per_token": 5e-07, "output_cost_per_token": 2.5e-06}]}})");
  const ModelInfo& gemini = result.models.at("gemini/g");
  ASSERT_EQ(gemini.tiers.size(), 1u);
  EXPECT_EQ(gemini.tiers[0].above, 200000u);
  EXPECT_DOUBLE_EQ(gemini.tiers[0].price.input, 2.5);
  EXPECT_DOUBLE_EQ(gemini.tiers[0].price.output, 15);
  const ModelInfo& qwen = result.models.at("dashscope/q");
  ASSERT_TRUE(qwen.price);
  EXPECT_DOUBLE_EQ(qwen.price->input, 0.3);
  ASSERT_EQ(qwen.tiers.size(), 1u);
  EXPECT_EQ(qwen.tiers[0].above, 32000u);
  EXPECT_DOUBLE_EQ(qwen.tiers[0].price.output, 2.5);
}

TEST(LiteLlm, DoubtfulFactsAreLeftOutOfTheRow) {
  const Sorted result = convert(R"({
    "a/window": {"litellm_provider": "a", "mode": "chat", "max_input_tokens": 8192, "max_output_tokens": 16384},
    "a/cache":  {"litellm_provider": "a", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06,
                 "cache_read_input_token_cost": 2e-06},
    "a/date":   {"litellm_provider": "a", "mode": "chat", "deprecation_date": "next year"}})");
  EXPECT_EQ(result.models.at("a/window").context_window, 8192u);
  EXPECT_FALSE(result.models.at("a/window").max_output_tokens);
  EXPECT_TRUE(result.models.at("a/cache").price);
  EXPECT_FALSE(result.models.at("a/cache").price->cached_input);
  EXPECT_TRUE(result.models.at("a/date").deprecation.empty());
  EXPECT_EQ(result.remarks.size(), 3u);
}

TEST(LiteLlm, WhatCannotBeRoutedOrIsGoneIsSkipped) {
  const Sorted result = convert(R"({
    "sample_spec": {"litellm_provider": "one of", "mode": "one of"},
    "a/video":  {"litellm_provider": "a", "mode": "video_generation"},
    "a/none":   {"litellm_provider": "a"},
    "b":        {"mode": "chat"},
    "a/gone":   {"litellm_provider": "a", "mode": "chat", "deprecation_date": "2026-11-24"},
    "a/today":  {"litellm_provider": "a", "mode": "chat", "deprecation_date": "2026-11-25"}})",
                                "2026-11-25");
  EXPECT_THAT(result.models, testing::ElementsAre(testing::Key("a/today")));
  EXPECT_EQ(result.skipped.at("a/video"), "mode video_generation is not routed");
  EXPECT_EQ(result.skipped.at("a/none"), "no mode");
  EXPECT_EQ(result.skipped.at("b"), "no litellm_provider");
  EXPECT_EQ(result.skipped.at("a/gone"), "retired");
  EXPECT_TRUE(result.skipped.contains("sample_spec"));
}

TEST(LiteLlm, NamesLoseTheirProviderAndAliasesAreFollowed) {
  const Sorted result = convert(R"({
    "deepseek-x":          {"litellm_provider": "deepseek", "mode": "chat", "max_input_tokens": 1000},
    "deepseek/deepseek-x": {"litellm_provider": "deepseek", "mode": "chat", "max_input_tokens": 2000},
    "groq/openai/gpt-oss-20b": {"litellm_provider": "groq", "mode": "chat"},
    "together_ai/a/b":     {"litellm_provider": "together_ai", "mode": "chat"},
    "vertex_ai/claude-x":  {"litellm_provider": "vertex_ai-anthropic_models", "mode": "chat"},
    "azure_ai/c-latest":   {"alias_of": "azure_ai/c-5"},
    "azure_ai/c-5":        {"litellm_provider": "azure_ai", "mode": "chat", "max_input_tokens": 5},
    "azure_ai/lost":       {"alias_of": "nobody"}})");
  EXPECT_EQ(result.models.at("deepseek/deepseek-x").context_window, 2000u);
  EXPECT_EQ(result.skipped.at("deepseek-x"), "the same model under a longer key");
  EXPECT_TRUE(result.models.contains("groq/openai/gpt-oss-20b"));
  EXPECT_EQ(result.models.at("groq/openai/gpt-oss-20b").tokenizer, "o200k_base");
  EXPECT_TRUE(result.models.contains("together/a/b"));
  EXPECT_TRUE(result.models.contains("vertex_ai/claude-x"));
  EXPECT_EQ(result.models.at("azure_ai/c-latest").context_window, 5u);
  EXPECT_EQ(result.skipped.at("azure_ai/lost"), "no litellm_provider");
}

TEST(LiteLlm, TheTokenizerIsKnownOnlyOfOpenAisModels) {
  const auto tokenizer = [](const std::string& model) {
    const std::string key = "openai/" + model;
    return convert("{\"" + key + R"(": {"litellm_provider": "openai", "mode": "chat"}})").models.at(key).tokenizer;
  };
  EXPECT_EQ(tokenizer("gpt-4o-mini"), "o200k_base");
  EXPECT_EQ(tokenizer("gpt-4.1"), "o200k_base");
  EXPECT_EQ(tokenizer("o3"), "o200k_base");
  EXPECT_EQ(tokenizer("gpt-4"), "cl100k_base");
  EXPECT_EQ(tokenizer("gpt-4-turbo"), "cl100k_base");
  EXPECT_EQ(tokenizer("gpt-3.5-turbo"), "cl100k_base");
  EXPECT_EQ(tokenizer("ft:gpt-4o-2024-08-06"), "o200k_base");
  EXPECT_EQ(tokenizer("text-embedding-3-small"), "cl100k_base");
  EXPECT_EQ(tokenizer("gpt-99"), "");
  EXPECT_EQ(tokenizer("llama-3"), "");
}

TEST(LiteLlm, TextThatIsNoPriceFileIsRefusedWithItsPlace) {
  const auto broken = convert_litellm("{\n\"a\": {\n!", "prices.json", {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "prices.json: 3: not JSON");
  EXPECT_FALSE(convert_litellm("[]", "prices.json", {}));
  EXPECT_FALSE(convert_litellm("", "prices.json", {}));
}

}  // namespace
}  // namespace fluxgate::catalogue
