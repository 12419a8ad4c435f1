// Everything a request needs of the configuration, made once when it is loaded and never changed.
//
// Each request pins the snapshot it started with, so a reload never changes the rules under a stream in flight. The old
// one goes when the last request that pinned it ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fluxgate/config/model.hpp"
#include "fluxgate/providers/provider.hpp"
#include "fluxgate/routing/route_table.hpp"
#include "fluxgate/telemetry/metrics.hpp"

namespace fluxgate::gateway {

struct TargetRuntime {
  const config::Target* config = nullptr;
  std::shared_ptr<const providers::Provider> provider;
  std::string model_json;             // the upstream's model name as a JSON string; empty for "*"
  telemetry::TargetId metrics;
  telemetry::ProviderId provider_metrics;

  // The model name to send upstream when the client asked for `requested`.
  std::string_view model_for(std::string_view requested) const;
};

class Snapshot {
 public:
  // Errors are kConfig: something the loader cannot check, such as a certificate that does not load.
  static Result<std::shared_ptr<const Snapshot>> make(config::Config config, telemetry::Metrics& metrics,
                                                      const std::vector<std::uint16_t>& sim_ports);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const config::Config& config() const { return config_; }
  const routing::RouteTable& routes() const { return routes_; }
  const TargetRuntime& target(std::uint32_t index) const { return targets_[index]; }
  telemetry::RouteId route_metrics(std::uint32_t index) const { return route_metrics_[index]; }
  // The answer to GET /v1/models: names that clients may ask for.
  const std::vector<std::string>& model_names() const { return model_names_; }

 private:
  explicit Snapshot(config::Config config) : config_(std::move(config)), routes_(config_) {}

  config::Config config_;
  routing::RouteTable routes_;  // refers to config_
  std::vector<TargetRuntime> targets_;
  std::vector<telemetry::RouteId> route_metrics_;
  std::vector<std::string> model_names_;
};

}  // namespace fluxgate::gateway
