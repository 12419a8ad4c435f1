// The responses endpoint: one output item, a message or a function call. Stateless: nothing is stored.
#include <algorithm>
#include <string>
#include <utility>

#include "sim/handlers.hpp"

namespace fluxgate::sim {
namespace {

struct Call {
  Json response;                    // every key, with status in_progress, no output and no usage
  std::string item_id;
  std::string call_id;              // of a function call; differs from the item's id
  std::optional<std::string> tool;
  Generation generation;
  std::size_t input_tokens = 0;

  std::size_t tokens() const { return tool ? 1 : generation.pieces.size(); }
  bool incomplete() const { return !tool && generation.cut_short; }
};

Json text_part(std::string text) {
  Json out;
  out["type"] = "output_text";
  out["text"] = std::move(text);
  out["annotations"] = Json::array();
  out["logprobs"] = Json::array();
  return out;
}

// The output item: as a skeleton while it is in progress, whole afterwards.
Json item_of(const Call& call, bool done) {
  Json item;
  item["id"] = call.item_id;
  const bool whole = done && !call.incomplete();
  const std::string_view status = !done ? "in_progress" : whole ? "completed" : "incomplete";
  if (call.tool) {
    item["type"] = "function_call";
    item["status"] = status;
    item["call_id"] = call.call_id;
    item["name"] = *call.tool;
    item["arguments"] = done ? "{}" : "";
    return item;
  }
  item["type"] = "message";
  item["status"] = status;
  item["role"] = "assistant";
  item["content"] = Json::array();
  if (done) item["content"].push_back(text_part(call.generation.text()));
  return item;
}

Json finished(const Call& call) {
  Json out = call.response;
  out["status"] = call.incomplete() ? "incomplete" : "completed";
  if (call.incomplete()) out["incomplete_details"] = {{"reason", "max_output_tokens"}};
  out["output"] = Json::array({item_of(call, true)});
  Json usage;
  usage["input_tokens"] = call.input_tokens;
  usage["input_tokens_details"] = {{"cached_tokens", 0}};
  usage["output_tokens"] = call.tokens();
  usage["output_tokens_details"] = {{"reasoning_tokens", 0}};
  usage["total_tokens"] = call.input_tokens + call.tokens();
  out["usage"] = std::move(usage);
  return out;
}

class ResponseStream {
 public:
  ResponseStream(const Call& call, const config::Sim& options) : call_(call), builder_(options) {}

  Answer run() {
    add("response.created", {{"response", call_.response}});
    add("response.in_progress", {{"response", call_.response}});
    add("response.output_item.added", {{"output_index", 0}, {"item", item_of(call_, false)}});
    if (call_.tool) {
      add_arguments();
    } else {
      add_text();
    }
    add("response.output_item.done", {{"output_index", 0}, {"item", item_of(call_, true)}});
    add(call_.incomplete() ? "response.incomplete" : "response.completed", {{"response", finished(call_)}});
    return builder_.finish();
  }

 private:
  std::string event(std::string_view type, const Json& rest) {
    Json out;
    out["type"] = type;
    out["sequence_number"] = sequence_++;
    out.update(rest);
    return sse_event(type, out);
  }

  void add(std::string_view type, const Json& rest) { builder_.add(event(type, rest)); }
  void add_token(std::string_view type, const Json& rest) { builder_.add_token(event(type, rest)); }

  Json position() const {
    Json out;
    out["item_id"] = call_.item_id;
    out["output_index"] = 0;
    return out;
  }

  void add_arguments() {
    Json delta = position();
    delta["delta"] = "{}";
    add_token("response.function_call_arguments.delta", delta);
    Json done = position();
    done["name"] = *call_.tool;
    done["arguments"] = "{}";
    add("response.function_call_arguments.done", done);
  }

  void add_text() {
    Json place = position();
    place["content_index"] = 0;
    Json part = place;
    part["part"] = text_part("");
    add("response.content_part.added", part);
    for (const std::string& piece : call_.generation.pieces) {
      Json delta = place;
      delta["delta"] = piece;
      delta["logprobs"] = Json::array();
      add_token("response.output_text.delta", delta);
    }
    Json text = place;
    text["text"] = call_.generation.text();
    text["logprobs"] = Json::array();
    add("response.output_text.done", text);
    part["part"] = text_part(call_.generation.text());
    add("response.content_part.done", part);
  }

  const Call& call_;
  StreamBuilder builder_;
  std::size_t sequence_ = 0;
};

// What the request set is echoed, as the real service does.
Json skeleton(const Json& body, const Context& context) {
  const auto echo = [&body](std::string_view name, Json fallback) {
    const Json& sent = field(body, name);
    return sent.is_null() ? std::move(fallback) : sent;
  };
  Json out;
  out["id"] = context.id("resp_");
  out["object"] = "response";
  out["created_at"] = context.now;
  out["status"] = "in_progress";
  out["background"] = false;
  out["error"] = nullptr;
  out["incomplete_details"] = nullptr;
  out["instructions"] = echo("instructions", nullptr);
  out["max_output_tokens"] = echo("max_output_tokens", nullptr);
  out["model"] = text_field(body, "model");
  out["output"] = Json::array();
  out["parallel_tool_calls"] = echo("parallel_tool_calls", true);
  out["previous_response_id"] = nullptr;
  out["reasoning"] = {{"effort", nullptr}, {"summary", nullptr}};
  out["store"] = false;
  out["temperature"] = echo("temperature", 1.0);
  out["text"] = echo("text", Json{{"format", {{"type", "text"}}}});
  out["tool_choice"] = echo("tool_choice", "auto");
  out["tools"] = echo("tools", Json::array());
  out["top_p"] = echo("top_p", 1.0);
  out["truncation"] = "disabled";
  out["usage"] = nullptr;
  out["metadata"] = echo("metadata", Json::object());
  return out;
}

Generation generate(const Json& body, const config::Sim& options, std::size_t limit) {
  const Json& format = field(field(body, "text"), "format");
  const std::string type = text_field(format, "type");
  if (type != "json_object" && type != "json_schema") return filler(options.tokens, limit);
  return in_pieces(json_text(field(format, "schema")), limit);
}

}  // namespace

Answer responses(const Json& body, const Context& context) {
  const Json& input = field(body, "input");
  if (!input.is_string() && !input.is_array()) {
    return bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  if (!field(body, "previous_response_id").is_null()) {
    return bad_request("The simulated provider stores no responses.", "previous_response_id",
                       "previous_response_not_found");
  }
  const auto limit = count_field(body, "max_output_tokens", kNoLimit, kNoLimit);
  if (!limit) return to_answer(limit.error());

  Call call;
  call.response = skeleton(body, context);
  call.tool = forced_tool(body);
  call.item_id = context.id(call.tool ? "fc_" : "msg_");
  call.call_id = context.id("call_");
  call.generation = generate(body, context.options, *limit);
  call.input_tokens = std::max<std::size_t>(1, estimate_tokens(input) + estimate_tokens(field(body, "instructions")));
  if (flag(body, "stream")) return ResponseStream(call, context.options).run();
  Answer answer = json_answer(finished(call));
  answer.delay = generation_time(context.options, call.tokens());
  return answer;
}

}  // namespace fluxgate::sim
