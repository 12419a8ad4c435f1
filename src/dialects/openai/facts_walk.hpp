// The walk over a body that request_facts.hpp describes. Private to the reader: request_facts.cpp has the top level,
// request_messages.cpp what is in messages.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "dialects/openai/prompt_text.hpp"
#include "fluxgate/dialects/openai/request_facts.hpp"

namespace fluxgate::dialects::openai {

// What the members of a message said, before its role is known.
struct MessageNotes {
  std::optional<Role> role;
  bool has_tool_calls = false;
  bool is_tool_result = false;
  bool is_item = false;  // of the Responses API: a call, a result or a reasoning by itself
};

// What the members of a content part said.
struct PartNotes {
  bool image = false;
  bool low_detail = false;
  bool audio = false;
  std::size_t audio_chars = 0;
  bool file = false;
};

// Ids that name a conversation, best first.
enum SessionSource : std::uint8_t { kSessionId, kPromptCacheKey, kMetadata, kConversation, kSessionSources };

// One walk over a body.
class FactsWalk {
 public:
  FactsWalk(std::string_view body, RequestKind kind, FactsWanted wanted, TokenCounter counter, PromptMemory& memory)
      : body_(body), kind_(kind), wanted_(wanted), text_(wanted, counter, memory, out_) {}

  Result<ConversationFacts> run(simdjson::ondemand::document& document);

 private:
  using Ability = api::Ability;
  using Value = simdjson::ondemand::value;
  using Type = simdjson::ondemand::json_type;
  using Take = void (FactsWalk::*)(Value);
  struct Field {
    std::string_view key;
    Take take;
    bool shape_only;
  };
  static const Field kFields[];

  // --- reading ---

  // False if the JSON is broken here. A value of another type than the one asked for is not broken: it is passed over.
  bool sound(simdjson::error_code error) {
    if (error == simdjson::SUCCESS || error == simdjson::INCORRECT_TYPE) return error == simdjson::SUCCESS;
    broken_ = error;
    return false;
  }

  template <class Use>
  void each_member(simdjson::ondemand::object& object, Use use) {
    for (auto field : object) {
      std::string_view key;
      Value value;
      // A key that cannot be decoded is none of ours.
      if (const auto error = field.unescaped_key().get(key); error == simdjson::STRING_ERROR) {
        key = {};
      } else if (!sound(error)) {
        return;
      }
      if (!sound(field.value().get(value))) return;
      use(key, value);
      if (broken_ != simdjson::SUCCESS) return;
    }
  }
  template <class Use>
  bool each_member_of(Value value, Use use) {
    simdjson::ondemand::object object;
    if (!sound(value.get_object().get(object))) return false;
    each_member(object, use);
    return true;
  }
  template <class Use>
  bool each_element_of(Value value, Use use) {
    simdjson::ondemand::array array;
    if (!sound(value.get_array().get(array))) return false;
    for (auto element : array) {
      Value item;
      if (!sound(element.get(item))) return true;
      use(item);
      if (broken_ != simdjson::SUCCESS) return true;
    }
    return true;
  }

  static std::string_view string_of(Value value) {
    std::string_view text;
    if (!is(value, Type::string) || value.get_string().get(text) != simdjson::SUCCESS) return {};
    return text;
  }
  static bool is(Value value, Type wanted) {
    Type type;
    return value.type().get(type) == simdjson::SUCCESS && type == wanted;
  }
  static bool is_null(Value value) { return is(value, Type::null); }
  static std::optional<bool> bool_of(Value value) {
    bool flag = false;
    if (value.get_bool().get(flag) != simdjson::SUCCESS) return std::nullopt;
    return flag;
  }
  static std::uint64_t count_of(Value value) {
    std::uint64_t number = 0;
    return value.get_uint64().get(number) == simdjson::SUCCESS ? number : 0;
  }

  // The text of an array or object. Empty if it is neither.
  std::string_view raw_of(Value value) {
    std::string_view raw;
    simdjson::ondemand::object object;
    simdjson::ondemand::array array;
    if (is(value, Type::array)) {
      if (!sound(value.get_array().get(array)) || !sound(array.raw_json().get(raw))) return {};
      return raw.substr(0, raw.rfind(']') + 1);  // it runs up to the next token
    }
    if (!is(value, Type::object)) return {};
    if (!sound(value.get_object().get(object)) || !sound(object.raw_json().get(raw))) return {};
    return raw.substr(0, raw.rfind('}') + 1);
  }

  std::size_t offset_of(const char* at) const { return static_cast<std::size_t>(at - body_.data()); }

  // Just behind the value that has been walked.
  std::size_t walked_until(std::size_t begin) {
    const char* at = nullptr;
    std::size_t end = body_.size();
    if (document_->current_location().get(at) == simdjson::SUCCESS) end = offset_of(at);
    while (end > begin && body_[end - 1] != '}') --end;
    return end;
  }

  static void increment(std::uint16_t& count) {
    if (count < 0xffff) ++count;
  }
  void need(Ability ability) { out_.facts.needs.add(ability); }

  // --- the top level ---

  void take(std::string_view key, Value value);
  void take_messages(Value value);
  void take_input(Value value);
  void take_prompt(Value value);
  void take_instructions(Value value);
  void take_further_text(Value value);
  void take_tools(Value value);
  void take_tool_choice(Value value);
  void take_parallel(Value value);
  void take_response_format(Value value);
  void take_text(Value value);
  void take_effort(Value value);
  void take_reasoning(Value value);
  void take_logprobs(Value value);
  void take_top_logprobs(Value value);
  void take_choices(Value value);
  void take_seed(Value value);
  void take_modalities(Value value);
  void take_stream(Value value);
  void take_user(Value value);
  void take_safety_identifier(Value value);
  void take_session_id(Value value) { take_session(kSessionId, value); }
  void take_cache_key(Value value) { take_session(kPromptCacheKey, value); }
  void take_metadata(Value value);
  void take_conversation(Value value);
  void take_model(Value value);
  void take_session(SessionSource source, Value value);

  // --- messages ---

  void message(Value value);
  void message_member(std::string_view key, Value value, MessageNotes& message);
  void item_type(std::string_view type, MessageNotes& message);
  void content(Value value, MessageNotes& message, int depth);
  void part(Value value, MessageNotes& message, int depth);
  void part_member(std::string_view key, Value value, MessageNotes& message, PartNotes& part, int depth);
  void note_part(const PartNotes& part);
  void calls(Value value, MessageNotes& message);
  void call(Value value);
  void end_message(const MessageNotes& message, std::size_t begin, std::size_t end);
  void plain_user_text(Value value, std::uint16_t index);
  void texts_or_tokens(Value value);
  void finish();

  std::string_view body_;
  RequestKind kind_;
  FactsWanted wanted_;
  ConversationFacts out_;
  PromptText text_;
  simdjson::ondemand::document* document_ = nullptr;
  simdjson::error_code broken_ = simdjson::SUCCESS;
  bool has_list_ = false;  // `messages` or `input` was there
  std::uint64_t model_ = 0;
  std::uint64_t user_ = 0;
  std::uint64_t safety_identifier_ = 0;
  std::uint64_t session_[kSessionSources] = {};
};

}  // namespace fluxgate::dialects::openai
