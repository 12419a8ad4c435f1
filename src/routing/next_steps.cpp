#include "next_steps.hpp"

#include "fluxgate/resilience/classify.hpp"

namespace fluxgate::routing {
namespace {

using resilience::ErrorClass;
using resilience::NextStep;

std::string after(NextStep step, const RouteTable& table, const api::RoutePlan& plan) {
  const auto& targets = table.config().targets;
  const api::Candidate& first = plan.candidates.front();
  if (step == NextStep::kStop || plan.attempts->max <= 1) return "stop";
  if (step == NextStep::kAnyTarget && plan.tries_per_target > 1) return "retry " + targets[first.target].name;
  const auto window = table.traits()[first.target].context_window.value_or(0);
  for (std::size_t i = 1; i < plan.candidates.size(); ++i) {
    const std::uint32_t next = plan.candidates[i].target;
    if (step == NextStep::kLargerWindow) {
      if (table.traits()[next].context_window.value_or(0) <= window) continue;
    }
    return targets[next].name;
  }
  return "stop";
}

}  // namespace

std::vector<FailureStep> failure_steps(const RouteTable& table, const api::RoutePlan& plan) {
  const bool filter_fallback = table.routes()[plan.route].config->content_filter_fallback;
  const auto status = [&](int code, ErrorClass known = ErrorClass::kNone) {
    return after(resilience::classify_status(code, known, filter_fallback).next, table, plan);
  };
  const auto error = [&](ErrorKind kind) {
    return after(resilience::classify_error(upstream_error(kind, Retry::kYes, "")).next, table, plan);
  };
  std::vector<FailureStep> steps;
  steps.push_back({"connect", error(ErrorKind::kConnect)});
  steps.push_back({"timeout", error(ErrorKind::kUpstreamTimeout)});
  steps.push_back({"400", status(400)});
  steps.push_back({"context_length", status(400, ErrorClass::kContextLength)});
  steps.push_back({"content_filter", status(400, ErrorClass::kContentFilter)});
  steps.push_back({"unsupported_parameter", status(400, ErrorClass::kUnsupportedParameter)});
  steps.push_back({"401", status(401)});
  steps.push_back({"429", status(429)});
  steps.push_back({"503", status(503)});
  steps.push_back({"error_first", after(resilience::classify_in_band(ErrorClass::kNone, filter_fallback).next, table, plan)});
  steps.push_back({"empty_answer", after(resilience::classify_empty_answer().next, table, plan)});
  steps.push_back({"cut_after_first_token", "end the stream with an error"});
  return steps;
}

}  // namespace fluxgate::routing
