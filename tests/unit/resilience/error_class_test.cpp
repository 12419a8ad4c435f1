#include "fluxgate/resilience/error_class.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fluxgate::resilience {
namespace {

using E = ErrorClass;

struct Case {
  const char* from;
  int status;
  const char* body;
  E expected;
};

const Case kWordings[] = {
    // context length
    {"OpenAI", 400,
     R"({"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted )"
     R"(in 140010 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
     E::kContextLength},
    {"OpenAI Responses", 400,
     R"({"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try )"
     R"(again.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}})",
     E::kContextLength},
    {"vLLM old", 400,
     R"({"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 )"
     R"(tokens.","type":"BadRequestError","param":null,"code":400})",
     E::kContextLength},
    {"vLLM new", 400,
     R"({"error":{"message":"The decoder prompt (length 9000) is longer than the maximum model length of )"
     R"(8192.","type":"BadRequestError","param":null,"code":400}})",
     E::kContextLength},
    {"SGLang", 400,
     R"({"object":"error","message":"The input (40000 tokens) is longer than the model's context length (32768 )"
     R"(tokens).","type":"BadRequestError","code":400})",
     E::kContextLength},
    {"llama.cpp", 400,
     R"({"error":{"code":400,"message":"the request exceeds the available context size, try increasing )"
     R"(it","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}})",
     E::kContextLength},
    {"Anthropic", 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > )"
     R"(200000 maximum"}})",
     E::kContextLength},
    {"Anthropic max_tokens", 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed )"
     R"(context limit: 190000 + 20000 > 200000, decrease input length"}})",
     E::kContextLength},
    {"Groq", 400,
     R"({"error":{"message":"Please reduce the length of the messages or )"
     R"(completion.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
     E::kContextLength},
    {"Mistral", 400,
     R"({"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 )"
     R"(maximum context length","type":"invalid_request_prompt","param":null,"code":"3051"})",
     E::kContextLength},
    {"Together", 422,
     R"({"error":{"message":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 4000 )"
     R"(`inputs` tokens and 512 `max_new_tokens`","type":"invalid_request_error","param":null,"code":null}})",
     E::kContextLength},
    {"Cerebras", 400,
     R"({"message":"Please reduce the length of the messages or completion. Current length is 9000 while limit is )"
     R"(8192","type":"invalid_request_error","code":"context_length_exceeded"})",
     E::kContextLength},
    {"Cohere", 400, R"({"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081"})",
     E::kContextLength},
    {"Google, in an array", 400,
     R"([{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens )"
     R"(allowed (1048576).","status":"INVALID_ARGUMENT"}}])",
     E::kContextLength},
    {"GitHub Models", 413,
     R"({"error":{"code":"tokens_limit_reached","message":"Request body too large for gpt-4o model. Max size: 8000 )"
     R"(tokens."}})",
     E::kContextLength},
    {"a proxy's 500", 500, R"({"error":"litellm.BadRequestError: ... 'code': 'context_length_exceeded'"})",
     E::kContextLength},
    // content filter
    {"Azure", 400,
     R"({"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content )"
     R"(management )"
     R"(policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleA)"
     R"(IPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}})",
     E::kContentFilter},
    {"OpenAI", 400,
     R"({"error":{"message":"Your request was rejected as a result of our safety )"
     R"(system.","type":"image_generation_user_error","param":null,"code":"moderation_blocked"}})",
     E::kContentFilter},
    {"OpenAI reasoning", 400,
     R"({"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage )"
     R"(policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}})",
     E::kContentFilter},
    {"Anthropic", 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering )"
     R"(policy"}})",
     E::kContentFilter},
    {"OpenRouter", 403,
     R"({"error":{"code":403,"message":"openai/gpt-4 requires moderation on OpenAI. Your input was flagged for )"
     R"(\"violence\"","metadata":{"reasons":["violence"]}}})",
     E::kContentFilter},
    {"DashScope", 400,
     R"({"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate )"
     R"(content.","type":"data_inspection_failed"}})",
     E::kContentFilter},
    // unsupported
    {"OpenAI", 400,
     R"({"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use )"
     R"('max_completion_tokens' )"
     R"(instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}})",
     E::kUnsupportedParameter},
    {"OpenAI value", 400,
     R"({"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this )"
     R"(model.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}})",
     E::kUnsupportedParameter},
    {"OpenAI output", 400,
     R"({"error":{"message":"max_tokens is too large: 100000. This model supports at most 16384 completion tokens, )"
     R"(whereas you provided 100000.","type":"invalid_request_error","param":"max_tokens","code":"invalid_value"}})",
     E::kUnsupportedParameter},
    {"Mistral", 422,
     R"({"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","logit_bias"],"msg":"Extra )"
     R"(inputs are not permitted","input":{}}]},"type":"invalid_request_error","code":null})",
     E::kUnsupportedParameter},
    {"vLLM tools", 400,
     R"({"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser )"
     R"(to be set","type":"BadRequestError","code":400})",
     E::kUnsupportedParameter},
    {"vLLM images", 400,
     R"({"object":"error","message":"llama is not a multimodal model","type":"BadRequestError","code":400})",
     E::kUnsupportedParameter},
    {"Groq", 400,
     R"({"error":{"message":"`tool calling` is not supported with this model","type":"invalid_request_error"}})",
     E::kUnsupportedParameter},
    {"Ollama", 400,
     R"({"error":"registry.ollama.ai/library/gemma:2b does not support tools"})", E::kUnsupportedParameter},
    {"OpenRouter", 404, R"({"error":{"message":"No endpoints found that support tool use.","code":404}})",
     E::kUnsupportedParameter},
    {"llama.cpp", 500,
     R"({"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, you may need to )"
     R"(provide the mmproj","type":"server_error"}})",
     E::kUnsupportedParameter},
    // quota, credential
    {"OpenAI", 429,
     R"({"error":{"message":"You exceeded your current quota, please check your plan and billing )"
     R"(details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})",
     E::kInsufficientQuota},
    {"Anthropic", 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access )"
     R"(the Anthropic API."}})",
     E::kInsufficientQuota},
    {"DeepSeek", 402,
     R"({"error":{"message":"Insufficient )"
     R"(Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}})",
     E::kInsufficientQuota},
    {"Google per minute is no lack of money", 429,
     R"([{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing )"
     R"(details.","status":"RESOURCE_EXHAUSTED"}}])",
     E::kNone},
    {"Google", 400,
     R"([{"error":{"code":400,"message":"API key not valid. Please pass a valid API )"
     R"(key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}])",
     E::kInvalidCredential},
    {"OpenAI", 401,
     R"({"error":{"message":"Incorrect API key )"
     R"(provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})",
     E::kInvalidCredential},
    // model
    {"OpenAI", 404,
     R"({"error":{"message":"The model `gpt-9` does not exist or you do not have access to )"
     R"(it.","type":"invalid_request_error","param":null,"code":"model_not_found"}})",
     E::kModelNotFound},
    {"OpenAI project", 403,
     R"({"error":{"message":"Project `proj_x` does not have access to model )"
     R"(`gpt-4`","type":"invalid_request_error","param":null,"code":"model_not_found"}})",
     E::kModelNotFound},
    {"Azure", 404,
     R"({"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}})",
     E::kModelNotFound},
    {"Groq", 400,
     R"({"error":{"message":"The model `mixtral` has been decommissioned and is no longer )"
     R"(supported.","type":"invalid_request_error","code":"model_decommissioned"}})",
     E::kModelNotFound},
    {"Mistral", 400,
     R"({"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"})",
     E::kModelNotFound},
    {"OpenRouter", 400, R"({"error":{"message":"foo/bar is not a valid model ID","code":400}})", E::kModelNotFound},
    {"Ollama", 404, R"({"error":"model \"x\" not found, try pulling it first"})", E::kModelNotFound},
    // rates and load
    {"Groq TPM", 413,
     R"({"error":{"message":"Request too large for model `llama` in organization `o` on tokens per minute (TPM): )"
     R"(Limit 6000, Requested 9000","type":"tokens","code":"rate_limit_exceeded"}})",
     E::kTooLargeForQuota},
    {"OpenAI TPM", 429,
     R"({"error":{"message":"Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested )"
     R"(12000.","type":"tokens","param":null,"code":"rate_limit_exceeded"}})",
     E::kTooLargeForQuota},
    {"Anthropic in-band", 200, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
     E::kOverloaded},
    {"Anthropic", 529,
     R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", E::kOverloaded},
    {"Google", 503,
     R"({"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}})",
     E::kOverloaded},
    {"OpenRouter in-band", 200,
     R"({"error":{"code":429,"message":"Rate limit exceeded","type":"rate_limit_exceeded"}})",
     E::kRateLimited},
    {"OpenRouter quotes the provider", 400,
     R"({"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"This )"
     R"(model's maximum context length is 8192 tokens\"}}","provider_name":"X"}}})",
     E::kContextLength},
    {"plain text", 400, "prompt is too long", E::kContextLength},
    {"a JSON string", 400, "\"prompt is too long\"", E::kContextLength},
};

TEST(Recognise, Wordings) {
  for (const Case& c : kWordings) {
    EXPECT_EQ(to_string(recognise(c.status, c.body)), to_string(c.expected)) << c.from << " " << c.body;
  }
}

TEST(Recognise, NothingWhereThereIsNothing) {
  for (const char* body : {"", "{", "{}", "[]", "null", "42", "<html>502 Bad Gateway</html>", R"({"error":null})",
                           R"({"error":{"message":null,"code":42,"type":{}}})", "\xff\xfe\x00",
                           R"({"error":{"message":"something else","type":"invalid_request_error"}})"}) {
    for (const int status : {200, 400, 404, 429, 500}) EXPECT_EQ(recognise(status, body), E::kNone) << body;
  }
}

// A message may quote the client's words; the status must agree with the class.
TEST(Recognise, TheStatusMustFit) {
  EXPECT_EQ(recognise(400, R"({"error":{"message":"bad token id 429 rate limit overloaded","code":null}})"), E::kNone);
  EXPECT_EQ(recognise(429,
     R"({"error":{"message":"maximum context length","code":"context_length_exceeded"}})"), E::kNone);
  EXPECT_EQ(recognise(401, R"({"error":{"message":"content management policy"}})"), E::kNone);
  EXPECT_EQ(recognise(503, R"({"error":{"code":"insufficient_quota"}})"), E::kNone);
  EXPECT_EQ(recognise(502, R"({"error":{"code":"invalid_api_key"}})"), E::kNone);
}

TEST(Recognise, ClientWordsAreNotLookedAt) {
  EXPECT_EQ(recognise(422,
     R"({"detail":[{"loc":["body","n"],"msg":"must be 1","input":"prompt is too long","type":"int"}]})"),
            E::kNone);
  EXPECT_EQ(recognise(400, R"({"error":{"message":"bad value","param":"content_filter"}})"), E::kNone);
}

TEST(Recognise, LargeAndDeepBodiesAreSafe) {
  EXPECT_EQ(recognise(400, std::string(kLongestErrorBody + 1, ' ')), E::kNone);
  EXPECT_EQ(recognise(400, std::string(30000, '[') + std::string(30000, ']')), E::kNone);
  std::string deep = R"("prompt is too long")";
  for (int i = 0; i < 20; ++i) deep = R"({"error":)" + deep + "}";
  EXPECT_EQ(recognise(400, deep), E::kNone);
  const std::string late = R"({"error":{"message":")" + std::string(20000, 'x') + R"( prompt is too long"}})";
  EXPECT_EQ(recognise(400, late), E::kNone);
}

}  // namespace
}  // namespace fluxgate::resilience
