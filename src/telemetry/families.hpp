// The table of metric families and how each is summed over the shards. Private to telemetry; Metrics::Collect calls it.
#pragma once

#include <prometheus/metric_family.h>

#include <memory>
#include <vector>

#include "fluxgate/telemetry/metrics.hpp"
#include "telemetry/process_stats.hpp"

namespace fluxgate::telemetry {

// What one scrape reads. Valid only while the Metrics' lock is held.
struct Scrape {
  const std::vector<std::unique_ptr<Shard>>& shards;
  const NameTable& routes;
  const NameTable& targets;
  const NameTable& providers;
  const Metrics::ProcessValues& values;
  const ProcessStats& process;
};

std::vector<prometheus::MetricFamily> collect_families(const Scrape& scrape);

}  // namespace fluxgate::telemetry
