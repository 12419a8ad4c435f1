// Metrics of the gateway: written per worker without locks, summed when Prometheus asks.
//
//   at start      Metrics metrics;  Shard& shard = metrics.add_shard();      one shard for each worker thread
//   at load       RouteId r = metrics.route("smart");                        label sets are resolved with the config
//   per request   record(shard, sample);                                     shard.hpp; a few additions
//   at scrape     metrics.text();                                            the text format 0.0.4, on the admin thread
//
// prometheus-cpp's own Family and Counter look labels up under a lock on every call, so only its data model and its
// text serializer are used here: Metrics is a prometheus::Collectable, and whoever has an Exposer can register it.
// Names are interned for good: a route that a reload removes keeps its series until the process ends, which is what
// rate() wants. Label values come from the configuration or from labels.hpp, never from a request.
//
// Threads: record-side calls go to a Shard on its own thread. Everything on Metrics may be called from any thread; it
// takes a lock that no worker takes.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/telemetry/shard.hpp"

namespace fluxgate::telemetry {

// The names of one sort (routes, targets, providers) in the order of their ids, with the labels each one stands for.
class NameTable {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  // label_names: the labels that one entry sets, e.g. {"target", "provider"}.
  explicit NameTable(std::vector<std::string> label_names);

  // The id of these label values; NameId::kOther once kMaxNames are taken.
  std::uint16_t intern(const std::vector<std::string>& values);
  std::size_t size() const { return labels_.size(); }
  const Labels& labels(std::size_t id) const { return labels_[id]; }

 private:
  void append(const std::vector<std::string>& values);

  std::vector<std::string> label_names_;
  std::map<std::vector<std::string>, std::uint16_t> ids_;
  std::vector<Labels> labels_;
};

class Metrics final : public prometheus::Collectable {
 public:
  Metrics();
  ~Metrics() override;

  // A new shard for a worker. The reference stays valid, and its counts stay counted, as long as the Metrics lives.
  Shard& add_shard();

  RouteId route(std::string_view name);
  TargetId target(std::string_view name, std::string_view provider);
  ProviderId provider(std::string_view name);

  void set_draining(bool draining) { draining_.store(draining, std::memory_order_relaxed); }
  void config_loaded(std::chrono::system_clock::time_point at);  // at start and after each successful reload
  void config_reloaded(ReloadResult result, std::chrono::system_clock::time_point at);
  // Where fluxgate_log_dropped_total comes from. The source must outlive the Metrics or be replaced by {}.
  void watch_log_drops(std::function<std::uint64_t()> source);

  // Further families for every scrape, from whoever knows them. The source must outlive the Metrics.
  void add_source(std::function<std::vector<prometheus::MetricFamily>()> source);

  std::vector<prometheus::MetricFamily> Collect() const override;
  std::string text() const;

  // The numbers that belong to the process and not to a worker, as of one scrape.
  struct ProcessValues {
    bool draining = false;
    bool reload_successful = false;
    double reload_success_seconds = 0;  // Unix time
    EnumCounters<ReloadResult>::Total reloads;
    std::uint64_t log_dropped = 0;
  };

 private:
  mutable std::mutex mutex_;  // over everything below but draining_
  std::vector<std::unique_ptr<Shard>> shards_;
  NameTable routes_{{"route"}};
  NameTable targets_{{"target", "provider"}};
  NameTable providers_{{"provider"}};
  ProcessValues process_;
  std::function<std::uint64_t()> log_drops_;
  std::vector<std::function<std::vector<prometheus::MetricFamily>()>> sources_;
  std::atomic<bool> draining_{false};
};

}  // namespace fluxgate::telemetry
