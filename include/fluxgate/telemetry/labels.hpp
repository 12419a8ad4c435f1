// The bounded label values of the metrics: small enums, their spelling, and how errors map to them.
//
// Every label that is not a configured name (route, target, provider) comes from one of these sets, so that nothing a
// client or an upstream sends can create a time series.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fluxgate/base/error.hpp"

namespace fluxgate::telemetry {

// What kind of call a request was.
enum class Endpoint : std::uint8_t {
  kChatCompletions,  // POST /v1/chat/completions
  kCompletions,      // POST /v1/completions
  kEmbeddings,       // POST /v1/embeddings
  kModels,           // GET /v1/models and below
  kModerations,      // POST /v1/moderations
  kImages,           // /v1/images/...
  kAudio,            // /v1/audio/...
  kRerank,           // POST /v1/rerank
  kResponses,        // /v1/responses
  kOther,            // everything else
};

// How one upstream attempt ended; also the reason of a retry and of a broken stream.
enum class AttemptOutcome : std::uint8_t {
  kSuccess,    // a complete answer, or a stream that ended as its protocol says
  kConnect,    // refused, unreachable or timed out before the connection stood
  kTls,        // handshake or verification failed
  kDns,        // the name did not resolve, or only to forbidden addresses
  kTimeout,    // no answer, first token or next event within its timer
  kReset,      // closed or reset before the answer was complete
  kProtocol,   // bytes that are not what the protocol promises
  kStatus4xx,  // an answer with status 400 to 499 other than 429
  kStatus429,  // the provider's rate limit
  kStatus5xx,  // an answer with any other status that is not success
  kInBand,     // status 200 whose events carried an error
  kCancelled,  // given up by us: the client left, a deadline passed, or another attempt won
};

enum class TokenKind : std::uint8_t {
  kInput,        // prompt tokens, cached ones included
  kCachedInput,  // the part of the input the provider served from its prompt cache
  kOutput,       // completion tokens, reasoning included
  kReasoning,    // the part of the output spent on hidden reasoning
};

// Why a request was refused before it reached a route.
enum class RejectReason : std::uint8_t {
  kBadRequest,          // malformed HTTP or JSON
  kHeadTooLarge,        // 431 and 414
  kPayloadTooLarge,     // 413
  kTimeout,             // the client was too slow to send its request
  kNotFound,            // no such path
  kMethodNotAllowed,    // 405
  kUnsupported,         // media type, HTTP version, method or expectation we do not serve
  kTooManyConnections,  // the connection limit
  kOverloaded,          // the in-flight limit
  kDraining,            // shutting down
  kTls,                 // the client's TLS handshake failed
  kInternal,            // a fault of ours
};

enum class Reuse : std::uint8_t {
  kNew,     // a connection opened for this attempt
  kReused,  // a kept-alive connection
};

enum class ReloadResult : std::uint8_t {
  kSuccess,  // the new configuration is in force
  kFailure,  // it was refused, and the old one kept
};

// Why a target came first in a plan: api::ChosenBy, which this layer cannot name (a test compares them).
enum class Pick : std::uint8_t {
  kOrder,             // the order of the list
  kRank,              // the best by order_by
  kWeight,            // drawn by weight
  kRoundRobin,        // its turn
  kLeastOutstanding,  // the fewest tokens in flight
  kP2c,               // the better of two
  kSession,           // the session's place
  kPrefix,            // the prompt beginning's place
  kOnly,              // no other was as good
  kExplore,           // little is known of it
  kExperiment,        // its variant
  kCanary,            // the canary
  kIncumbent,         // the conversation is there
  kFallback,          // of the fallback list
  kLeastBad,          // nobody is well
};

// Why a target was no candidate: api::RejectCode, likewise.
enum class Exclusion : std::uint8_t {
  kLabel,         // residency
  kRegion,        // residency
  kAbility,       // cannot do what is needed
  kWindow,        // the request is too long
  kMaxOutput,     // it cannot write that much
  kPriceUnknown,  // the route wants a price
  kPriceMax,      // too expensive
  kQualityFloor,  // known to be too weak
  kGate,          // not well
  kRate,          // no rate left
  kConcurrency,   // full
};

enum class HedgeResult : std::uint8_t {
  kWon,      // the second attempt was first to show content
  kLost,     // the first attempt was, or neither
  kRefused,  // no budget or no room for a second attempt
};

// What the gateway did about a request for lack of room.
enum class Relief : std::uint8_t {
  kShed,           // refused for its low priority
  kQueued,         // waited for a target to have room
  kTrimmed,        // its oldest turns were left out
  kBudgetRefused,  // a further attempt was not made: the route's retry budget was spent
};

enum class FeedbackResult : std::uint8_t {
  kLearned,  // a route that learns took it
  kUnknown,  // the request is not known (any more), or its route does not learn
};

// The spelling of each enum's values, in their order; the array's size is the number of values.
template <class E>
struct LabelValues;

template <>
struct LabelValues<Endpoint> {
  static constexpr std::array<std::string_view, 10> values{"chat_completions", "completions", "embeddings", "models",
                                                           "moderations",      "images",      "audio",      "rerank",
                                                           "responses",        "other"};
};
template <>
struct LabelValues<AttemptOutcome> {
  static constexpr std::array<std::string_view, 12> values{"success",    "connect",    "tls",     "dns",
                                                           "timeout",    "reset",      "protocol", "status_4xx",
                                                           "status_429", "status_5xx", "in_band", "cancelled"};
};
template <>
struct LabelValues<TokenKind> {
  static constexpr std::array<std::string_view, 4> values{"input", "cached_input", "output", "reasoning"};
};
template <>
struct LabelValues<RejectReason> {
  static constexpr std::array<std::string_view, 12> values{
      "bad_request", "head_too_large",       "payload_too_large", "timeout",  "not_found", "method_not_allowed",
      "unsupported", "too_many_connections", "overloaded",        "draining", "tls",       "internal"};
};
template <>
struct LabelValues<Reuse> {
  static constexpr std::array<std::string_view, 2> values{"false", "true"};
};
template <>
struct LabelValues<ReloadResult> {
  static constexpr std::array<std::string_view, 2> values{"success", "failure"};
};

template <>
struct LabelValues<Pick> {
  static constexpr std::array<std::string_view, 15> values{
      "order", "rank",    "weight",     "round_robin", "least_outstanding", "p2c",      "session",  "prefix",
      "only",  "explore", "experiment", "canary",      "incumbent",         "fallback", "least_bad"};
};
template <>
struct LabelValues<Exclusion> {
  static constexpr std::array<std::string_view, 11> values{
      "residency:label", "residency:region", "capability",    "context:window", "context:max_output", "price:unknown",
      "price:max",       "quality:floor",    "health:gate", "limit:rate",     "limit:concurrency"};
};
template <>
struct LabelValues<HedgeResult> {
  static constexpr std::array<std::string_view, 3> values{"won", "lost", "refused"};
};
template <>
struct LabelValues<Relief> {
  static constexpr std::array<std::string_view, 4> values{"shed", "queued", "trimmed", "budget_refused"};
};
template <>
struct LabelValues<FeedbackResult> {
  static constexpr std::array<std::string_view, 2> values{"learned", "unknown"};
};

template <class E>
constexpr std::string_view to_string(E value)
  requires requires { LabelValues<E>::values.size(); }
{
  return LabelValues<E>::values[static_cast<std::size_t>(value)];
}

// The statuses that get a `code` label of their own; every other one is counted as "other".
inline constexpr std::array<std::uint16_t, 32> kStatusCodes{
    200, 201, 202, 204, 206, 304, 400, 401, 402, 403, 404, 405, 406, 408, 409, 411,
    413, 414, 415, 417, 421, 422, 424, 429, 431, 499, 500, 501, 502, 503, 504, 505};
inline constexpr std::size_t kStatusSlots = kStatusCodes.size() + 1;  // the last one is "other"

namespace detail {
inline constexpr std::size_t kStatusLimit = 600;
inline constexpr auto kStatusSlotOf = [] {
  std::array<std::uint8_t, kStatusLimit> table{};
  table.fill(static_cast<std::uint8_t>(kStatusCodes.size()));
  for (std::size_t i = 0; i < kStatusCodes.size(); ++i) table[kStatusCodes[i]] = static_cast<std::uint8_t>(i);
  return table;
}();
}  // namespace detail

constexpr std::size_t status_slot(int status) {
  const auto code = static_cast<std::size_t>(status);  // a negative status becomes huge
  return code < detail::kStatusLimit ? detail::kStatusSlotOf[code] : kStatusCodes.size();
}

// The outcome of an attempt that failed with `kind`; `status` is read only for kUpstreamStatus.
AttemptOutcome attempt_outcome(ErrorKind kind, int status = 0);

// The label for a request refused with `kind` before routing.
RejectReason reject_reason(ErrorKind kind);

}  // namespace fluxgate::telemetry
