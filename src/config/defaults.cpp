#include "fluxgate/config/defaults.hpp"

#include <array>
#include <vector>

namespace fluxgate::config {
namespace {

struct WellKnown {
  std::string_view name;
  std::string_view key_variable;  // empty: needs no key
  std::string_view base_url;      // empty: kind openai
  bool stream_usage;              // false: refuses stream_options, or sends usage unasked
  bool allow_private;
};

// In the order of preference for the default route.
constexpr std::array<WellKnown, 10> kWithKey{{
    {"openai", "OPENAI_API_KEY", "", true, false},
    {"groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1", true, false},
    {"mistral", "MISTRAL_API_KEY", "https://api.mistral.ai/v1", false, false},
    {"deepseek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1", true, false},
    {"openrouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1", true, false},
    {"together", "TOGETHER_API_KEY", "https://api.together.xyz/v1", true, false},
    {"xai", "XAI_API_KEY", "https://api.x.ai/v1", true, false},
    {"fireworks", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1", true, false},
    {"cerebras", "CEREBRAS_API_KEY", "https://api.cerebras.ai/v1", true, false},
    {"perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai", false, false},
}};

constexpr WellKnown kOllama{"ollama", "", "http://127.0.0.1:11434/v1", true, true};

constexpr std::string_view kSimulated = R"(# No provider's key is set (OPENAI_API_KEY, GROQ_API_KEY, ...).
# So the built-in simulated provider answers.
providers:
  sim: { kind: sim }
targets:
  sim: { provider: sim, model: "*" }
routes:
  - { name: default, match: { model: default }, targets: [sim] }
)";

std::vector<WellKnown> present(const EnvLookup& env, bool ollama_answers) {
  std::vector<WellKnown> out;
  for (const auto& one : kWithKey) {
    const auto key = env ? env(one.key_variable) : std::nullopt;
    if (key && !key->empty()) out.push_back(one);
  }
  if (ollama_answers) out.push_back(kOllama);
  return out;
}

std::string provider_line(const WellKnown& one) {
  std::string out = "  " + std::string(one.name) + ": { kind: ";
  out += one.base_url.empty() ? "openai" : "openai_compatible, base_url: \"" + std::string(one.base_url) + "\"";
  if (!one.key_variable.empty()) out += ", api_key: { env: " + std::string(one.key_variable) + " }";
  if (one.allow_private) out += ", allow_private: true";
  if (!one.stream_usage) out += ", stream_usage: false";
  return out + " }\n";
}

}  // namespace

std::string default_yaml(const EnvLookup& env, bool ollama_answers) {
  const auto found = present(env, ollama_answers);
  if (found.empty()) return std::string(kSimulated);
  std::string providers = "providers:\n";
  std::string targets = "targets:\n";
  std::string routes = "routes:\n";
  for (const auto& one : found) {
    const std::string name(one.name);
    providers += provider_line(one);
    targets += "  " + name + ": { provider: " + name + ", model: \"*\", strip_prefix: " + name + "/ }\n";
    routes += "  - { name: " + name + ", match: { model: " + name + "/* }, targets: [" + name + "] }\n";
  }
  const std::string first(found.front().name);
  routes += "  - { name: default, match: { model: default }, targets: [" + first + "] }\n";
  return "# Made from the provider keys found in the environment. Clients ask for " + first +
         "/MODEL and the like; a model name\n# without a provider goes to " +
         first + ".\n" + providers + targets + routes;
}

LoadResult default_config(const EnvLookup& env, bool ollama_answers) {
  LoadOptions options;
  options.env = env;
  auto result = load_string(default_yaml(env, ollama_answers), "built-in", options);
  if (result.config) result.config->file.clear();  // it came from no file
  return result;
}

}  // namespace fluxgate::config
