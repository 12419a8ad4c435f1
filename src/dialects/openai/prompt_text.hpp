// The text of a prompt as it goes by: counted, hashed and kept, each only if wanted. Private to request_facts.
#pragma once

#include <simdjson.h>

#include <boost/container/small_vector.hpp>
#include <deque>
#include <string>
#include <string_view>

#include "fluxgate/dialects/openai/request_facts.hpp"

namespace fluxgate::dialects::openai {

// What a reader keeps from one body to the next.
struct PromptMemory {
  std::deque<std::string> odd_strings;  // those that simdjson does not decode; views point into them
  std::string prefix;                   // the first kPrefixBytes of text
  std::string last_user;                // if it is of several pieces

  void clear() {
    odd_strings.clear();
    prefix.clear();
    last_user.clear();
    if (last_user.capacity() > 256 * 1024) last_user = std::string();
  }
};

class PromptText {
 public:
  PromptText(FactsWanted wanted, TokenCounter counter, PromptMemory& memory, ConversationFacts& facts)
      : wanted_(wanted), counter_(counter), memory_(memory), out_(facts) {}

  // A message begins; its role may become known only at its end. `index` is kNoMessage outside of messages.
  void begin_message(std::uint16_t index);
  // Its tokens, with the framing if `framed`.
  std::uint32_t end_message(Role role, bool framed);

  // A string value of the prompt. False if it is no string.
  bool add(simdjson::ondemand::value value);
  // A schema, as raw JSON, outside of messages.
  void add_schema(std::string_view raw, bool is_tool);
  // Tokens of what has no text.
  void add_guessed_tokens(std::uint64_t tokens);
  // Tokens of what is known to be so many.
  void add_known_tokens(std::uint64_t tokens);

  // Fills in what only the end tells. `model` is part of the prefix, `session` wins over the one derived from the text.
  void finish(std::uint64_t model, std::uint64_t session);

 private:
  bool opening() const { return wanted_.shape && (!opened_ || memory_.prefix.size() < kPrefixBytes); }
  bool keeps_text() const { return wanted_.text || wanted_.segments; }
  std::string_view decode(simdjson::ondemand::value value, std::string_view contents);
  std::uint32_t count(std::string_view text) const { return counter_.count == nullptr ? 0 : counter_.count(text); }
  void join_last_user();

  FactsWanted wanted_;
  TokenCounter counter_;
  PromptMemory& memory_;
  ConversationFacts& out_;

  std::uint16_t message_ = kNoMessage;
  std::uint64_t message_tokens_ = 0;
  std::uint64_t all_tokens_ = 0;
  bool guessed_ = false;            // some tokens are constants
  std::size_t message_piece_ = 0;   // the current message's first
  std::size_t last_user_begin_ = 0; // pieces of the last user message
  std::size_t last_user_end_ = 0;
  boost::container::small_vector<std::string_view, 8> opening_texts_;  // of the current message
  std::uint64_t opening_hash_ = 0;  // system messages and the first user message
  bool opened_ = false;             // the first user message is complete
};

}  // namespace fluxgate::dialects::openai
