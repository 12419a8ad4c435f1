#include "fluxgate/resilience/registry.hpp"

#include <functional>

namespace fluxgate::resilience {
namespace {

std::vector<Secret> keys_of(const config::Provider& provider) {
  return provider.api_keys.empty() ? std::vector<Secret>{provider.api_key} : provider.api_keys;
}

}  // namespace

HealthSet HealthRegistry::apply(const config::Config& config) {
  const std::lock_guard lock(mutex_);
  HealthSet set;

  std::map<std::string, std::shared_ptr<KeyRing>> providers;
  for (const config::Provider& provider : config.providers) {
    auto& ring = providers[provider.name];
    const auto known = providers_.find(provider.name);
    if (known != providers_.end()) {
      ring = known->second;
      ring->apply(keys_of(provider));
    } else {
      ring = std::make_shared<KeyRing>(keys_of(provider));
    }
    set.providers.push_back(ring);
  }

  std::map<std::string, KnownTarget> targets;
  for (const config::Target& target : config.targets) {
    const auto ring = providers.find(target.provider);
    KnownTarget next{target.provider, target.model, ring == providers.end() ? nullptr : ring->second, nullptr};
    const auto known = targets_.find(target.name);
    const bool same = known != targets_.end() && known->second.provider == next.provider &&
                      known->second.model == next.model && known->second.keys == next.keys;
    if (same) {
      next.health = known->second.health;
      next.health->apply(target, config.breaker);
    } else {
      const std::uint64_t seed = seed_ ^ std::hash<std::string>()(target.name);
      next.health = std::make_shared<TargetHealth>(target, config.breaker, next.keys, seed);
    }
    set.targets.push_back(next.health);
    targets[target.name] = std::move(next);
  }

  std::map<std::string, std::shared_ptr<RetryBudget>> routes;
  for (const config::Route& route : config.routes) {
    auto& budget = routes[route.name];
    const auto known = routes_.find(route.name);
    if (known != routes_.end()) {
      budget = known->second;
      budget->apply(route.retry_budget);
    } else {
      budget = std::make_shared<RetryBudget>(route.retry_budget);
    }
    set.routes.push_back(budget);
  }

  providers_ = std::move(providers);
  targets_ = std::move(targets);
  routes_ = std::move(routes);
  return set;
}

}  // namespace fluxgate::resilience
