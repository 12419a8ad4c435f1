#include "fluxgate/base/hash.hpp"
#include "fluxgate/dialects/openai/request_facts.hpp"

#include <simdjson.h>

#include <string>

#include "dialects/openai/facts_walk.hpp"
#include "fluxgate/json/request_scan.hpp"

namespace fluxgate::dialects::openai {
namespace {

namespace ondemand = simdjson::ondemand;

// A parser that has seen a huge body keeps six bytes for each of its bytes.
constexpr std::size_t kKeepCapacity = 1024 * 1024;

Error bad_json(const char* why) {
  return client_error(ErrorKind::kBadRequest, std::string("the request body is not valid JSON: ") + why);
}

}  // namespace

Result<ConversationFacts> FactsWalk::run(ondemand::document& document) {
  document_ = &document;
  out_.facts.body_bytes = body_.size();
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) {
    if (error == simdjson::INCORRECT_TYPE) return bad_json("it must be an object");
    return bad_json(simdjson::error_message(error));
  }
  each_member(object, [this](std::string_view key, Value value) { take(key, value); });
  if (broken_ != simdjson::SUCCESS) return bad_json(simdjson::error_message(broken_));
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return bad_json("something follows the object");
  finish();
  return std::move(out_);
}

// Fields of all endpoints; take() looks at `messages`, `input`, `prompt` and `instructions` by endpoint.
constexpr FactsWalk::Field FactsWalk::kFields[] = {
    {"model", &FactsWalk::take_model, true},
    {"stream", &FactsWalk::take_stream, true},
    {"tools", &FactsWalk::take_tools, false},
    {"functions", &FactsWalk::take_tools, false},
    {"tool_choice", &FactsWalk::take_tool_choice, true},
    {"function_call", &FactsWalk::take_tool_choice, true},
    {"parallel_tool_calls", &FactsWalk::take_parallel, true},
    {"response_format", &FactsWalk::take_response_format, false},
    {"text", &FactsWalk::take_text, false},
    {"reasoning_effort", &FactsWalk::take_effort, true},
    {"reasoning", &FactsWalk::take_reasoning, true},
    {"logprobs", &FactsWalk::take_logprobs, true},
    {"top_logprobs", &FactsWalk::take_top_logprobs, true},
    {"n", &FactsWalk::take_choices, true},
    {"best_of", &FactsWalk::take_choices, true},
    {"seed", &FactsWalk::take_seed, true},
    {"modalities", &FactsWalk::take_modalities, true},
    {"user", &FactsWalk::take_user, true},
    {"safety_identifier", &FactsWalk::take_safety_identifier, true},
    {"session_id", &FactsWalk::take_session_id, true},
    {"prompt_cache_key", &FactsWalk::take_cache_key, true},
    {"metadata", &FactsWalk::take_metadata, true},
    {"conversation", &FactsWalk::take_conversation, true},
};

void FactsWalk::take(std::string_view key, Value value) {
  switch (kind_) {
    case RequestKind::kChat:
      if (key == "messages") return take_messages(value);
      if (key == "prediction") return take_further_text(value);
      break;
    case RequestKind::kResponses:
      if (key == "input") return take_input(value);
      if (key == "instructions") return take_instructions(value);
      if (key == "prompt") return take_further_text(value);
      break;
    case RequestKind::kCompletions:
      if (key == "prompt") return take_prompt(value);
      break;
    case RequestKind::kEmbeddings:
      if (key == "input") return take_prompt(value);
      break;
  }
  for (const Field& field : kFields) {
    if (field.key != key) continue;
    if (wanted_.shape || !field.shape_only) (this->*field.take)(value);
    return;
  }
}

void FactsWalk::take_messages(Value value) {
  out_.split = has_list_;
  has_list_ = true;
  each_element_of(value, [this](Value item) { message(item); });
}

void FactsWalk::take_input(Value value) {
  if (is(value, Type::array)) return take_messages(value);
  plain_user_text(value, kNoMessage);
}

void FactsWalk::take_instructions(Value value) {
  text_.begin_message(kNoMessage);
  if (text_.add(value)) need(Ability::kSystemPrompt);
  text_.end_message(Role::kSystem, true);
}

// `prediction` of chat has content as a message has; a stored prompt has variables with a text or a part each.
void FactsWalk::take_further_text(Value value) {
  MessageNotes ignored;
  text_.begin_message(kNoMessage);
  each_member_of(value, [&](std::string_view key, Value member) {
    if (key == "content") content(member, ignored, 0);
    if (key != "variables") return;
    each_member_of(member, [&](std::string_view, Value variable) { content(variable, ignored, 0); });
  });
  text_.end_message(Role::kAssistant, false);
}

// A prompt that is no conversation: a string, several, token numbers, or several lists of them.
void FactsWalk::take_prompt(Value value) {
  if (!is(value, Type::array)) return plain_user_text(value, 0);
  std::uint16_t index = 0;
  text_.begin_message(0);
  std::uint64_t numbers = 0;
  each_element_of(value, [&](Value item) {
    if (is(item, Type::number)) {
      ++numbers;
      return;
    }
    text_.end_message(Role::kUser, false);
    text_.begin_message(index);
    texts_or_tokens(item);
    if (index < kNoMessage) ++index;
  });
  text_.add_known_tokens(numbers);
  text_.end_message(Role::kUser, false);
}

void FactsWalk::texts_or_tokens(Value value) {
  std::size_t count = 0;
  ondemand::array array;
  if (!is(value, Type::array)) {
    text_.add(value);
  } else if (sound(value.get_array().get(array)) && sound(array.count_elements().get(count))) {
    text_.add_known_tokens(count);
  }
}

void FactsWalk::plain_user_text(Value value, std::uint16_t index) {
  text_.begin_message(index);
  const bool is_text = text_.add(value);
  const bool framed = is_text && kind_ == RequestKind::kResponses;
  text_.end_message(Role::kUser, framed);
  if (framed && wanted_.tokens) {
    text_.begin_message(kNoMessage);
    text_.add_known_tokens(kAnswerTokens);
    text_.end_message(Role::kSystem, false);
  }
  if (is_text && kind_ != RequestKind::kEmbeddings) {
    increment(out_.facts.messages);
    increment(out_.facts.user_turns);
  }
}

void FactsWalk::take_tools(Value value) {
  if (!is(value, Type::array)) return;
  const std::string_view raw = raw_of(value);
  if (raw.find_first_not_of("[] \t\r\n") == std::string_view::npos) return;  // no tool in it
  need(Ability::kTools);
  text_.add_schema(raw, true);
}

void FactsWalk::take_tool_choice(Value value) {
  if (string_of(value) == "required") need(Ability::kToolChoiceRequired);
  bool named = true;
  bool allowed_tools = false;
  const bool is_object = each_member_of(value, [&](std::string_view key, Value member) {
    if (key == "type" && string_of(member) == "allowed_tools") allowed_tools = true;
    if (key == "mode") named = string_of(member) == "required";
    if (key == "allowed_tools") {
      each_member_of(member, [&](std::string_view inner, Value mode) {
        if (inner == "mode") named = string_of(mode) == "required";
      });
    }
  });
  if (is_object && (named || !allowed_tools)) need(Ability::kToolChoiceRequired);
}

void FactsWalk::take_parallel(Value value) {
  if (bool_of(value)) need(Ability::kParallelTools);
}

void FactsWalk::take_response_format(Value value) {
  each_member_of(value, [this](std::string_view key, Value member) {
    if (key == "type") {
      const std::string_view type = string_of(member);
      if (type == "json_object") need(Ability::kJsonObject);
      if (type == "json_schema") need(Ability::kJsonSchema);
    } else if (key == "json_schema" || key == "schema") {
      if (const std::string_view raw = raw_of(member); !raw.empty()) text_.add_schema(raw, false);
    }
  });
}

// The Responses API's place for response_format.
void FactsWalk::take_text(Value value) {
  each_member_of(value, [this](std::string_view key, Value member) {
    if (key == "format") take_response_format(member);
  });
}

// "none" asks for no reasoning, which every model can do.
void FactsWalk::take_effort(Value value) {
  const std::string_view effort = string_of(value);
  if (!effort.empty() && effort != "none") need(Ability::kReasoning);
}

void FactsWalk::take_reasoning(Value value) {
  each_member_of(value, [this](std::string_view key, Value member) {
    if (key == "effort") take_effort(member);
    if (key == "max_tokens" && count_of(member) > 0) need(Ability::kReasoning);
    if (key == "enabled" && bool_of(member).value_or(false)) need(Ability::kReasoning);
    if (key == "summary" && !string_of(member).empty()) need(Ability::kReasoning);
  });
}

// A flag of chat, a number (0 too) of completions.
void FactsWalk::take_logprobs(Value value) {
  if (is(value, Type::number) || bool_of(value).value_or(false)) need(Ability::kLogprobs);
}

void FactsWalk::take_top_logprobs(Value value) {
  if (count_of(value) > 0) need(Ability::kLogprobs);
}

void FactsWalk::take_choices(Value value) {
  if (count_of(value) > 1) need(Ability::kSeveralChoices);
}

void FactsWalk::take_seed(Value value) {
  if (is(value, Type::number)) need(Ability::kSeed);
}

void FactsWalk::take_modalities(Value value) {
  each_element_of(value, [this](Value item) {
    const std::string_view name = string_of(item);
    if (name == "audio") need(Ability::kAudioOutput);
    if (name == "image") need(Ability::kImageOutput);
  });
}

void FactsWalk::take_stream(Value value) {
  if (bool_of(value).value_or(false)) need(Ability::kStreaming);
}

void FactsWalk::take_model(Value value) { model_ = hash_text(string_of(value)); }

void FactsWalk::take_user(Value value) {
  if (const auto name = string_of(value); !name.empty()) user_ = hash_text(name);
}

void FactsWalk::take_safety_identifier(Value value) {
  if (const auto name = string_of(value); !name.empty()) safety_identifier_ = hash_text(name);
}

void FactsWalk::take_session(SessionSource source, Value value) {
  if (const auto id = string_of(value); !id.empty()) session_[source] = hash_text(id);
}

void FactsWalk::take_metadata(Value value) {
  each_member_of(value, [this](std::string_view key, Value member) {
    if (key == "session_id") take_session(kMetadata, member);
  });
}

// The Responses API's: an id, or an object with one.
void FactsWalk::take_conversation(Value value) {
  if (is(value, Type::string)) return take_session(kConversation, value);
  each_member_of(value, [this](std::string_view key, Value member) {
    if (key == "id") take_session(kConversation, member);
  });
}

void FactsWalk::finish() {
  api::RequestFacts& facts = out_.facts;
  if (kind_ == RequestKind::kEmbeddings) need(Ability::kEmbeddings);
  facts.user = safety_identifier_ != 0 ? safety_identifier_ : user_;
  std::uint64_t session = 0;
  for (const std::uint64_t candidate : session_) {
    if (session == 0) session = candidate;
  }
  text_.finish(model_, session);
  if (wanted_.shape) return;
  // The walk met these on its way, but not all of them: half an answer would be none.
  api::RequestFacts bare;
  bare.body_bytes = facts.body_bytes;
  bare.input_tokens = facts.input_tokens;
  bare.tokens_exact = facts.tokens_exact;
  bare.text = facts.text;
  facts = bare;
}

struct RequestFactsReader::Memory {
  ondemand::parser parser;
  PromptMemory prompt;
};

RequestFactsReader::RequestFactsReader() : memory_(std::make_unique<Memory>()) {}
RequestFactsReader::~RequestFactsReader() = default;
RequestFactsReader::RequestFactsReader(RequestFactsReader&&) noexcept = default;
RequestFactsReader& RequestFactsReader::operator=(RequestFactsReader&&) noexcept = default;

Result<ConversationFacts> RequestFactsReader::read(std::string_view body, RequestKind kind, FactsWanted wanted,
                                                   TokenCounter counter) {
  if (!wanted.any()) {
    ConversationFacts nothing;
    nothing.facts.body_bytes = body.size();
    return nothing;
  }
  memory_->prompt.clear();
  const simdjson::padded_string_view padded(body.data(), body.size(), body.size() + json::kPadding);
  ondemand::document document;
  if (const auto error = memory_->parser.iterate(padded).get(document)) {
    return bad_json(error == simdjson::EMPTY ? "it is empty" : simdjson::error_message(error));
  }
  return FactsWalk(body, kind, wanted, counter, memory_->prompt).run(document);
}

void RequestFactsReader::trim() {
  if (memory_->parser.capacity() > kKeepCapacity) memory_->parser = ondemand::parser();
  memory_->prompt.clear();
}

}  // namespace fluxgate::dialects::openai
