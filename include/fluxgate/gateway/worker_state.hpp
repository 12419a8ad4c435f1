// What one worker thread brings to every request it serves. Created by the app, one per worker; never shared, except for
// the few atomics in SharedState.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "fluxgate/base/random.hpp"
#include "fluxgate/gateway/facts_builder.hpp"
#include "fluxgate/gateway/live_state.hpp"
#include "fluxgate/gateway/snapshot.hpp"
#include "fluxgate/json/request_scan.hpp"
#include "fluxgate/net/worker.hpp"
#include "fluxgate/telemetry/access_log.hpp"
#include "fluxgate/telemetry/line_file.hpp"
#include "fluxgate/telemetry/metrics.hpp"
#include "fluxgate/upstream/pool.hpp"

namespace fluxgate::gateway {

// Counts over all workers, for limits that are the process's and not a worker's.
struct SharedState {
  explicit SharedState(std::uint64_t seed = 1) : live(seed) {}

  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> draining{false};
  LiveState live;
  std::unique_ptr<telemetry::LineFile> decision_log;  // null: off; set before the workers start
};

// The Date field's value, formatted at most once a second.
class DateCache {
 public:
  std::string_view now();

 private:
  std::int64_t second_ = 0;
  std::string text_;
};

struct WorkerState {
  WorkerState(net::Worker& w, net::Resolver& resolver, telemetry::Shard& cells, telemetry::AccessLog log,
              SharedState& counts, std::uint64_t seed)
      : worker(w), pools(w, resolver), shard(cells), access_log(std::move(log)), shared(counts), random(seed) {}

  // Frees what is kept only to be reused soon: buffers, coroutine frames, parser memory. On this thread.
  void drop_caches();

  net::Worker& worker;
  upstream::Pools pools;
  telemetry::Shard& shard;
  telemetry::AccessLog access_log;
  SharedState& shared;
  Random random;
  json::Scanner scanner;
  FactsBuilder facts;
  DateCache date;
  std::shared_ptr<const Snapshot> snapshot;  // replaced on this thread when a reload arrives
};

}  // namespace fluxgate::gateway
