// Planning one request on one route: filter, estimate, order, balance, fall back. Used by RouteTable::plan only.
#pragma once

#include "fluxgate/base/random.hpp"
#include "fluxgate/policies/filters.hpp"
#include "fluxgate/routing/route_table.hpp"

namespace fluxgate::routing {

class Planner {
 public:
  Planner(const RouteTable& table, const CompiledRoute& route, const api::RequestFacts& facts, const api::LiveView& live,
          std::uint64_t seed, bool with_propensity);
  api::RoutePlan plan() &&;

 private:
  const std::vector<std::uint32_t>& choose_targets();
  policies::Option option(std::uint32_t target) const;
  // The options of `targets` that no filter rules out; the others go to `rejected`.
  policies::Options admit(const std::vector<std::uint32_t>& targets, bool lift_health);
  void rank(policies::Options options);
  void take(policies::Options& options, std::size_t next, std::size_t index, api::ChosenBy chosen, double propensity);
  void add(const policies::Option& option, api::ChosenBy chosen, double propensity);
  void add_fallbacks(bool lift_health);
  void note_largest_fit();

  const RouteTable& table_;
  const CompiledRoute& route_;
  const api::RequestFacts& facts_;
  const api::LiveView& live_;
  const std::uint32_t index_;  // of the route
  Random random_;
  const bool with_propensity_;
  policies::FilterInput filter_;
  api::ChosenBy pool_ = api::ChosenBy::kOrder;  // kExperiment or kCanary if not the route's own targets
  api::RoutePlan plan_;
};

}  // namespace fluxgate::routing
