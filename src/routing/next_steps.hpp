// What would happen next if the attempt at a plan's first candidate failed in each way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/routing/route_table.hpp"

namespace fluxgate::routing {

struct FailureStep {
  std::string_view failure;   // "429", "timeout", "context_length", ...
  std::string then;           // "retry gpt", "llama", "stop", ...
};

// By the rules of resilience::classify and the plan's order, as gateway::Pipeline follows them.
std::vector<FailureStep> failure_steps(const RouteTable& table, const api::RoutePlan& plan);

}  // namespace fluxgate::routing
