#include "trim.hpp"

namespace fluxgate::gateway {
namespace {

using dialects::openai::MessageSpan;
using dialects::openai::Role;

std::size_t last_user_message(std::span<const MessageSpan> messages) {
  for (std::size_t i = messages.size(); i > 0; --i) {
    if (messages[i - 1].role == Role::kUser) return i - 1;
  }
  return 0;
}

// The span with the comma behind it; there is one, because the last message is never left out.
json::Span with_comma(std::string_view body, const MessageSpan& message) {
  const std::size_t comma = body.find(',', message.end);
  return {message.begin, comma + 1};
}

}  // namespace

Trim trim_oldest_turns(std::string_view body, std::span<const MessageSpan> messages, std::uint32_t excess) {
  Trim trim;
  const std::size_t keep_from = last_user_message(messages);
  std::size_t at = 0;
  while (at < keep_from && trim.tokens < excess) {
    if (messages[at].role == Role::kSystem) {
      ++at;
      continue;
    }
    do {
      if (messages[at].role != Role::kSystem) {
        trim.cuts.push_back(with_comma(body, messages[at]));
        trim.tokens += messages[at].tokens;
        ++trim.messages;
      }
      ++at;
    } while (at < keep_from && messages[at].role != Role::kUser);
  }
  if (trim.tokens < excess) return {};
  return trim;
}

}  // namespace fluxgate::gateway
