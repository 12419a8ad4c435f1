// chat/completions. The order of chunks: for each choice one with the role, the tokens with the choices interleaved,
// for each choice one with its finish reason, the usage if it was asked for, [DONE].
#include <algorithm>
#include <string>
#include <utility>

#include "sim/handlers.hpp"

namespace fluxgate::sim {
namespace {

struct Call {
  std::string id;
  std::string model;
  std::int64_t created = 0;
  std::size_t choices = 1;
  Generation generation;             // of every choice; they are alike
  std::optional<std::string> tool;   // called instead of an answer in text
  std::size_t prompt_tokens = 0;
  bool include_usage = false;

  std::string finish_reason() const {
    if (tool) return "tool_calls";
    return generation.cut_short ? "length" : "stop";
  }
  std::size_t tokens() const { return tool ? 1 : generation.pieces.size(); }
};

Generation generate(const Json& body, const config::Sim& options, std::size_t limit) {
  const Json& format = field(body, "response_format");
  const std::string type = text_field(format, "type");
  if (type != "json_object" && type != "json_schema") return filler(options.tokens, limit);
  return in_pieces(json_text(field(field(format, "json_schema"), "schema")), limit);
}

Json usage_of(const Call& call) {
  const std::size_t completion = call.tokens() * call.choices;
  Json usage;
  usage["prompt_tokens"] = call.prompt_tokens;
  usage["completion_tokens"] = completion;
  usage["total_tokens"] = call.prompt_tokens + completion;
  usage["prompt_tokens_details"] = {{"cached_tokens", 0}, {"audio_tokens", 0}};
  usage["completion_tokens_details"] = {{"reasoning_tokens", 0},
                                        {"audio_tokens", 0},
                                        {"accepted_prediction_tokens", 0},
                                        {"rejected_prediction_tokens", 0}};
  return usage;
}

// The keys that every object of one call shares.
Json envelope(const Call& call, std::string_view object) {
  Json out;
  out["id"] = call.id;
  out["object"] = object;
  out["created"] = call.created;
  out["model"] = call.model;
  out["service_tier"] = "default";
  out["system_fingerprint"] = "fp_sim";
  return out;
}

Json tool_call(const Call& call, std::size_t choice, std::string_view arguments) {
  Json out;
  out["id"] = "call_" + call.id + "_" + std::to_string(choice);
  out["type"] = "function";
  out["function"] = {{"name", *call.tool}, {"arguments", arguments}};
  return out;
}

Answer plain(const Call& call, const config::Sim& options) {
  Json choices = Json::array();
  for (std::size_t i = 0; i < call.choices; ++i) {
    Json message;
    message["role"] = "assistant";
    message["content"] = call.tool ? Json(nullptr) : Json(call.generation.text());
    if (call.tool) message["tool_calls"] = Json::array({tool_call(call, i, "{}")});
    message["refusal"] = nullptr;
    message["annotations"] = Json::array();
    Json choice;
    choice["index"] = i;
    choice["message"] = std::move(message);
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = call.finish_reason();
    choices.push_back(std::move(choice));
  }
  Json body = envelope(call, "chat.completion");
  body["choices"] = std::move(choices);
  body["usage"] = usage_of(call);
  Answer answer = json_answer(body);
  answer.delay = generation_time(options, call.tokens());
  return answer;
}

class ChatStream {
 public:
  ChatStream(const Call& call, const config::Sim& options) : call_(call), builder_(options) {}

  Answer run() {
    for (std::size_t i = 0; i < call_.choices; ++i) {
      Json delta;
      delta["role"] = "assistant";
      delta["content"] = call_.tool ? Json(nullptr) : Json("");
      delta["refusal"] = nullptr;
      builder_.add(chunk(i, std::move(delta), nullptr));
    }
    if (call_.tool) {
      add_tool_calls();
    } else {
      add_text();
    }
    for (std::size_t i = 0; i < call_.choices; ++i) builder_.add(chunk(i, Json::object(), call_.finish_reason()));
    if (call_.include_usage) {
      Json last = envelope(call_, "chat.completion.chunk");
      last["choices"] = Json::array();
      last["usage"] = usage_of(call_);
      builder_.add(sse_data(last));
    }
    builder_.add("data: [DONE]\n\n");
    return builder_.finish();
  }

 private:
  std::string chunk(std::size_t index, Json delta, Json finish_reason) const {
    Json choice;
    choice["index"] = index;
    choice["delta"] = std::move(delta);
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = std::move(finish_reason);
    Json out = envelope(call_, "chat.completion.chunk");
    out["choices"] = Json::array({std::move(choice)});
    if (call_.include_usage) out["usage"] = nullptr;
    return sse_data(out);
  }

  // All choices' pieces of one token go out together.
  void add_round(std::size_t choice, std::string bytes) {
    if (choice == 0) {
      builder_.add_token(std::move(bytes));
    } else {
      builder_.add(std::move(bytes));
    }
  }

  void add_text() {
    for (const std::string& piece : call_.generation.pieces) {
      for (std::size_t i = 0; i < call_.choices; ++i) {
        Json delta;
        delta["content"] = piece;
        add_round(i, chunk(i, std::move(delta), nullptr));
      }
    }
  }

  // Id, type and name come once, with empty arguments; then the arguments alone.
  void add_tool_calls() {
    for (std::size_t i = 0; i < call_.choices; ++i) {
      Json first;
      first["index"] = 0;
      first.update(tool_call(call_, i, ""));
      Json delta;
      delta["tool_calls"] = Json::array({std::move(first)});
      add_round(i, chunk(i, std::move(delta), nullptr));
    }
    for (std::size_t i = 0; i < call_.choices; ++i) {
      Json rest;
      rest["index"] = 0;
      rest["function"] = {{"arguments", "{}"}};
      Json delta;
      delta["tool_calls"] = Json::array({std::move(rest)});
      add_round(i, chunk(i, std::move(delta), nullptr));
    }
  }

  const Call& call_;
  StreamBuilder builder_;
};

}  // namespace

Answer chat_completions(const Json& body, const Context& context) {
  const Json& messages = field(body, "messages");
  if (!messages.is_array()) {
    return bad_request("Missing required parameter: 'messages'.", "messages", "missing_required_parameter");
  }
  if (messages.empty()) return bad_request("Invalid 'messages': empty array.", "messages", "empty_array");
  const auto choices = count_field(body, "n", 1, 128);
  if (!choices) return to_answer(choices.error());
  const auto older_limit = count_field(body, "max_tokens", kNoLimit, kNoLimit);
  if (!older_limit) return to_answer(older_limit.error());
  const auto limit = count_field(body, "max_completion_tokens", *older_limit, kNoLimit);
  if (!limit) return to_answer(limit.error());

  Call call;
  call.id = context.id("chatcmpl-");
  call.model = text_field(body, "model");
  call.created = context.now;
  call.choices = *choices;
  call.generation = generate(body, context.options, *limit);
  call.tool = forced_tool(body);
  call.prompt_tokens = std::max<std::size_t>(1, estimate_tokens(messages) + estimate_tokens(field(body, "tools")));
  call.include_usage = flag(field(body, "stream_options"), "include_usage");
  if (!flag(body, "stream")) return plain(call, context.options);
  return ChatStream(call, context.options).run();
}

}  // namespace fluxgate::sim
