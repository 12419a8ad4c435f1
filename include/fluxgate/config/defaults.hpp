// The configuration of `fluxgate serve` without a file: whatever the environment holds keys for.
#pragma once

#include <string>

#include "fluxgate/config/loader.hpp"

namespace fluxgate::config {

// As YAML, so that it can be printed as a starting point. One provider for each well-known key variable that is set
// (OPENAI_API_KEY, GROQ_API_KEY, ...), reachable as <provider>/<model>; the first also takes every other model name.
// Ollama joins if it answers. With none of them, the simulated provider answers everything.
std::string default_yaml(const EnvLookup& env, bool ollama_answers);

// That text, loaded. An error is possible: a key variable may hold bytes that no header can carry.
LoadResult default_config(const EnvLookup& env, bool ollama_answers);

}  // namespace fluxgate::config
