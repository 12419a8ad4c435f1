// Everything a request needs of the configuration, made once when it is loaded and never changed.
//
// Each request pins the snapshot it started with, so a reload never changes the rules under a stream in flight. The old
// one goes when the last request that pinned it ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fluxgate/config/model.hpp"
#include "fluxgate/gateway/live_state.hpp"
#include "fluxgate/providers/provider.hpp"
#include "fluxgate/routing/route_table.hpp"
#include "fluxgate/sensitivity/detectors.hpp"
#include "fluxgate/tasks/tagger.hpp"
#include "fluxgate/telemetry/metrics.hpp"
#include "fluxgate/tokens/count.hpp"

namespace fluxgate::gateway {

struct TargetRuntime {
  const config::Target* config = nullptr;
  std::shared_ptr<const providers::Provider> provider;
  std::string model_json;             // the upstream's model name as a JSON string; empty for "*"
  telemetry::TargetId metrics;
  telemetry::ProviderId provider_metrics;
  std::shared_ptr<resilience::TargetHealth> health;
  std::shared_ptr<resilience::KeyRing> keys;
  tokens::Encoding encoding = tokens::Encoding::kEstimate;

  // The model name to send upstream when the client asked for `requested`.
  std::string_view model_for(std::string_view requested) const;
};

struct RouteRuntime {
  telemetry::RouteId metrics;
  std::shared_ptr<RouteLive> live;
  std::shared_ptr<resilience::RetryBudget> budget;
  std::uint64_t hash = 0;             // of the name
};

class Snapshot {
 public:
  // Errors are kConfig: something the loader cannot check, such as a certificate that does not load.
  // `live` must outlive the snapshot. Making one applies its settings to what lives: the newest snapshot rules.
  static Result<std::shared_ptr<const Snapshot>> make(config::Config config, telemetry::Metrics& metrics, LiveState& live,
                                                      const std::vector<std::uint16_t>& sim_ports);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const config::Config& config() const { return config_; }
  const routing::RouteTable& routes() const { return *routes_; }
  const TargetRuntime& target(std::uint32_t index) const { return targets_[index]; }
  const RouteRuntime& route(std::uint32_t index) const { return route_runtimes_[index]; }
  const tasks::Tagger& tagger() const { return *tagger_; }
  const sensitivity::Detectors& detectors() const { return *detectors_; }
  // Where what is learned of a target for a sort of request is kept.
  policies::AdaptiveCells::Key cell_key(std::uint32_t route, std::uint16_t task, std::uint32_t target) const;
  const std::string& version() const { return version_; }
  // The answer to GET /v1/models: names that clients may ask for.
  const std::vector<std::string>& model_names() const { return model_names_; }

 private:
  explicit Snapshot(config::Config config) : config_(std::move(config)) {}
  Result<void> compile_routes();
  Result<void> make_targets(telemetry::Metrics& metrics, LiveState& live, const std::vector<std::uint16_t>& sim_ports);

  config::Config config_;
  std::optional<tasks::Tagger> tagger_;
  std::optional<sensitivity::Detectors> detectors_;
  std::optional<routing::RouteTable> routes_;  // refers to config_
  std::vector<TargetRuntime> targets_;
  std::vector<RouteRuntime> route_runtimes_;
  std::string version_;                        // "r1", "r2", ...: one more with each snapshot of the process
  std::vector<std::string> model_names_;
};

}  // namespace fluxgate::gateway
