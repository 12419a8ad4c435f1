// LiteLLM's provider prefixes: which of them speak the OpenAI API, and where.
#pragma once

#include <string_view>

namespace fluxgate::importers {

enum class Speaks {
  kOpenAi,      // the OpenAI API itself
  kCompatible,  // the OpenAI API at base_url, or at api_base if that is empty
  kOllama,      // LiteLLM speaks its own API; we use its OpenAI-compatible one
  kAzure,       // by its OpenAI-compatible v1 API
  kOther,       // another dialect: not spoken by this version
};

struct LiteLlmProvider {
  std::string_view prefix;
  Speaks speaks = Speaks::kOther;
  std::string_view base_url{};
  std::string_view key_variable{};  // where LiteLLM looks for the key if none is given; empty: it needs none
};

// Null: no prefix of LiteLLM's that we know of.
const LiteLlmProvider* find_provider(std::string_view prefix);

// The provider that LiteLLM takes for a model name without a prefix; empty if it would refuse the name.
std::string_view provider_of_model(std::string_view model);

}  // namespace fluxgate::importers
