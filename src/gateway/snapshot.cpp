#include "fluxgate/gateway/snapshot.hpp"

#include <algorithm>
#include <map>

#include "fluxgate/json/write.hpp"

namespace fluxgate::gateway {
namespace {

constexpr std::string_view kAnyModel = "*";

bool is_sim(const config::Config& config, const std::string& provider) {
  return std::any_of(config.providers.begin(), config.providers.end(), [&](const config::Provider& item) {
    return item.name == provider && item.kind == config::ProviderKind::kSim;
  });
}

// Exact names of routes; for routes that take more than exact names, the models of their targets.
std::vector<std::string> list_models(const config::Config& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const config::Route& route : config.routes) {
    bool open = route.match.is_default;
    for (const std::string& model : route.match.models) {
      if (model.find('*') == std::string::npos) {
        add(model);
      } else {
        open = true;
      }
    }
    if (!open) continue;
    for (const std::string& name : route.targets) {
      const auto target = std::find_if(config.targets.begin(), config.targets.end(),
                                       [&](const config::Target& item) { return item.name == name; });
      if (target == config.targets.end()) continue;
      if (target->model != kAnyModel) {
        add(target->model);
      } else if (is_sim(config, target->provider)) {
        add("sim");  // takes any name; one to show is friendlier than none
      }
    }
  }
  return names;
}

}  // namespace

std::string_view TargetRuntime::model_for(std::string_view requested) const {
  if (config->model != kAnyModel) return config->model;
  if (!config->strip_prefix.empty() && requested.starts_with(config->strip_prefix)) {
    requested.remove_prefix(config->strip_prefix.size());
  }
  return requested;
}

Result<std::shared_ptr<const Snapshot>> Snapshot::make(config::Config config, telemetry::Metrics& metrics,
                                                       const std::vector<std::uint16_t>& sim_ports) {
  std::shared_ptr<Snapshot> snapshot(new Snapshot(std::move(config)));
  const config::Config& settings = snapshot->config_;
  std::map<std::string_view, std::shared_ptr<const providers::Provider>> made;
  for (std::size_t i = 0; i < settings.providers.size(); ++i) {
    auto provider = providers::Provider::make(settings.providers[i], i < sim_ports.size() ? sim_ports[i] : std::uint16_t{0});
    if (!provider) return std::move(provider).error();
    made.emplace(settings.providers[i].name, std::move(provider).value());
  }
  for (const config::Target& target : settings.targets) {
    TargetRuntime runtime;
    runtime.config = &target;
    runtime.provider = made.at(target.provider);
    if (target.model != kAnyModel) runtime.model_json = json::quoted(target.model);
    runtime.metrics = metrics.target(target.name, target.provider);
    runtime.provider_metrics = metrics.provider(target.provider);
    snapshot->targets_.push_back(std::move(runtime));
  }
  for (const config::Route& route : settings.routes) snapshot->route_metrics_.push_back(metrics.route(route.name));
  snapshot->model_names_ = list_models(settings);
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace fluxgate::gateway
