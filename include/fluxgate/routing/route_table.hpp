// The routes of a configuration, compiled for look-up, and the planner over them.
//
// plan() is a pure function of the table, the facts and the random source: `explain` and `replay` can call the very code
// that serves. A table is immutable and lives in the snapshot.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "fluxgate/api/plan.hpp"
#include "fluxgate/base/error.hpp"
#include "fluxgate/base/random.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::routing {

struct CompiledRoute {
  const config::Route* config = nullptr;
  std::vector<std::uint32_t> targets;   // indexes in config::Config::targets
  std::vector<std::uint32_t> fallback;
};

class RouteTable {
 public:
  // `config` must have passed the loader's checks (every name resolves) and must outlive the table.
  explicit RouteTable(const config::Config& config);

  // The route for a model name: an exact name first, then the first wildcard in file order, then the default.
  // Null if there is none.
  const CompiledRoute* match(std::string_view model) const;

  // The order in which to try targets. kModelNotFound if no route takes the model; a plan without candidates is
  // possible (all ruled out) and says why in `rejected`.
  Result<api::RoutePlan> plan(const api::RequestFacts& facts, Random& random) const;

  const std::vector<CompiledRoute>& routes() const { return routes_; }
  const config::Config& config() const { return config_; }

 private:
  struct Wildcard {
    std::string pattern;
    std::uint32_t route;
  };

  bool filter(const CompiledRoute& route, std::uint32_t target, api::RoutePlan& plan) const;

  const config::Config& config_;
  std::vector<CompiledRoute> routes_;
  std::unordered_map<std::string_view, std::uint32_t> exact_;
  std::vector<Wildcard> wildcards_;
  std::optional<std::uint32_t> default_;
  std::vector<const std::vector<std::string>*> target_labels_;  // the labels of each target's provider
};

}  // namespace fluxgate::routing
