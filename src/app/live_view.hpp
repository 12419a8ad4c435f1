// What the process has learned, for operators: as JSON for GET /status and as Prometheus families for GET /metrics.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::app {

// Targets with their gate, load and speed; routes with their queue, retry budget and canary.
std::string status_json(const gateway::Snapshot& snapshot);
std::vector<prometheus::MetricFamily> live_families(const gateway::Snapshot& snapshot);

}  // namespace fluxgate::app
