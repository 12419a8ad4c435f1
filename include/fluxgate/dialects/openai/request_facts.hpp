// What routing, tagging, detecting and trimming must know of a request body of OpenAI's dialect, in one pass over it.
//
// RequestFactsReader walks the body with simdjson's on-demand parser: it follows what it knows, jumps over the rest,
// and decodes a string only if someone wants its text. It judges nothing: a field of the wrong type leaves its facts
// unset, for the provider to complain about. Only JSON that is not JSON where the walk has to pass is an error
// (kBadRequest). Keys are compared decoded, so an escaped key hides nothing, and a key that occurs twice is read
// twice: counts add up, texts are all there, of single values the last stands.
//
// Endpoints: chat (`messages`, `prediction`), responses (`input` string or items, `instructions`, the variables of a
// stored `prompt`), completions (`prompt`), embeddings (`input`). Text that stands elsewhere is not read.
//
// Tokens are those of the texts by the caller's counter, plus what OpenAI's cookbook adds around them: 3 for each
// message, 1 for its role, 1 for its name, 3 before the answer. Tool schemas and response schemas count as their raw
// JSON. An image counts kImageTokens, or kLowDetailImageTokens if its detail is `low`; audio one token per
// kAudioCharsPerToken characters of its base64; a document kFileTokens. These are constants, not measurements: a
// request that needs them is not tokens_exact.
//
// One reader per worker: it keeps the parser's memory. Views in the answer point into that memory or into the body and
// die with the next read(), so use them before the coroutine suspends. Offsets and facts stay.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "fluxgate/api/facts.hpp"
#include "fluxgate/base/error.hpp"

namespace fluxgate::dialects::openai {

// Which endpoint the body is for.
enum class RequestKind : std::uint8_t {
  kChat,         // POST /chat/completions
  kResponses,    // POST /responses
  kCompletions,  // POST /completions
  kEmbeddings,   // POST /embeddings
};

// What the snapshot's routes need. What is not wanted is not read; with nothing wanted the body is not parsed at all.
struct FactsWanted {
  bool tokens = false;    // input_tokens, and tokens of each message
  bool shape = false;     // needs, counts, tool_loop, hashes of session, user and prefix
  bool text = false;      // last_user_text and the hash of the text
  bool segments = false;  // pieces
  bool any() const { return tokens || shape || text || segments; }
};

// How tokens are counted. The function must not throw.
struct TokenCounter {
  std::uint32_t (*count)(std::string_view) = nullptr;  // null: 0 for every text
  bool decoded = false;  // wants strings decoded; else what stands between the quotes, which saves the decoding
  bool exact = false;    // counts with a vocabulary
};

enum class Role : std::uint8_t {
  kSystem,      // system, developer, `instructions`
  kUser,        // user; also a message without a role
  kAssistant,   // assistant; its tool calls too; `prediction` and the variables of a stored prompt
  kTool,        // the result of a tool call
  kToolSchema,  // `tools`, `functions`: raw JSON, not decoded
};

inline constexpr std::uint16_t kNoMessage = 0xffff;  // also every message behind the first 65,534

// A text of the prompt, in the order of the body.
struct PromptPiece {
  std::string_view text;  // decoded UTF-8, but for kToolSchema; valid until the next read()
  Role role = Role::kUser;
  std::uint16_t message = kNoMessage;  // index in ConversationFacts::messages (embeddings: in `input`)
};

// One message of `messages`, or one item of `input`.
struct MessageSpan {
  std::size_t begin = 0;        // of the object in the body, with its braces, without the comma
  std::size_t end = 0;
  Role role = Role::kUser;
  std::uint32_t tokens = 0;     // with its framing; 0 if tokens are not wanted
  bool has_tool_calls = false;  // the results must follow
  bool is_tool_result = false;  // belongs to a call before it
};

struct ConversationFacts {
  // model, stream, max_output_tokens, tasks, labels and priority are the caller's to set.
  api::RequestFacts facts;
  boost::container::small_vector<MessageSpan, 8> messages;
  bool split = false;               // `messages` (or `input`) occurs twice: its spans are not of one array
  std::vector<PromptPiece> pieces;  // if text or segments are wanted
  // The pieces of the last user message, joined by line feeds; valid until the next read().
  std::string_view last_user_text;
};

inline constexpr std::uint32_t kMessageTokens = 3;
inline constexpr std::uint32_t kRoleTokens = 1;
inline constexpr std::uint32_t kNameTokens = 1;  // besides the name itself
inline constexpr std::uint32_t kAnswerTokens = 3;
inline constexpr std::uint32_t kImageTokens = 765;
inline constexpr std::uint32_t kLowDetailImageTokens = 85;
inline constexpr std::size_t kAudioCharsPerToken = 1000;  // 10 tokens a second at 60 kbit/s
inline constexpr std::uint32_t kFileTokens = 1000;
inline constexpr std::size_t kPrefixBytes = 1024;  // of prompt text in RequestFacts::prefix

class RequestFactsReader {
 public:
  RequestFactsReader();
  ~RequestFactsReader();
  RequestFactsReader(RequestFactsReader&&) noexcept;
  RequestFactsReader& operator=(RequestFactsReader&&) noexcept;

  // `body` must be followed by json::kPadding readable bytes.
  Result<ConversationFacts> read(std::string_view body, RequestKind kind, FactsWanted wanted,
                                 TokenCounter counter = {});
  // Frees what a very large body left behind. Views of the last answer die.
  void trim();

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace fluxgate::dialects::openai
