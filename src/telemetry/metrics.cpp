#include "fluxgate/telemetry/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <sstream>

#include "telemetry/families.hpp"
#include "telemetry/process_stats.hpp"

namespace fluxgate::telemetry {

NameTable::NameTable(std::vector<std::string> label_names) : label_names_(std::move(label_names)) {
  append(std::vector<std::string>(label_names_.size(), "none"));   // NameId::kNone
  append(std::vector<std::string>(label_names_.size(), "other"));  // NameId::kOther
}

std::uint16_t NameTable::intern(const std::vector<std::string>& values) {
  if (const auto it = ids_.find(values); it != ids_.end()) return it->second;
  if (labels_.size() == kNameSlots) return NameId<void>::kOther;
  append(values);
  return static_cast<std::uint16_t>(labels_.size() - 1);
}

void NameTable::append(const std::vector<std::string>& values) {
  ids_.emplace(values, static_cast<std::uint16_t>(labels_.size()));
  Labels& labels = labels_.emplace_back();
  for (std::size_t i = 0; i < values.size(); ++i) labels.push_back({label_names_[i], values[i]});
}

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Shard& Metrics::add_shard() {
  auto shard = std::make_unique<Shard>();
  const std::lock_guard lock(mutex_);
  for (std::size_t id = 0; id < routes_.size(); ++id) shard->routes_.ensure(id);
  for (std::size_t id = 0; id < targets_.size(); ++id) shard->targets_.ensure(id);
  for (std::size_t id = 0; id < providers_.size(); ++id) shard->providers_.ensure(id);
  return *shards_.emplace_back(std::move(shard));
}

RouteId Metrics::route(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const RouteId id{routes_.intern({std::string(name)})};
  for (const auto& shard : shards_) shard->routes_.ensure(id.value);
  return id;
}

TargetId Metrics::target(std::string_view name, std::string_view provider) {
  const std::lock_guard lock(mutex_);
  const TargetId id{targets_.intern({std::string(name), std::string(provider)})};
  for (const auto& shard : shards_) shard->targets_.ensure(id.value);
  return id;
}

ProviderId Metrics::provider(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const ProviderId id{providers_.intern({std::string(name)})};
  for (const auto& shard : shards_) shard->providers_.ensure(id.value);
  return id;
}

void Metrics::config_loaded(std::chrono::system_clock::time_point at) {
  const std::lock_guard lock(mutex_);
  process_.reload_successful = true;
  process_.reload_success_seconds = std::chrono::duration<double>(at.time_since_epoch()).count();
}

void Metrics::config_reloaded(ReloadResult result, std::chrono::system_clock::time_point at) {
  if (result == ReloadResult::kSuccess) config_loaded(at);
  const std::lock_guard lock(mutex_);
  process_.reload_successful = result == ReloadResult::kSuccess;
  ++process_.reloads.values[static_cast<std::size_t>(result)];
}

void Metrics::watch_log_drops(std::function<std::uint64_t()> source) {
  const std::lock_guard lock(mutex_);
  log_drops_ = std::move(source);
}

void Metrics::add_source(std::function<std::vector<prometheus::MetricFamily>()> source) {
  const std::lock_guard lock(mutex_);
  sources_.push_back(std::move(source));
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  const ProcessStats process = read_process_stats();
  std::vector<prometheus::MetricFamily> families;
  decltype(sources_) sources;
  {
    const std::lock_guard lock(mutex_);
    ProcessValues values = process_;
    values.draining = draining_.load(std::memory_order_relaxed);
    if (log_drops_) values.log_dropped = log_drops_();
    families = collect_families(Scrape{shards_, routes_, targets_, providers_, values, process});
    sources = sources_;
  }
  // Without the lock: a source has locks of its own, which may be held while names are interned here.
  for (const auto& source : sources) {
    for (prometheus::MetricFamily& family : source()) families.push_back(std::move(family));
  }
  return families;
}

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, Collect());
  return std::move(out).str();
}

}  // namespace fluxgate::telemetry
