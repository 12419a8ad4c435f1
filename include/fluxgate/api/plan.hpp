// The plan of a request: which targets to try, in which order and why; and which ones not, and why not.
//
// Plain values without behaviour, shared by every upper room. Names and settings are views into the configuration
// snapshot that the request has pinned; a plan must not outlive it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "fluxgate/api/facts.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::api {

// Why a candidate stands where it stands.
enum class ChosenBy : std::uint8_t {
  kOrder,             // the order of the route's list
  kRank,              // its place by the route's order_by
  kWeight,            // drawn by weight among equals
  kRoundRobin,        // its turn
  kLeastOutstanding,  // the fewest tokens in flight
  kP2c,               // the better of two drawn
  kSession,           // the session's place
  kPrefix,            // the prompt beginning's place
  kOnly,              // the only one that is equal to the best
  kExplore,           // tried now and then because little is known of it
  kExperiment,        // its variant's target
  kCanary,            // the canary's
  kIncumbent,         // the conversation is there already
  kFallback,          // the route's fallback list
  kLeastBad,          // not well, but nobody is
};

// Why a target of the route is no candidate. One code each, in the order of the filters: the first that fails names it.
enum class RejectCode : std::uint8_t {
  kMissingLabel,   // residency: lacks a label the route or the request's sensitivity requires
  kRegion,         // residency: in another region
  kAbility,        // capability: cannot do what the request needs, or is not known to
  kContext,        // context: the request does not fit into its window
  kMaxOutput,      // context: it cannot write as much as is asked for
  kPriceUnknown,   // price: has none, and the route needs one
  kPriceMax,       // price: above the route's limit
  kQualityFloor,   // quality: known to be below the route's floor
  kGate,           // health: shut, cooling, being probed or without a credential
  kHeadroom,       // limit: no rate left at the provider
  kConcurrency,    // limit: as many requests in flight as it may have
};

std::string_view to_string(ChosenBy chosen);
std::string_view to_string(RejectCode code);

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// What a target is expected to do with a request. NaN where nothing is known.
struct Estimate {
  double usd = kUnknown;          // median output
  double usd_p95 = kUnknown;      // cautious output
  double ttft = kUnknown;         // seconds
  double total = kUnknown;        // seconds to the last token
  double quality = kUnknown;      // 0..1
  std::uint32_t input_tokens = 0; // calibrated for this target
  std::uint32_t output_tokens = 0;
};

// The parts of a weighted score, each 0 (bad) .. 1 (good); NaN if unknown (counted as 0.5).
struct ScoreTerms {
  double quality = kUnknown;
  double latency = kUnknown;
  double cost = kUnknown;
  double load = kUnknown;
};

struct Candidate {
  std::uint32_t target = 0;    // index in the snapshot's targets
  ChosenBy chosen = ChosenBy::kOrder;
  double propensity = 1;       // the chance that this one came first; 1 without a draw; 0 for those behind the first
  double score = 0;            // what order_by made of it; higher is better
  Estimate estimate;
  ScoreTerms terms;            // of order_by weighted
};

struct Rejected {
  std::uint32_t target = 0;
  RejectCode code = RejectCode::kMissingLabel;
  // What was compared, for people: needed and available tokens, price and limit, ... 0 if the code says it all.
  double needed = 0;
  double available = 0;
  // The first bit that failed: an Ability, a label's index or a Gate, by code.
  std::uint8_t detail = 0;
};

struct RoutePlan {
  std::uint32_t route = 0;                                  // index in the snapshot's routes
  boost::container::small_vector<Candidate, 8> candidates;  // in the order to try them
  boost::container::small_vector<Rejected, 4> rejected;
  std::size_t tries_per_target = 1;                         // 1 plus the route's retries
  const config::Attempts* attempts = nullptr;               // the budget of tries and time
  std::uint64_t seed = 0;                                   // of the draws; the same seed gives the same plan
  std::int16_t variant = -1;                                // of the route's experiment; -1: none
  bool canary = false;                                      // this request is the canary's
  bool least_bad = false;                                   // everyone was unwell: filters of health were lifted
  // Everyone fits but for the window: how many tokens the largest one leaves for input. Set only if candidates is empty.
  std::optional<std::uint32_t> largest_fit;
};

}  // namespace fluxgate::api
