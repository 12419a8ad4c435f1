// The key table: every key a configuration may hold, grouped by section. The one place that knows them.
#pragma once

#include "config/section.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

const Section<Config>& root_section();

// keys_server.cpp: the daemon itself
const Section<Listen>& listen_section();
const Section<Admin>& admin_section();
const Section<Log>& log_section();
const Section<Limits>& limits_section();
const Section<Drain>& drain_section();

// keys_providers.cpp: who answers
const Section<Provider>& provider_section();

// keys_targets.cpp: which model
const Section<Target>& target_section();
// The words for what a model can do, as in api::kAbilityNames; that room lies above this one, a test compares the two.
const std::vector<std::string>& ability_words();

// keys_routes.cpp: who is asked for what
const Section<Route>& route_section();

// keys_policy.cpp: which of a route's targets come first
const Section<Policy>& policy_section();

// keys_experiments.cpp: trying out other targets
const Section<Experiment>& experiment_section();
const Section<Canary>& canary_section();
const Section<Shadow>& shadow_section();

// keys_resilience.cpp: what happens when a target fails
const Section<Attempts>& attempts_section();
const Section<Queue>& queue_section();
const Section<RetryBudget>& retry_budget_section();
const Section<Hedge>& hedge_section();
const Section<Breaker>& breaker_section();

// keys_signals.cpp: what is read out of requests, known about models, and written down about decisions
const Section<Sensitivity>& sensitivity_section();
const Section<Tasks>& tasks_section();
const Section<DecisionLog>& decision_log_section();
const Section<Config>& catalogue_section();

inline constexpr Range kShare{0, 1};             // a share or another value from 0 to 1
inline constexpr Range kShareAboveZero{0, 1, true};

// A route's match.model that takes what no other route takes.
inline constexpr std::string_view kDefaultModel = "default";
// A target's model that stands for the name the client asked for.
inline constexpr std::string_view kAnyModel = "*";
// The word for every built-in detector of sensitivity.detectors.
inline constexpr std::string_view kAllDetectors = "all";
// A hedge.delay that is the target's own 95th percentile.
inline constexpr std::string_view kMeasuredDelay = "p95";

}  // namespace fluxgate::config
