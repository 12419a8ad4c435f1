// What an upstream's error body says beyond its status: the same status 400 stands for a prompt that is too long, a
// parameter this model lacks and plain nonsense, and each has another remedy.
//
// Recognised are the wordings of OpenAI, Azure, Anthropic, Google, Mistral, Groq, Together, Cohere, Cerebras, DeepSeek,
// OpenRouter, DashScope, vLLM, SGLang, TGI, llama.cpp and Ollama, in the bodies {"error":{code,type,message}},
// {"error":"text"}, [{"error":...}], {"message","type","code"}, {"detail":...} and plain text. Codes and types are
// compared whole, messages by parts. A class only counts with a status it can come with: a message may quote the
// client's own prompt, and a quoted "rate limit" must not cool a target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fluxgate::resilience {

enum class ErrorClass : std::uint8_t {
  kNone,                  // nothing known; the status decides
  kContextLength,         // the prompt (with the answer asked for) does not fit the window
  kContentFilter,         // the provider's moderation refused the prompt or the answer
  kUnsupportedParameter,  // this model cannot do what was asked; another may
  kTooLargeForQuota,      // the one request is larger than the account's tokens per minute: waiting does not help
  kInsufficientQuota,     // the account behind the key has no money or quota left
  kInvalidCredential,     // the key is wrong, told with a status other than 401
  kModelNotFound,         // no such model or deployment, or it is switched off
  kRateLimited,           // too many requests, told with a status other than 429
  kOverloaded,            // the provider is short of capacity
};

constexpr std::string_view to_string(ErrorClass c) {
  constexpr std::string_view kNames[] = {"none",
                                         "context_length",
                                         "content_filter",
                                         "unsupported_parameter",
                                         "too_large_for_quota",
                                         "insufficient_quota",
                                         "invalid_credential",
                                         "model_not_found",
                                         "rate_limited",
                                         "overloaded"};
  return kNames[static_cast<std::size_t>(c)];
}

// Longer bodies are not looked at: error bodies are short, and this runs on the data plane.
inline constexpr std::size_t kLongestErrorBody = 64 * 1024;

// Pure; any bytes are allowed. `status` 200 is an error inside an answer (in-band).
ErrorClass recognise(int status, std::string_view body);

}  // namespace fluxgate::resilience
