// The older completions endpoint: n choices for each prompt of a batch.
#include <string>
#include <utility>
#include <vector>

#include "sim/handlers.hpp"

namespace fluxgate::sim {
namespace {

constexpr std::size_t kDefaultTokens = 16;  // this endpoint's own default of max_tokens

struct Call {
  Json envelope;                     // id, object, created, model
  std::vector<std::string> echoes;   // what stands before each choice's answer; one a choice
  Generation generation;
  Json usage;
  bool include_usage = false;

  std::string finish_reason() const { return generation.cut_short ? "length" : "stop"; }
};

Json choice_of(std::size_t index, std::string text, Json finish_reason) {
  Json out;
  out["text"] = std::move(text);
  out["index"] = index;
  out["logprobs"] = nullptr;
  out["finish_reason"] = std::move(finish_reason);
  return out;
}

// A prompt is a text or a list of token numbers; a batch is a list of either.
std::vector<Json> prompts_of(const Json& prompt) {
  const bool batch = prompt.is_array() && !prompt.empty() && (prompt.front().is_string() || prompt.front().is_array());
  if (!batch) return {prompt};
  return {prompt.begin(), prompt.end()};
}

std::size_t tokens_of(const Json& prompt) { return prompt.is_array() ? prompt.size() : estimate_tokens(prompt); }

Answer plain(const Call& call, const config::Sim& options) {
  Json body = call.envelope;
  body["choices"] = Json::array();
  for (std::size_t i = 0; i < call.echoes.size(); ++i) {
    body["choices"].push_back(choice_of(i, call.echoes[i] + call.generation.text(), call.finish_reason()));
  }
  body["usage"] = call.usage;
  Answer answer = json_answer(body);
  answer.delay = generation_time(options, call.generation.pieces.size());
  return answer;
}

std::string chunk(const Call& call, Json choices, const Json& usage) {
  Json out = call.envelope;
  out["choices"] = std::move(choices);
  if (call.include_usage) out["usage"] = usage;
  return sse_data(out);
}

Answer stream(const Call& call, const config::Sim& options) {
  StreamBuilder builder(options);
  for (std::size_t i = 0; i < call.echoes.size(); ++i) {
    if (call.echoes[i].empty()) continue;
    builder.add(chunk(call, Json::array({choice_of(i, call.echoes[i], nullptr)}), nullptr));
  }
  for (const std::string& piece : call.generation.pieces) {
    std::string round;
    for (std::size_t i = 0; i < call.echoes.size(); ++i) {
      round += chunk(call, Json::array({choice_of(i, piece, nullptr)}), nullptr);
    }
    builder.add_token(std::move(round));
  }
  for (std::size_t i = 0; i < call.echoes.size(); ++i) {
    builder.add(chunk(call, Json::array({choice_of(i, "", call.finish_reason())}), nullptr));
  }
  if (call.include_usage) builder.add(chunk(call, Json::array(), call.usage));
  builder.add("data: [DONE]\n\n");
  return builder.finish();
}

}  // namespace

Answer completions(const Json& body, const Context& context) {
  const auto per_prompt = count_field(body, "n", 1, 128);
  if (!per_prompt) return to_answer(per_prompt.error());
  const auto limit = count_field(body, "max_tokens", kDefaultTokens, kNoLimit);
  if (!limit) return to_answer(limit.error());
  const std::vector<Json> prompts = prompts_of(field(body, "prompt"));
  if (prompts.size() * *per_prompt > 2048) return bad_request("Too many choices.", "prompt", "invalid_value");

  Call call;
  call.generation = filler(context.options.tokens, *limit);
  call.include_usage = flag(field(body, "stream_options"), "include_usage");
  std::size_t prompt_tokens = 0;
  for (const Json& prompt : prompts) {
    prompt_tokens += tokens_of(prompt);
    const bool echo = flag(body, "echo") && prompt.is_string();
    call.echoes.insert(call.echoes.end(), *per_prompt, echo ? prompt.get<std::string>() : std::string());
  }
  const std::size_t completion_tokens = call.echoes.size() * call.generation.pieces.size();
  call.usage["prompt_tokens"] = prompt_tokens;
  call.usage["completion_tokens"] = completion_tokens;
  call.usage["total_tokens"] = prompt_tokens + completion_tokens;
  call.envelope["id"] = context.id("cmpl-");
  call.envelope["object"] = "text_completion";
  call.envelope["created"] = context.now;
  call.envelope["model"] = text_field(body, "model");
  return flag(body, "stream") ? stream(call, context.options) : plain(call, context.options);
}

}  // namespace fluxgate::sim
