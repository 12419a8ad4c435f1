// What one decision was, as text: one JSON object a line for the decision log, and the parts that explanations share.
//
// Names, never indexes, so that a log outlives the configuration it was written under; hashes and counts, never the
// prompt. Fields are only added within a version. docs/decision-log.md describes the format; replay.hpp reads it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fluxgate/routing/route_table.hpp"

namespace fluxgate::routing {

struct AttemptRecord {
  std::uint32_t target = 0;
  std::string_view outcome;           // telemetry's spelling, e.g. status_429
  int status = 0;                     // HTTP; 0 if none came
  double ttft = 0;                    // seconds; 0: none
  double elapsed = 0;                 // seconds
  bool hedge = false;                 // sent beside another attempt
};

struct Outcome {
  int status = 0;                     // what the client got; 499 if it left
  std::optional<std::uint32_t> served;// the target whose answer the client got
  bool aborted = false;               // a stream that had begun and did not end well
  std::string_view error;             // the kind; empty if none
  double elapsed = 0;                 // seconds, the whole request
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> cached_tokens;
  std::optional<std::uint64_t> output_tokens;
  double usd = api::kUnknown;         // of all attempts that were billed
};

struct Decision {
  double time = 0;                    // Unix seconds
  std::string_view id;                // the request id: feedback refers to it
  std::string_view endpoint;
  std::string_view config_version;
  const api::RequestFacts& facts;
  const api::RoutePlan& plan;
  std::span<const AttemptRecord> attempts;
  Outcome outcome;
  std::string_view text;              // the prompt's last user message, only if the operator asked for it
};

// The line, without its end.
std::string decision_line(const RouteTable& table, const Decision& decision);

// Feedback on an earlier decision, as a line of the same log. `score` 0..1.
struct Feedback {
  double time = 0;
  std::string_view id;
  double score = 0;
  std::string_view verdict;           // good_fit, underpowered, overprovisioned, failed; empty: only a score
  std::string_view channel;           // where it comes from, e.g. thumbs; a name
};
std::string feedback_line(const Feedback& feedback);

// "capability:vision", "context:window:9100/8192", "health:shut", ...: the one machine code of a rejection.
std::string reject_text(const RouteTable& table, const api::Rejected& rejected);

// The spelling of configuration words in records and explanations.
std::string_view to_string(config::OrderBy order_by);
std::string_view to_string(config::Balance balance);

// The facts as a JSON object.
std::string facts_json(const RouteTable& table, const api::RequestFacts& facts);

}  // namespace fluxgate::routing
