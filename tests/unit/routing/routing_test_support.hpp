// A small configuration as values, and plans over it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fluxgate/routing/route_table.hpp"
#include "fluxgate/routing/target_traits.hpp"

namespace fluxgate::routing::testing {

using Names = std::vector<std::string>;

// Providers p (no labels), eu (labels eu) and safe (labels eu, zdr); targets a, b, c of p, d of eu, e of safe.
inline config::Config base_config() {
  config::Config config;
  const auto provider = [&](std::string name, Names labels) {
    config::Provider p;
    p.name = std::move(name);
    p.labels = std::move(labels);
    config.providers.push_back(std::move(p));
  };
  provider("p", {});
  provider("eu", {"eu"});
  provider("safe", {"zdr", "eu"});
  const auto target = [&](std::string name, std::string of, double weight) {
    config::Target t;
    t.name = std::move(name);
    t.provider = std::move(of);
    t.weight = weight;
    config.targets.push_back(std::move(t));
  };
  target("a", "p", 1);
  target("b", "p", 2);
  target("c", "p", 5);
  target("d", "eu", 1);
  target("e", "safe", 1);
  return config;
}

inline config::Route route(std::string name, Names models, Names targets, Names fallback = {}) {
  config::Route r;
  r.name = std::move(name);
  r.match.models = std::move(models);
  r.balance = config::Balance::kOrdered;
  r.targets = std::move(targets);
  r.fallback = std::move(fallback);
  return r;
}

inline config::Config with(std::vector<config::Route> routes) {
  auto config = base_config();
  config.routes = std::move(routes);
  return config;
}

inline api::RequestFacts asking(std::string_view model) {
  api::RequestFacts facts;
  facts.model = model;
  return facts;
}

inline Names order(const config::Config& config, const api::RoutePlan& plan) {
  Names names;
  for (const auto& candidate : plan.candidates) names.push_back(config.targets[candidate.target].name);
  return names;
}

inline RouteTable table_of(const config::Config& config, Vocabulary vocabulary = {}) {
  return RouteTable(config, compile_traits(config, nullptr), std::move(vocabulary));
}

inline Result<api::RoutePlan> plan(const RouteTable& table, const api::RequestFacts& facts, std::uint64_t seed = 1) {
  return table.plan(facts, api::QuietView(), seed);
}

}  // namespace fluxgate::routing::testing
