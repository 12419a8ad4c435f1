// Explanations: why a request would go where it would go.
//
// An explanation is made by planning, with the same code and the same seed as serving, and then writing down the plan:
// it cannot disagree with what is served (a property test holds it to that). It changes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fluxgate/routing/decision.hpp"

namespace fluxgate::routing {

struct Explained {
  const api::RequestFacts& facts;
  const api::LiveView& live;
  const Result<api::RoutePlan>& plan;   // RouteTable::plan of the same facts, view and seed
  std::string_view config_version;
};

// The whole of it as JSON: signals, routes that match, every candidate with terms and estimates, every rejected target
// with its one code, the pick, and what would happen on each kind of failure.
std::string explain_json(const RouteTable& table, const Explained& explained);

// The same for people, a page of text.
std::string explain_text(const RouteTable& table, const Explained& explained);

// Why one target (or model) is not the pick, in a line or two; nullopt if no target has that name.
std::optional<std::string> explain_why_not(const RouteTable& table, const Explained& explained, std::string_view name);

// The short form for a response: who was asked and why, one member each. No signal values, no names of rejected targets' limits.
std::string explain_summary(const RouteTable& table, const api::RoutePlan& plan);

}  // namespace fluxgate::routing
