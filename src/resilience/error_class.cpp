#include "fluxgate/resilience/error_class.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fluxgate/base/text.hpp"

namespace fluxgate::resilience {
namespace {

enum class Where : std::uint8_t {
  kId,    // a code, type or status string, whole
  kText,  // a part of a message
};

struct Row {
  ErrorClass means;
  Where where;
  std::string_view pattern;  // lower case
};

constexpr auto kLength = ErrorClass::kContextLength;
constexpr auto kFilter = ErrorClass::kContentFilter;
constexpr auto kUnsupported = ErrorClass::kUnsupportedParameter;
constexpr auto kTooLarge = ErrorClass::kTooLargeForQuota;
constexpr auto kQuota = ErrorClass::kInsufficientQuota;
constexpr auto kKey = ErrorClass::kInvalidCredential;
constexpr auto kModel = ErrorClass::kModelNotFound;
constexpr auto kRate = ErrorClass::kRateLimited;
constexpr auto kBusy = ErrorClass::kOverloaded;
constexpr auto kId = Where::kId;
constexpr auto kText = Where::kText;

// The first row that matches and may come with the status wins. Identifiers stand before messages because they cannot
// quote a prompt; the exception is what one identifier says of two things.
constexpr Row kRows[] = {
    {kTooLarge, kText, "request too large for"},                     // OpenAI 429, Groq 413: code rate_limit_exceeded
    {kLength, kId, "context_length_exceeded"},                       // OpenAI, Azure, Groq, DeepSeek
    {kLength, kId, "exceed_context_size_error"},                     // llama.cpp
    {kLength, kId, "model_max_prompt_tokens_exceeded"},              // GitHub Copilot
    {kLength, kId, "tokens_limit_reached"},                          // GitHub Models, 413
    {kFilter, kId, "content_filter"},                                // Azure
    {kFilter, kId, "responsibleaipolicyviolation"},                  // Azure, innererror
    {kFilter, kId, "content_policy_violation"},                      // OpenAI images
    {kFilter, kId, "moderation_blocked"},                            // OpenAI images
    {kFilter, kId, "data_inspection_failed"},                        // DashScope
    {kFilter, kId, "datainspectionfailed"},
    {kUnsupported, kId, "unsupported_parameter"},                    // OpenAI
    {kUnsupported, kId, "unsupported_value"},
    {kUnsupported, kId, "unknown_parameter"},
    {kUnsupported, kId, "extra_forbidden"},                          // Mistral and other pydantic servers, 422
    {kQuota, kId, "insufficient_quota"},                             // OpenAI 429
    {kQuota, kId, "billing_hard_limit_reached"},
    {kQuota, kId, "billing_not_active"},
    {kQuota, kId, "billing_error"},                                  // Anthropic 402
    {kModel, kId, "model_not_found"},                                // OpenAI, Groq
    {kModel, kId, "deploymentnotfound"},                             // Azure
    {kModel, kId, "model_not_available"},                            // Together
    {kModel, kId, "model_decommissioned"},                           // Groq, 400
    {kModel, kId, "invalid_model"},                                  // Mistral, 400
    {kModel, kId, "not_found_error"},                                // Anthropic
    {kKey, kId, "invalid_api_key"},
    {kKey, kId, "authentication_error"},
    {kKey, kId, "unauthenticated"},                                  // Google
    {kRate, kId, "rate_limit_exceeded"},
    {kRate, kId, "rate_limit_error"},                                // Anthropic, in-band
    {kRate, kId, "resource_exhausted"},                              // Google
    {kBusy, kId, "overloaded_error"},                                // Anthropic 529 and in-band
    {kBusy, kId, "engine_overloaded"},
    {kBusy, kId, "unavailable"},                                     // Google 503
    {kLength, kText, "maximum context length"},                      // OpenAI, vLLM, Mistral, Fireworks
    {kLength, kText, "context_length_exceeded"},                     // quoted by proxies
    {kLength, kText, "prompt is too long"},                          // Anthropic
    {kLength, kText, "exceed context limit"},                        // Anthropic: input length and `max_tokens`
    {kLength, kText, "exceeds the available context size"},          // llama.cpp
    {kLength, kText, "exceeds the maximum number of tokens allowed"},// Google
    {kLength, kText, "exceeds the context window"},                  // OpenAI Responses
    {kLength, kText, "too many tokens"},                             // Cohere
    {kLength, kText, "while limit is"},                              // Cerebras: current length is X while limit is Y
    {kLength, kText, "reduce the length of the messages"},           // Groq, OpenAI
    {kLength, kText, "`inputs` tokens + `max_new_tokens` must be"},  // TGI, Together
    {kLength, kText, "maximum prompt length"},                       // xAI
    {kLength, kText, "longer than the maximum model length"},        // vLLM
    {kLength, kText, "too long to fit into the model"},              // vLLM
    {kLength, kText, "longer than the model's context length"},      // SGLang
    {kLength, kText, "range of input length should be"},             // DashScope
    {kLength, kText, "input is too long for requested model"},       // Bedrock
    {kFilter, kText, "content management policy"},                   // Azure
    {kFilter, kText, "content filtering policy"},                    // Anthropic
    {kFilter, kText, "violating our usage policy"},                  // OpenAI reasoning models
    {kFilter, kText, "as a result of our safety system"},            // OpenAI images
    {kFilter, kText, "input was flagged"},                           // OpenRouter 403
    {kFilter, kText, "may contain inappropriate content"},           // DashScope
    {kUnsupported, kText, "unsupported parameter"},
    {kUnsupported, kText, "unsupported value"},
    {kUnsupported, kText, "unrecognized request argument"},          // older OpenAI and Azure
    {kUnsupported, kText, "extra inputs are not permitted"},         // Anthropic, vLLM
    {kUnsupported, kText, "no endpoints found that support"},        // OpenRouter 404
    {kUnsupported, kText, "does not support"},                       // Ollama: "m" does not support tools
    {kUnsupported, kText, "not supported with this model"},          // Groq
    {kUnsupported, kText, "not supported by this model"},
    {kUnsupported, kText, "not supported for this model"},
    {kUnsupported, kText, "requires --enable-auto-tool-choice"},     // vLLM started without a tool parser
    {kUnsupported, kText, "is not a multimodal model"},              // vLLM
    {kUnsupported, kText, "image input is not supported"},           // llama.cpp
    {kUnsupported, kText, "this model supports at most"},            // OpenAI: max_tokens is too large
    {kQuota, kText, "credit balance is too low"},                    // Anthropic, 400
    {kQuota, kText, "insufficient balance"},                         // DeepSeek 402
    {kQuota, kText, "insufficient credits"},                         // OpenRouter 402
    {kModel, kText, "is not a valid model id"},                      // OpenRouter 400
    {kModel, kText, "try pulling it first"},                         // Ollama
    {kModel, kText, "unable to access model"},                       // Together
    {kKey, kText, "api key not valid"},                              // Google, 400
    {kRate, kText, "service tier capacity exceeded"},                // Mistral
    {kBusy, kText, "overloaded"},
};

constexpr bool one_of(int status, std::initializer_list<int> statuses) {
  for (const int s : statuses) {
    if (s == status) return true;
  }
  return false;
}

// Whether an error of this class can come with this status. 200 is in-band: anything can. 500 because self-hosted
// servers answer it for requests they cannot take.
bool fits(ErrorClass means, int status) {
  if (status == 200) return true;
  switch (means) {
    case ErrorClass::kContextLength:
    case ErrorClass::kUnsupportedParameter: return one_of(status, {400, 404, 413, 422, 500});
    case ErrorClass::kContentFilter: return one_of(status, {400, 403, 422, 451});
    case ErrorClass::kTooLargeForQuota: return one_of(status, {400, 413, 429});
    case ErrorClass::kInsufficientQuota: return one_of(status, {400, 402, 403, 429});
    case ErrorClass::kInvalidCredential: return one_of(status, {400, 401, 403});
    case ErrorClass::kModelNotFound: return one_of(status, {400, 403, 404, 410, 422});
    case ErrorClass::kRateLimited: return one_of(status, {400, 403, 413, 500, 503});
    case ErrorClass::kOverloaded: return one_of(status, {500, 503, 529});
    case ErrorClass::kNone: break;
  }
  return false;
}

// What an error body says, lower case.
struct Words {
  std::vector<std::string> ids;
  std::string text;
};

constexpr std::size_t kLongestText = 8 * 1024;
constexpr std::size_t kMostIds = 32;
constexpr int kDeepest = 6;

bool is_id(std::string_view key) {
  return key == "code" || key == "type" || key == "status" || key == "error_type" || key == "reason";
}

// `raw` is the provider's own body as OpenRouter quotes it. Keys that hold the client's words (`input`, `param`) are
// not among them.
bool is_text(std::string_view key) {
  return key == "message" || key == "msg" || key == "detail" || key == "error" || key == "errors" || key == "raw";
}

class Collector {
 public:
  Words take() && { return std::move(words_); }

  void walk(const nlohmann::json& node, std::string_view key, int depth) {
    if (depth > kDeepest) return;
    if (node.is_object()) {
      for (const auto& [name, child] : node.items()) walk(child, name, depth + 1);
    } else if (node.is_array()) {
      for (const auto& child : node) walk(child, key, depth + 1);
    } else if (node.is_string()) {
      const std::string_view value = node.get_ref<const std::string&>();
      if (is_id(key) && words_.ids.size() < kMostIds) words_.ids.push_back(to_lower(value));
      if (is_text(key)) add_text(value);
    }
  }

  void add_text(std::string_view text) {
    if (words_.text.size() >= kLongestText) return;
    words_.text += to_lower(text.substr(0, kLongestText));
    words_.text += '\n';   // so that no pattern spans two messages
  }

 private:
  Words words_;
};

Words read_body(std::string_view body) {
  Collector collector;
  const nlohmann::json tree = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (tree.is_discarded()) {
    collector.add_text(body);   // plain text, or HTML of something in between
  } else {
    collector.walk(tree, tree.is_string() ? "message" : "", 0);
  }
  return std::move(collector).take();
}

bool matches(const Row& row, const Words& words) {
  if (row.where == Where::kText) return words.text.find(row.pattern) != std::string::npos;
  return std::find(words.ids.begin(), words.ids.end(), row.pattern) != words.ids.end();
}

}  // namespace

ErrorClass recognise(int status, std::string_view body) {
  if (body.empty() || body.size() > kLongestErrorBody) return ErrorClass::kNone;
  const Words words = read_body(body);
  for (const Row& row : kRows) {
    if (fits(row.means, status) && matches(row, words)) return row.means;
  }
  return ErrorClass::kNone;
}

}  // namespace fluxgate::resilience
