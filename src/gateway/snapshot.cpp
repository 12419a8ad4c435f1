#include "fluxgate/gateway/snapshot.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>

#include "fluxgate/base/hash.hpp"
#include "fluxgate/json/write.hpp"
#include "fluxgate/routing/target_traits.hpp"

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

Result<catalogue::Catalogue> read_catalogue(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, file + ": cannot be read");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return catalogue::Catalogue::parse(text, file);
}

}  // namespace

std::string_view TargetRuntime::model_for(std::string_view requested) const {
  if (config->model != kAnyModel) return config->model;
  if (!config->strip_prefix.empty() && requested.starts_with(config->strip_prefix)) {
    requested.remove_prefix(config->strip_prefix.size());
  }
  return requested;
}

Result<std::shared_ptr<const Snapshot>> Snapshot::make(config::Config config, telemetry::Metrics& metrics, LiveState& live,
                                                       const std::vector<std::uint16_t>& sim_ports) {
  std::shared_ptr<Snapshot> snapshot(new Snapshot(std::move(config)));
  auto compiled = snapshot->compile_routes();
  if (!compiled) return std::move(compiled).error();
  auto made = snapshot->make_targets(metrics, live, sim_ports);
  if (!made) return std::move(made).error();
  snapshot->model_names_ = list_models(snapshot->config_);
  static std::atomic<std::uint64_t> made_so_far{0};
  snapshot->version_ = "r" + std::to_string(++made_so_far);
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

// Everything that needs no upstream: the vocabulary of facts, then the table over it.
Result<void> Snapshot::compile_routes() {
  auto tagger = tasks::Tagger::make(config_);
  if (!tagger) return std::move(tagger).error();
  tagger_.emplace(std::move(tagger).value());
  auto detectors = sensitivity::Detectors::make(config_.sensitivity);
  if (!detectors) return std::move(detectors).error();
  detectors_.emplace(std::move(detectors).value());
  std::optional<catalogue::Catalogue> own;
  if (!config_.catalogue_file.empty()) {
    auto read = read_catalogue(config_.catalogue_file);
    if (!read) return std::move(read).error();
    own.emplace(std::move(read).value());
  }
  routing::Vocabulary vocabulary{tagger_->names(), detectors_->labels(), tagger_->quality()};
  routes_.emplace(config_, routing::compile_traits(config_, own ? &*own : nullptr), std::move(vocabulary));
  return {};
}

Result<void> Snapshot::make_targets(telemetry::Metrics& metrics, LiveState& live,
                                    const std::vector<std::uint16_t>& sim_ports) {
  std::map<std::string_view, std::shared_ptr<const providers::Provider>> made;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    auto provider = providers::Provider::make(config_.providers[i], i < sim_ports.size() ? sim_ports[i] : std::uint16_t{0});
    if (!provider) return std::move(provider).error();
    made.emplace(config_.providers[i].name, std::move(provider).value());
  }
  const resilience::HealthSet health = live.apply_health(config_);
  for (std::size_t i = 0; i < config_.targets.size(); ++i) {
    const config::Target& target = config_.targets[i];
    TargetRuntime runtime;
    runtime.config = &target;
    runtime.provider = made.at(target.provider);
    if (target.model != kAnyModel) runtime.model_json = json::quoted(target.model);
    runtime.metrics = metrics.target(target.name, target.provider);
    runtime.provider_metrics = metrics.provider(target.provider);
    runtime.health = health.targets[i];
    runtime.keys = runtime.health->keys();
    const std::string& known_as = target.catalogue.empty() ? target.model : target.catalogue;
    runtime.encoding = target.tokenizer.empty() ? tokens::encoding_for_model(known_as)
                                                : tokens::parse_encoding(target.tokenizer).value_or(tokens::Encoding::kEstimate);
    targets_.push_back(std::move(runtime));
  }
  const TimePoint now = SteadyClock::now();
  for (std::size_t i = 0; i < config_.routes.size(); ++i) {
    const config::Route& route = config_.routes[i];
    RouteRuntime runtime;
    runtime.metrics = metrics.route(route.name);
    runtime.live = live.route(route.name);
    runtime.live->apply_canary(route.canary, now);
    runtime.budget = health.routes[i];
    runtime.hash = hash_text(route.name);
    route_runtimes_.push_back(std::move(runtime));
  }
  return {};
}

policies::AdaptiveCells::Key Snapshot::cell_key(std::uint32_t route, std::uint16_t task, std::uint32_t target) const {
  policies::AdaptiveCells::Key key;
  key.route = route_runtimes_[route].hash;
  key.task = task == api::kNoTask ? 0 : hash_text(routes_->vocabulary().tasks[task]);
  key.target = routes_->traits()[target].hash;
  return key;
}

}  // namespace fluxgate::gateway
