#include "fluxgate/importers/litellm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "fluxgate/config/loader.hpp"

namespace fluxgate::importers {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

// name -> input file
std::map<std::string, fs::path> inputs() {
  std::map<std::string, fs::path> out;
  for (const auto& entry : fs::directory_iterator(fs::path(FLUXGATE_SOURCE_DIR) / "tests/golden/litellm")) {
    const std::string name = entry.path().filename().string();
    const auto end = name.find(".in.yaml");
    if (end != std::string::npos) out.emplace(name.substr(0, end), entry.path());
  }
  return out;
}

Import import_file(const std::string& name) {
  auto made = import_litellm(read(inputs().at(name)), "dir/" + name + ".in.yaml");
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

config::LoadResult load(const std::string& yaml) {
  config::LoadOptions options;
  options.check_files = false;
  options.env = [](std::string_view) -> std::optional<std::string> { return "value"; };
  return config::load_string(yaml, "imported.yaml", options);
}

config::Config loaded(const std::string& name) {
  auto result = load(import_file(name).yaml);
  EXPECT_TRUE(result.config);
  return std::move(result.config).value();
}

const config::Route& route(const config::Config& config, std::string_view name) {
  const auto found =
      std::find_if(config.routes.begin(), config.routes.end(), [&](auto& one) { return one.name == name; });
  if (found == config.routes.end()) throw std::runtime_error("no route " + std::string(name));
  return *found;
}

const config::Target& target(const config::Config& config, std::string_view name) {
  const auto found =
      std::find_if(config.targets.begin(), config.targets.end(), [&](auto& one) { return one.name == name; });
  if (found == config.targets.end()) throw std::runtime_error("no target " + std::string(name));
  return *found;
}

std::vector<std::string> lines(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& one : findings) out.push_back(format(one, "f"));
  return out;
}

// With FLUXGATE_UPDATE_GOLDEN in the environment the expected files are written instead; look at the difference.
TEST(LiteLlmGolden, EveryInputGivesItsOutput) {
  ASSERT_GE(inputs().size(), 8u);
  for (const auto& [name, path] : inputs()) {
    const Import made = import_file(name);
    const fs::path expected = path.parent_path() / (name + ".out.yaml");
    if (std::getenv("FLUXGATE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << made.yaml;
    EXPECT_EQ(made.yaml, read(expected)) << name;
    EXPECT_EQ(import_file(name).yaml, made.yaml) << name;
  }
}

TEST(LiteLlmGolden, EveryOutputPassesOurLoader) {
  for (const auto& [name, path] : inputs()) {
    const auto result = load(import_file(name).yaml);
    EXPECT_TRUE(result.config) << name;
    for (const auto& one : result.diagnostics) {
      EXPECT_NE(one.severity, config::Diagnostic::error) << name << ": " << config::format(one);
    }
  }
}

TEST(LiteLlmGolden, FindingsAreOneLineEachAndPlaced) {
  for (const auto& [name, path] : inputs()) {
    const Import made = import_file(name);
    EXPECT_FALSE(made.findings.empty());
    int line = 0;
    for (const auto& one : made.findings) {
      EXPECT_EQ(format(one, name).find('\n'), std::string::npos);
      EXPECT_GE(one.line, std::max(1, line)) << format(one, name);
      line = one.line;
      EXPECT_FALSE(one.path.empty());
    }
  }
}

TEST(LiteLlm, SecretsAreNeverCopied) {
  const Import made = import_file("secrets");
  EXPECT_THAT(made.yaml, Not(HasSubstr("literal-value")));
  for (const auto& line : lines(made.findings)) EXPECT_THAT(line, Not(HasSubstr("literal-value")));
  EXPECT_THAT(
      lines(made.findings),
      Contains(
          "f:3: manual: model_list[0].litellm_params.api_key: the key stands in the file and is not copied: put it "
          "into ${OPENAI_API_KEY}"));
  EXPECT_THAT(made.yaml, HasSubstr("OPENAI_API_KEY_2"));
}

TEST(LiteLlm, TheReferenceFileKeepsItsMeaning) {
  const auto config = loaded("reference");
  const auto& gpt = route(config, "gpt-4o");
  EXPECT_THAT(gpt.match.models, ElementsAre("gpt-4o", "gpt-4"));
  EXPECT_THAT(gpt.targets, ElementsAre("az-eu-1", "openai-gpt-4o"));
  EXPECT_THAT(gpt.fallback, ElementsAre("openrouter-google-gemini-2.5-pro"));
  EXPECT_EQ(gpt.policy.order_by, config::OrderBy::kLatency);
  EXPECT_EQ(gpt.attempts.max, 4u);
  EXPECT_EQ(gpt.attempts.deadline, std::chrono::seconds(60));
  EXPECT_EQ(gpt.attempts.first_token_timeout, std::chrono::seconds(20));
  EXPECT_EQ(config.breaker.consecutive, 4u);
  EXPECT_EQ(config.breaker.cooldown, std::chrono::seconds(30));
  const auto& azure = target(config, "az-eu-1");
  EXPECT_EQ(azure.catalogue, "gpt-4o");
  EXPECT_EQ(azure.context_window, 128000u);
  EXPECT_EQ(azure.requests_per_minute, 600u);
  EXPECT_EQ(azure.abilities.at("vision"), true);
  EXPECT_THAT(azure.labels, ElementsAre("eu"));
  EXPECT_EQ(config.providers[0].base_url, "https://x.openai.azure.com/openai/v1");
  EXPECT_TRUE(config.providers[0].api_key.empty());
  EXPECT_TRUE(config.providers[0].headers.contains("api-key"));
}

TEST(LiteLlm, SimpleShuffleByTheFirstThatIsThere) {
  const auto config = loaded("weights");
  const auto& by_weight = route(config, "by-weight");
  EXPECT_EQ(by_weight.balance, config::Balance::kWeighted);
  EXPECT_THAT(by_weight.targets, ElementsAre("openai-gpt-4o", "groq-llama-3.3-70b-versatile"));
  EXPECT_THAT(by_weight.fallback,
              ElementsAre("mistral-mistral-large-latest", "openai-gpt-4o-mini", "deepseek-deepseek-chat"));
  EXPECT_EQ(target(config, "openai-gpt-4o").weight, 3);
  EXPECT_EQ(target(config, "openai-gpt-4o-mini").weight, 900);
  EXPECT_EQ(target(config, "openai-gpt-4o-mini").max_concurrency, 20u);
  EXPECT_EQ(target(config, "xai-grok-3").weight, 1000000);  // the largest there is
  EXPECT_EQ(target(config, "cerebras-llama3.3-70b").weight, 250000);
  EXPECT_EQ(target(config, "xai-grok-3").tokens_per_minute, 4000000u);
  EXPECT_EQ(route(config, "even").targets.size(), 3u);  // one more for each organization
  EXPECT_THAT(route(config, "tiers").targets, ElementsAre("together_ai-meta-llama-Llama-3.3-70B-Instruct-Turbo"));
  EXPECT_EQ(route(config, "tiers").attempts.backoff, std::chrono::seconds(2));
}

TEST(LiteLlm, Wildcards) {
  const auto config = loaded("wildcards");
  EXPECT_EQ(target(config, route(config, "openai").targets[0]).strip_prefix, "openai/");
  EXPECT_EQ(target(config, route(config, "gpt").targets[0]).strip_prefix, "");
  EXPECT_EQ(target(config, route(config, "fast").targets[0]).strip_prefix, "fast/");
  EXPECT_EQ(target(config, route(config, "any-model-of-ours").targets[0]).model, "qwen2.5");
  EXPECT_TRUE(route(config, "everything-else").match.is_default);
  // A fallback that a wildcard takes becomes a target with a fixed name. "nowhere" is taken by "*".
  const auto& fallback = route(config, "main").fallback;
  ASSERT_EQ(fallback.size(), 3u);
  EXPECT_EQ(target(config, fallback[0]).model, "llama-3.3-70b-versatile");
  EXPECT_EQ(target(config, fallback[1]).model, "gpt-4o-mini");
  EXPECT_EQ(target(config, fallback[2]).model, "nowhere");
  EXPECT_EQ(std::count_if(config.routes.begin(), config.routes.end(), [](auto& one) { return one.name == "short"; }),
            0);
}

TEST(LiteLlm, TagsBecomeRoutes) {
  const auto config = loaded("tags");
  EXPECT_THAT(route(config, "chat").targets, ElementsAre("openai-gpt-4o-mini"));  // those tagged default
  const auto& paid = route(config, "chat-tag-paid");
  EXPECT_THAT(paid.targets, ElementsAre("openai-gpt-4o", "openai-gpt-4.1"));
  EXPECT_EQ(paid.match.headers.at("x-litellm-tags"), "paid");
  EXPECT_EQ(paid.precedence, 10);
  EXPECT_EQ(paid.balance, config::Balance::kLeastOutstanding);
  EXPECT_THAT(route(config, "chat-tag-team-a").targets, ElementsAre("openai-gpt-4.1"));
  EXPECT_THAT(target(config, "openai-gpt-4.1").labels, ElementsAre("paid", "team-a"));
  EXPECT_FALSE(config.breaker.enabled);
  ASSERT_TRUE(route(config, "mirror").shadow);
  EXPECT_EQ(route(config, "mirror").shadow->targets.size(), 3u);
}

TEST(LiteLlm, LocalServers) {
  const auto config = loaded("local");
  for (const auto& provider : config.providers) {
    const bool expected = provider.name != "fireworks_ai" && provider.base_url != "https://set-me.invalid/v1";
    EXPECT_EQ(provider.allow_private, expected) << provider.name;
  }
  EXPECT_EQ(config.providers[0].base_url, "http://ollama:11434/v1");
  EXPECT_EQ(route(config, "qwen").retries, 3u);
  EXPECT_EQ(route(config, "qwen").attempts.deadline, std::chrono::milliseconds(500));
  EXPECT_EQ(target(config, route(config, "custom").targets[0]).model, "accounts/fireworks/models/big");
  EXPECT_EQ(config.log.format, config::LogFormat::kJson);
}

TEST(LiteLlm, MergesCredentialsAndPrices) {
  const auto config = loaded("merged");
  const auto& fast = target(config, "groq-llama-3.1-8b-instant");
  EXPECT_EQ(fast.requests_per_minute, 30u);
  ASSERT_TRUE(fast.price);
  EXPECT_DOUBLE_EQ(fast.price->input, 0.05);
  EXPECT_DOUBLE_EQ(fast.price->output, 0.08);
  EXPECT_DOUBLE_EQ(fast.price->cached_input.value(), 0.01);
  EXPECT_EQ(fast.max_output_tokens, 8192u);
  EXPECT_EQ(fast.abilities.at("vision"), false);
  EXPECT_EQ(fast.abilities.at("json_schema"), true);
  const auto& free = target(config, "free-of-charge");
  ASSERT_TRUE(free.price);  // zero is a price
  EXPECT_EQ(free.price->input, 0);
  EXPECT_FALSE(target(config, "groq-gemma2-9b-it").price);
  EXPECT_TRUE(route(config, "half-price").content_filter_fallback);
  EXPECT_EQ(route(config, "fast").policy.order_by, config::OrderBy::kListed);  // its routing group
}

TEST(LiteLlm, NothingToTakeOverIsSaid) {
  const Import made = import_file("nothing");
  EXPECT_THAT(lines(made.findings), Contains(HasSubstr("not spoken yet by this version: anthropic")));
  EXPECT_THAT(lines(made.findings), Contains(HasSubstr("not spoken yet by this version: bedrock")));
  EXPECT_THAT(lines(made.findings), Contains(HasSubstr("unsupported: router_settings.routing_strategy")));
  EXPECT_THAT(lines(made.findings), Contains(HasSubstr("unsupported: mcp_servers")));
  EXPECT_THAT(lines(made.findings), Contains(HasSubstr("the simulated provider answers")));
}

// Everything the file says has a finding: for each key of the settings sections at least one path begins with it.
TEST(LiteLlm, NoSettingIsDroppedSilently) {
  const std::string yaml =
      "model_list: []\nrouter_settings: {a: 1, num_retries: x, fallbacks: 3, cooldown_time: -1}\n"
      "litellm_settings: {b: 2, callbacks: []}\ngeneral_settings: {c: 3}\nsearch_tools: []\n";
  auto made = import_litellm(yaml, "f");
  ASSERT_TRUE(made);
  for (const std::string_view path :
       {"router_settings.a", "router_settings.num_retries", "router_settings.fallbacks",
        "router_settings.cooldown_time", "litellm_settings.b", "general_settings.c", "search_tools"}) {
    EXPECT_TRUE(std::any_of(made->findings.begin(), made->findings.end(), [&](auto& one) { return one.path == path; }))
        << path;
  }
}

TEST(LiteLlm, OtherFilesAreRefused) {
  EXPECT_THAT(import_litellm("a: [1", "f").error().message, HasSubstr("line"));
  EXPECT_THAT(import_litellm("- 1\n", "f").error().message, HasSubstr("not a map"));
  EXPECT_THAT(import_litellm("listen: {}\n", "f").error().message, HasSubstr("no model_list"));
  std::string bomb = "model_list: &a0 [x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(import_litellm(bomb, "f").error().message, HasSubstr("too many values"));
}

// What the file calls things must not break out of our YAML.
TEST(LiteLlm, OddNamesStayText) {
  const std::string yaml =
      "model_list:\n"
      "  - {model_name: \"a: b # c - d\", litellm_params: {model: \"openai/x\\\"y\\\\z\"}}\n"
      "  - {model_name: \"a\\n- b\", litellm_params: {model: openai/x}}\n"
      "  - {model_name: \"yes\", litellm_params: {model: openai/123}}\n"
      "  - {model_name: \"\\u00e9\\u4e2d\", litellm_params: {model: openai/\\u00e9}}\n";
  auto made = import_litellm(yaml, "odd\nname.yaml");
  ASSERT_TRUE(made);
  const auto result = load(made->yaml);
  ASSERT_TRUE(result.config) << made->yaml << config::format(result.diagnostics.at(0));
  EXPECT_EQ(result.config->routes[0].match.models[0], "a: b # c - d");
  EXPECT_EQ(result.config->routes.size(), 3u);  // one has a line break in its name
  EXPECT_EQ(result.config->targets[0].model, "x\"y\\z");
  EXPECT_EQ(result.config->routes[1].match.models[0], "yes");
  EXPECT_EQ(result.config->routes[2].match.models[0], "\u00e9\u4e2d");
}

// Whatever single value of a file is odd, the result still loads.
TEST(LiteLlm, OddValuesStillGiveAConfiguration) {
  const std::vector<std::string> odd{"-1",    "0",           "1e300",     "1e-13", "[]",          "{}",
                                     "~",     "true",        "\"a\\tb\"", "[[x]]", "{a: {b: c}}", "os.environ/",
                                     "\"*\"", "http://[::1", "../../x",   "\"\""};
  std::size_t loads = 0;
  for (const auto& [name, path] : inputs()) {
    const std::string text = read(path);
    std::size_t pick = 0;
    for (std::size_t colon = text.find(": "); colon != std::string::npos; colon = text.find(": ", colon + 1)) {
      const std::size_t end = text.find_first_of(",}]\n", colon + 2);
      if (end == std::string::npos) continue;
      const std::string changed = text.substr(0, colon + 2) + odd[pick++ % odd.size()] + text.substr(end);
      auto made = import_litellm(changed, "f");
      if (!made) continue;  // no YAML any more
      const auto result = load(made->yaml);
      ASSERT_TRUE(result.config) << config::format(result.diagnostics.at(0)) << "\n" << changed << "\n" << made->yaml;
      ++loads;
    }
  }
  EXPECT_GT(loads, 100u);
}

}  // namespace
}  // namespace fluxgate::importers
