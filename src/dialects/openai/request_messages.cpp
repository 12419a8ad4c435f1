#include <algorithm>

#include "dialects/openai/facts_walk.hpp"

namespace fluxgate::dialects::openai {
namespace {

// Parts may hold parts (a tool's result holds text and images). Deeper ones are nobody's dialect.
constexpr int kPartDepth = 3;

}  // namespace

void FactsWalk::message(Value value) {
  if (!is(value, Type::object)) return;
  const std::size_t begin = offset_of(value.raw_json_token().data());
  const std::size_t index = std::min<std::size_t>(out_.messages.size(), kNoMessage);
  text_.begin_message(static_cast<std::uint16_t>(index));
  MessageNotes found;
  each_member_of(value, [&](std::string_view key, Value member) { message_member(key, member, found); });
  if (broken_ == simdjson::SUCCESS) end_message(found, begin, walked_until(begin));
}

void FactsWalk::message_member(std::string_view key, Value value, MessageNotes& message) {
  if (key == "role") {
    const std::string_view role = string_of(value);
    if (role == "system" || role == "developer") message.role = Role::kSystem;
    if (role == "user") message.role = Role::kUser;
    if (role == "assistant") message.role = Role::kAssistant;
    if (role == "tool" || role == "function") message.role = Role::kTool;
  } else if (key == "content" || key == "output" || key == "summary") {
    content(value, message, 0);
  } else if (key == "refusal" || key == "reasoning_content" || key == "arguments" || key == "input") {
    text_.add(value);
  } else if (key == "name") {
    if (text_.add(value)) text_.add_known_tokens(kNameTokens);
  } else if (key == "tool_calls") {
    calls(value, message);
  } else if (key == "function_call") {
    if (is_null(value)) return;
    message.has_tool_calls = true;
    call(value);
  } else if (key == "type") {
    item_type(string_of(value), message);
  }
}

// Items of the Responses API without a role: function_call, custom_tool_call, computer_call, function_call_output, ...
void FactsWalk::item_type(std::string_view type, MessageNotes& message) {
  if (type.ends_with("_call_output")) {
    message.is_tool_result = message.is_item = true;
  } else if (type.ends_with("_call")) {
    message.has_tool_calls = message.is_item = true;
  } else if (type == "reasoning") {
    message.is_item = true;
  }
}

void FactsWalk::content(Value value, MessageNotes& message, int depth) {
  if (text_.add(value)) return;
  if (is(value, Type::object)) return part(value, message, depth);
  each_element_of(value, [&](Value item) {
    if (!text_.add(item)) part(item, message, depth);
  });
}

void FactsWalk::part(Value value, MessageNotes& message, int depth) {
  PartNotes found;
  each_member_of(value, [&](std::string_view key, Value member) {
    part_member(key, member, message, found, depth);
  });
  note_part(found);
}

void FactsWalk::part_member(std::string_view key, Value value, MessageNotes& message, PartNotes& part, int depth) {
  if (key == "text" || key == "refusal" || key == "thinking") {
    text_.add(value);
  } else if (key == "type") {
    const std::string_view type = string_of(value);
    part.image |= type == "image_url" || type == "input_image" || type == "image" || type == "computer_screenshot";
    part.audio |= type == "input_audio";
    part.file |= type == "file" || type == "input_file" || type == "document" || type == "document_url";
    message.is_tool_result |= type == "tool_result";
    message.has_tool_calls |= type == "tool_use";
  } else if (key == "image_url") {
    part.image |= !is_null(value);
    each_member_of(value, [&](std::string_view inner, Value member) {
      if (inner == "detail") part.low_detail = string_of(member) == "low";
    });
  } else if (key == "detail") {
    part.low_detail = string_of(value) == "low";
  } else if (key == "input_audio") {
    part.audio |= !is_null(value);
    each_member_of(value, [&](std::string_view inner, Value member) {
      if (inner == "data") part.audio_chars = member.raw_json_token().size();
    });
  } else if (key == "file" || key == "file_data" || key == "file_url") {
    part.file |= !is_null(value);
  } else if (key == "content" && depth < kPartDepth) {
    content(value, message, depth + 1);
  }
}

void FactsWalk::note_part(const PartNotes& part) {
  if (part.image) {
    need(Ability::kVision);
    increment(out_.facts.images);
    text_.add_guessed_tokens(part.low_detail ? kLowDetailImageTokens : kImageTokens);
  }
  if (part.audio) {
    need(Ability::kAudioInput);
    text_.add_guessed_tokens(1 + part.audio_chars / kAudioCharsPerToken);
  }
  if (part.file) {
    need(Ability::kFiles);
    text_.add_guessed_tokens(kFileTokens);
  }
}

void FactsWalk::calls(Value value, MessageNotes& message) {
  each_element_of(value, [&](Value item) {
    message.has_tool_calls = true;
    each_member_of(item, [&](std::string_view key, Value member) {
      if (key == "function" || key == "custom") call(member);
    });
  });
}

void FactsWalk::call(Value value) {
  each_member_of(value, [this](std::string_view key, Value member) {
    if (key == "name" || key == "arguments" || key == "input") text_.add(member);
  });
}

void FactsWalk::end_message(const MessageNotes& message, std::size_t begin, std::size_t end) {
  MessageSpan span;
  span.begin = begin;
  span.end = end;
  span.role = message.role.value_or(message.is_tool_result ? Role::kTool
                                    : message.is_item      ? Role::kAssistant
                                                           : Role::kUser);
  span.has_tool_calls = message.has_tool_calls;
  span.is_tool_result = message.is_tool_result || span.role == Role::kTool;
  span.tokens = text_.end_message(span.role, true);
  out_.messages.push_back(span);

  api::RequestFacts& facts = out_.facts;
  increment(facts.messages);
  if (span.role == Role::kUser && !span.is_tool_result) increment(facts.user_turns);
  if (span.is_tool_result) increment(facts.tool_results);
  if (span.is_tool_result || span.has_tool_calls) need(Ability::kTools);  // it must understand the calls it is shown
  if (span.role == Role::kSystem) need(Ability::kSystemPrompt);
  const bool plain_answer = span.role == Role::kAssistant && !span.has_tool_calls && !message.is_item;
  if (plain_answer) {
    need(Ability::kPrefill);  // if nothing follows
  } else {
    facts.needs.remove(Ability::kPrefill);
  }
  facts.tool_loop = span.is_tool_result;  // if nothing follows
}

}  // namespace fluxgate::dialects::openai
