// What the two levels of a replay share: what one logged request costs at a table's prices.
#pragma once

#include "fluxgate/routing/replay.hpp"

namespace fluxgate::routing {

// The index of the target of that name in the table; nullopt if it has none.
std::optional<std::uint32_t> target_named(const RouteTable& table, std::string_view name);

class LoggedMoney {
 public:
  LoggedMoney(const RouteTable& table, const api::LiveView& live) : table_(table), live_(live) {}

  // Dollars for a request answered by `target`: the logged input tokens, and as output the logged ones if it was this
  // target that answered, else its median, else what the request's answer had. NaN without a price or without tokens.
  double of(const LoggedDecision& decision, std::uint32_t target) const;

 private:
  const RouteTable& table_;
  const api::LiveView& live_;
};

// Level 1 and level 2.
DecisionDiff decision_diff(const RouteTable& table, const DecisionLog& log, LogView& live,
                           const ReplayOptions& options);
Counterfactual counterfactual(const RouteTable& table, const DecisionLog& log, LogView& live,
                              const ReplayOptions& options);

// The seed of a row's plan.
std::uint64_t plan_seed(const LoggedDecision& decision, const ReplayOptions& options);

}  // namespace fluxgate::routing
