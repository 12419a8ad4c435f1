// policies: how one request's candidates are filtered, ordered and spread. Every policy is one pure file.
//
// Layer 3. A policy sees Options: one for each target of the route, with what is fixed about it (Traits, made when the
// configuration is loaded), what is true now (api::TargetStatus) and what is expected of it for this request
// (api::Estimate). Three kinds of policy, applied in this order by routing::Planner:
//   filters   (filters.hpp)   rule an option out, with one machine-readable reason
//   orders    (orders.hpp)    give each option a score and say how many of the best are equals
//   balances  (balances.hpp)  pick one among the equals
// plus experiments (experiments.hpp) and the learned cells (adaptive.hpp). No policy does I/O, takes a lock, reads a
// clock or draws from a random source that was not given to it. To add one: a file here, a row in its header, a table
// test.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/api/abilities.hpp"
#include "fluxgate/api/live.hpp"
#include "fluxgate/api/plan.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::policies {

// What is fixed about a target: its configuration over its catalogue row.
struct Traits {
  std::uint32_t index = 0;                  // in the snapshot's targets
  std::string_view name;
  std::uint64_t hash = 0;                   // of the name; rendezvous hashing goes by it
  std::optional<config::Price> price;       // unset: unknown
  std::optional<std::uint64_t> context_window;
  std::optional<std::uint64_t> max_output_tokens;
  api::Abilities abilities;
  std::uint64_t labels = 0;                 // bits of the snapshot's label list
  std::string_view region;
  double weight = 1;
  std::optional<double> quality;            // the operator's judgement
};

// One target considered for one request.
struct Option {
  const Traits* traits = nullptr;
  api::TargetStatus status;
  api::Estimate estimate;
  api::ScoreTerms terms;
  api::QualityCell cell;                    // only for order_by adaptive
  double score = 0;                         // higher is better
};
using Options = boost::container::small_vector<Option, 12>;

// What all policies of a route may read.
struct RouteRules {
  const config::Route* config = nullptr;
  std::uint64_t required_labels = 0;        // bits, of require.labels
  // Expected quality of each of the snapshot's targets by task; row 0 is "default", row t + 1 is task t. NaN: unknown.
  // Empty if the route has no table.
  std::vector<std::vector<double>> quality;
};

}  // namespace fluxgate::policies
