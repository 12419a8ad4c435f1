// The values that flow from planning to the attempts: what was asked, and which targets to try in which order and why.
//
// Plain values without behaviour, shared by every upper room. Names and settings are views into the configuration
// snapshot that the request has pinned; a plan must not outlive it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fluxgate/config/model.hpp"

namespace fluxgate::api {

// What routing may look at. Read from the request in one pass; nothing here is text the client wrote but the model name.
struct RequestFacts {
  std::string_view model;
  bool stream = false;
  std::optional<std::uint64_t> max_output_tokens;
  std::size_t body_bytes = 0;
};

// Why a candidate stands where it stands.
enum class ChosenBy : std::uint8_t {
  kOrder,     // the order of the route's list
  kWeight,    // drawn by weight among the route's targets
  kFallback,  // the route's fallback list
};

// Why a target of the route is no candidate. One code each; the first filter that fails names it.
enum class RejectCode : std::uint8_t {
  kMissingLabel,  // its provider lacks a label the route requires
};

std::string_view to_string(ChosenBy chosen);
std::string_view to_string(RejectCode code);

struct Candidate {
  std::uint32_t target = 0;    // index in the snapshot's targets
  ChosenBy chosen = ChosenBy::kOrder;
  double propensity = 1;       // the chance that this one came first among its peers; 1 without a draw
};

struct Rejected {
  std::uint32_t target = 0;
  RejectCode code = RejectCode::kMissingLabel;
};

struct RoutePlan {
  std::uint32_t route = 0;                                  // index in the snapshot's routes
  boost::container::small_vector<Candidate, 8> candidates;  // in the order to try them
  boost::container::small_vector<Rejected, 2> rejected;
  std::size_t tries_per_target = 1;                         // 1 plus the route's retries
  const config::Attempts* attempts = nullptr;               // the budget of tries and time
};

}  // namespace fluxgate::api
