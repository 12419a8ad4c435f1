#include "fluxgate/config/defaults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fluxgate/config/address.hpp"
#include "unit/config/config_test_support.hpp"

namespace fluxgate::config {
namespace {

Config loaded(std::map<std::string, std::string, std::less<>> variables, bool ollama) {
  const auto result = default_config(options_with(std::move(variables)).env, ollama);
  for (const auto& diagnostic : result.diagnostics) ADD_FAILURE() << format(diagnostic);
  return result.config.value_or(Config{});
}

std::vector<std::string> names(const Config& config) {
  std::vector<std::string> out;
  for (const auto& provider : config.providers) out.push_back(provider.name);
  return out;
}

TEST(Defaults, WithNothingTheSimulatorAnswers) {
  const auto config = loaded({}, false);
  ASSERT_THAT(names(config), testing::ElementsAre("sim"));
  EXPECT_EQ(config.providers[0].kind, ProviderKind::kSim);
  ASSERT_EQ(config.routes.size(), 1u);
  EXPECT_TRUE(config.routes[0].match.is_default);
  EXPECT_EQ(config.file, "");
}

TEST(Defaults, OpenAiPassesEveryNameOn) {
  const auto config = loaded({{"OPENAI_API_KEY", "sk-1"}}, false);
  ASSERT_THAT(names(config), testing::ElementsAre("openai"));
  EXPECT_EQ(config.providers[0].api_key.reveal(), "sk-1");
  EXPECT_EQ(config.targets[0].model, "*");
  EXPECT_EQ(config.targets[0].strip_prefix, "openai/");
  EXPECT_EQ(config.routes.back().name, "default");
  EXPECT_THAT(config.routes.back().targets, testing::ElementsAre("openai"));
}

TEST(Defaults, SeveralKeysShareByPrefix) {
  const auto config = loaded({{"MISTRAL_API_KEY", "m"}, {"GROQ_API_KEY", "g"}, {"XAI_API_KEY", ""}}, true);
  ASSERT_THAT(names(config), testing::ElementsAre("groq", "mistral", "ollama"));  // an empty variable is no key
  EXPECT_THAT(config.routes[1].match.models, testing::ElementsAre("mistral/*"));
  EXPECT_THAT(config.routes[3].targets, testing::ElementsAre("groq"));
  EXPECT_TRUE(config.providers[2].allow_private);
  EXPECT_EQ(config.providers[2].base_url, "http://127.0.0.1:11434/v1");
  EXPECT_FALSE(config.providers[1].stream_usage);
}

TEST(Defaults, OllamaAloneIsTheDefault) {
  const auto config = loaded({}, true);
  ASSERT_THAT(names(config), testing::ElementsAre("ollama"));
  EXPECT_THAT(config.routes.back().targets, testing::ElementsAre("ollama"));
}

TEST(Defaults, EveryWellKnownProviderLoads) {
  const auto config = loaded({{"OPENAI_API_KEY", "1"}, {"GROQ_API_KEY", "1"}, {"MISTRAL_API_KEY", "1"},
                              {"DEEPSEEK_API_KEY", "1"}, {"OPENROUTER_API_KEY", "1"}, {"TOGETHER_API_KEY", "1"},
                              {"XAI_API_KEY", "1"}, {"FIREWORKS_API_KEY", "1"}, {"CEREBRAS_API_KEY", "1"},
                              {"PERPLEXITY_API_KEY", "1"}},
                             true);
  EXPECT_EQ(config.providers.size(), 11u);
  EXPECT_EQ(config.routes.size(), 12u);
  for (const auto& provider : config.providers) EXPECT_TRUE(parse_base_url(provider.base_url)) << provider.name;
}

TEST(Defaults, TheTextHoldsNoKey) {
  const auto text = default_yaml(options_with({{"OPENAI_API_KEY", "sk-secret"}}).env, false);
  EXPECT_THAT(text, testing::HasSubstr("{ env: OPENAI_API_KEY }"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("sk-secret")));
}

TEST(Defaults, AKeyNoHeaderCanCarryIsAnError) {
  const auto result = default_config(options_with({{"OPENAI_API_KEY", "a\nb"}}).env, false);
  EXPECT_FALSE(result.config);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].key, "providers.openai.api_key.env");
}

// The files users copy from: no error and no warning.
TEST(Samples, AllLoadWithoutAWord) {
  const auto options = options_with({{"OPENAI_API_KEY", "1"}, {"GROQ_API_KEY", "1"}});
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FLUXGATE_SOURCE_DIR "/config")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    const auto result = load_file(entry.path(), options);
    for (const auto& diagnostic : result.diagnostics) ADD_FAILURE() << format(diagnostic);
    EXPECT_TRUE(result.config);
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace fluxgate::config
