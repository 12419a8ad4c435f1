// Dry runs of requests that are not sent: the path of serving up to the plan, and then an explanation instead of an attempt.
//
// For the admin endpoint POST /v1/route/explain and the command `fluxgate explain`. Changes nothing: no counter moves, no
// turn is taken, no upstream is called.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fluxgate/gateway/live_state.hpp"
#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::gateway {

struct ExplainQuery {
  std::string body;                                            // the request as a client would send it, JSON
  std::string endpoint = "chat_completions";                   // telemetry's spelling
  std::vector<std::pair<std::string, std::string>> headers;    // the client's
  std::optional<std::uint64_t> seed;                           // of the draws; absent: 1
  std::vector<std::pair<std::string, api::Gate>> gates;        // "what if": target -> gate
  std::vector<std::pair<std::string, double>> ttft;            // target -> seconds to the first token
  std::string why_not;                                         // a target or model: only this question is answered
};

enum class ExplainForm { kJson, kText };

// {"request": {...}, "endpoint", "headers", "seed", "overrides": {"health": {target: "shut"}, "latency": {target: {"ttft_ms": 900}}}};
// an object with "model" at its top is a request by itself. Errors are the client's.
Result<ExplainQuery> parse_explain_query(std::string_view json);

// As decisions are logged: decimal, or hexadecimal with 0x.
std::optional<std::uint64_t> parse_seed(std::string_view text);

Result<std::string> explain(const Snapshot& snapshot, const LiveState& live, const ExplainQuery& query, ExplainForm form);

}  // namespace fluxgate::gateway
