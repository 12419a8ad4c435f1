// Keeps what was learned of targets, keys and routes while configurations come and go.
//
// Each new configuration is shown to apply(), which gives back the state objects in the order of the configuration's
// targets, providers and routes. What has the same name (and, for a target, the same provider and model) is the same
// object with new settings; what is gone is forgotten here and dies with the last snapshot that holds it. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fluxgate/config/model.hpp"
#include "fluxgate/resilience/key_ring.hpp"
#include "fluxgate/resilience/retry_budget.hpp"
#include "fluxgate/resilience/target_health.hpp"

namespace fluxgate::resilience {

// By index of config.targets, config.providers and config.routes.
struct HealthSet {
  std::vector<std::shared_ptr<TargetHealth>> targets;
  std::vector<std::shared_ptr<KeyRing>> providers;
  std::vector<std::shared_ptr<RetryBudget>> routes;
};

class HealthRegistry {
 public:
  explicit HealthRegistry(std::uint64_t seed) : seed_(seed) {}

  HealthSet apply(const config::Config& config);

 private:
  struct KnownTarget {
    std::string provider;
    std::string model;
    std::shared_ptr<KeyRing> keys;
    std::shared_ptr<TargetHealth> health;
  };

  std::mutex mutex_;
  const std::uint64_t seed_;
  std::map<std::string, KnownTarget> targets_;
  std::map<std::string, std::shared_ptr<KeyRing>> providers_;
  std::map<std::string, std::shared_ptr<RetryBudget>> routes_;
};

}  // namespace fluxgate::resilience
