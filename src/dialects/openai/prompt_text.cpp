#include "dialects/openai/prompt_text.hpp"

#include <algorithm>
#include <limits>

#include "fluxgate/base/hash.hpp"
#include "fluxgate/dialects/openai/lenient_string.hpp"

namespace fluxgate::dialects::openai {
namespace {

// Of each text that says how a conversation began. Decoding a prompt of 400 KB only to hash it would be most of the work.
constexpr std::size_t kOpeningBytes = kPrefixBytes;

std::uint32_t saturated(std::uint64_t tokens) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

void PromptText::begin_message(std::uint16_t index) {
  message_ = index;
  message_tokens_ = 0;
  message_piece_ = out_.pieces.size();
  opening_texts_.clear();
}

std::uint32_t PromptText::end_message(Role role, bool framed) {
  for (std::size_t i = message_piece_; i < out_.pieces.size(); ++i) out_.pieces[i].role = role;
  if (role == Role::kUser) {
    last_user_begin_ = message_piece_;
    last_user_end_ = out_.pieces.size();
  }
  if (wanted_.shape && !opened_ && (role == Role::kSystem || role == Role::kUser)) {
    for (const auto text : opening_texts_) opening_hash_ = hash_text(text, opening_hash_);
    opened_ = role == Role::kUser && opening_hash_ != 0;
  }
  message_ = kNoMessage;
  if (!wanted_.tokens) return 0;
  if (framed) message_tokens_ += kMessageTokens + kRoleTokens;
  all_tokens_ += message_tokens_;
  return saturated(message_tokens_);
}

bool PromptText::add(simdjson::ondemand::value value) {
  simdjson::ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS || type != simdjson::ondemand::json_type::string) return false;
  std::string_view contents = value.raw_json_token();
  contents = contents.substr(0, contents.rfind('"'));  // the token runs up to the next one
  contents.remove_prefix(std::min<std::size_t>(1, contents.size()));
  const bool is_short = contents.size() <= kOpeningBytes;
  const bool decoding = keeps_text() || (opening() && is_short) || (wanted_.tokens && counter_.decoded);
  const std::string_view text = decoding ? decode(value, contents) : std::string_view();
  if (wanted_.tokens) message_tokens_ += count(counter_.decoded ? text : contents);
  if (keeps_text()) {
    if (wanted_.text) out_.facts.text = hash_text(text, out_.facts.text);
    out_.pieces.push_back({text, Role::kUser, message_});
  }
  if (opening()) {
    const std::string_view begin =
        is_short ? text : memory_.odd_strings.emplace_back(decode_leniently(contents.substr(0, kOpeningBytes)));
    if (!opened_) opening_texts_.push_back(begin);
    memory_.prefix.append(begin.substr(0, kPrefixBytes - std::min(kPrefixBytes, memory_.prefix.size())));
  }
  return true;
}

std::string_view PromptText::decode(simdjson::ondemand::value value, std::string_view contents) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return text;
  return memory_.odd_strings.emplace_back(decode_leniently(contents));
}

void PromptText::add_schema(std::string_view raw, bool is_tool) {
  if (wanted_.tokens) {
    all_tokens_ += count(raw);
    guessed_ = true;  // how the provider writes a schema into the prompt is not known
  }
  if (is_tool && wanted_.segments) out_.pieces.push_back({raw, Role::kToolSchema, kNoMessage});
}

void PromptText::add_guessed_tokens(std::uint64_t tokens) {
  message_tokens_ += tokens;
  guessed_ = true;
}

void PromptText::add_known_tokens(std::uint64_t tokens) { message_tokens_ += tokens; }

void PromptText::finish(std::uint64_t model, std::uint64_t session) {
  api::RequestFacts& facts = out_.facts;
  if (wanted_.tokens) {
    if (!out_.messages.empty()) all_tokens_ += kAnswerTokens;
    facts.input_tokens = saturated(all_tokens_);
    facts.tokens_exact = counter_.exact && !guessed_;
  }
  if (wanted_.shape) {
    facts.session = session != 0 ? session : opened_ ? opening_hash_ : 0;
    if (!memory_.prefix.empty()) facts.prefix = hash_text(memory_.prefix, model);
  }
  if (wanted_.text) join_last_user();
}

void PromptText::join_last_user() {
  if (last_user_begin_ == last_user_end_) return;
  if (last_user_end_ - last_user_begin_ == 1) {
    out_.last_user_text = out_.pieces[last_user_begin_].text;
    return;
  }
  for (std::size_t i = last_user_begin_; i < last_user_end_; ++i) {
    if (i > last_user_begin_) memory_.last_user.push_back('\n');
    memory_.last_user.append(out_.pieces[i].text);
  }
  out_.last_user_text = memory_.last_user;
}

}  // namespace fluxgate::dialects::openai
