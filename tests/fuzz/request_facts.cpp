// The reader of request facts against a full JSON parser: whatever JSON comes, it is read without an error, the spans
// are exactly the message objects, and every text of a message that is plainly there is among the pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/dialects/openai/request_facts.hpp"

namespace {

using namespace fluxgate;
using namespace fluxgate::dialects::openai;
using Json = nlohmann::json;

void require(bool condition) {
  if (!condition) std::abort();
}

std::uint32_t count(std::string_view text) { return static_cast<std::uint32_t>(text.size()); }

// A full parser is asked only about bodies it can take: recursion would overflow its stack on deep ones.
bool is_shallow(std::string_view text) {
  std::size_t opens = 0;
  for (const char c : text) opens += c == '{' || c == '[' ? 1U : 0U;
  return opens < 500;
}

// The full parser ends at a NUL byte and passes over a byte order mark; neither is JSON.
bool is_odd(std::string_view body) {
  return body.find('\0') != std::string_view::npos || body.starts_with("\xef\xbb\xbf");
}

bool has_piece(const ConversationFacts& read, std::string_view text) {
  for (const PromptPiece& piece : read.pieces) {
    if (piece.text == text) return true;
  }
  return false;
}

void check_messages(std::string_view body, const Json& whole, const ConversationFacts& read) {
  if (read.split || !whole.contains("messages") || !whole.at("messages").is_array()) return;
  std::size_t next = 0;
  for (const Json& message : whole.at("messages")) {
    if (!message.is_object()) continue;
    require(next < read.messages.size());
    const MessageSpan& span = read.messages[next++];
    require(Json::parse(body.substr(span.begin, span.end - span.begin), nullptr, false) == message);
    if (message.contains("content") && message.at("content").is_string()) {
      require(has_piece(read, message.at("content").get_ref<const std::string&>()));
    }
  }
  require(next == read.messages.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  // The first byte chooses the endpoint and what is wanted; the corpus begins with letters.
  const auto kind = static_cast<RequestKind>(data[0] & 3);
  const bool all = (data[0] & 4) == 0;
  Buffer buffer(size);
  std::memcpy(buffer.data(), data + 1, size - 1);
  const std::string_view body = buffer.view(0, size - 1);
  static RequestFactsReader reader;  // reused, as a worker does
  const FactsWanted wanted{true, true, all, all};
  const auto read = reader.read(body, kind, wanted, TokenCounter{count, (data[0] & 8) == 0, true});
  const Json whole = is_shallow(body) ? Json::parse(body, nullptr, false) : Json(Json::value_t::discarded);
  if (!read) {
    require(read.error().kind == ErrorKind::kBadRequest && !read.error().message.empty());
    require(!whole.is_object() || is_odd(body));
    return 0;
  }
  for (const MessageSpan& span : read->messages) require(span.begin < span.end && span.end <= body.size());
  for (const PromptPiece& piece : read->pieces) require(piece.message == kNoMessage || piece.message < body.size());
  if (all && kind == RequestKind::kChat && whole.is_object()) check_messages(body, whole, *read);
  return 0;
}
