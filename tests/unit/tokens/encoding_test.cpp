#include <gtest/gtest.h>

#include "fluxgate/tokens/count.hpp"

namespace fluxgate::tokens {
namespace {

TEST(Encodings, AreNamedAsTiktokenNamesThem) {
  EXPECT_EQ(parse_encoding("o200k_base"), Encoding::kO200k);
  EXPECT_EQ(parse_encoding("cl100k_base"), Encoding::kCl100k);
  EXPECT_EQ(parse_encoding("estimate"), Encoding::kEstimate);
  EXPECT_EQ(parse_encoding("O200K_BASE"), std::nullopt);
  EXPECT_EQ(parse_encoding(""), std::nullopt);
}

TEST(Encodings, OfModels) {
  for (const auto* model : {
      "gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1-nano", "gpt-5", "gpt-5.1-codex", "o1", "o1-preview", "o3-mini",
      "o4-mini", "gpt-oss-120b", "chatgpt-4o-latest", "openai/gpt-4o", "openrouter/openai/o3",
      "ft:gpt-4o-mini:acme::x1", "GPT-4o",
  }) {
    EXPECT_EQ(encoding_for_model(model), Encoding::kO200k) << model;
  }
  for (const auto* model : {
      "gpt-4", "gpt-4-turbo", "gpt-4-0613", "gpt-3.5-turbo", "gpt-35-turbo", "text-embedding-3-small",
      "text-embedding-ada-002", "ada-002", "azure/gpt-4", "ft:gpt-3.5-turbo:acme",
  }) {
    EXPECT_EQ(encoding_for_model(model), Encoding::kCl100k) << model;
  }
  for (const auto* model : {
      "", "claude-sonnet-4-5", "llama-3.3-70b", "gpt-2", "o1lama", "olmo-2", "openai/", "mistral/o", "my-gpt-4o",
  }) {
    EXPECT_EQ(encoding_for_model(model), Encoding::kEstimate) << model;
  }
}

}  // namespace
}  // namespace fluxgate::tokens
