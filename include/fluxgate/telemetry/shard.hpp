// One worker's metric cells, and the sample from which a finished request is counted.
//
// A Shard is created by Metrics::add_shard and lives as long as the Metrics. Only its worker thread may call the
// non-const members; the scraping thread reads. Blocks of cells exist before any id that names them is handed out
// (Metrics allocates them in every shard while it interns the name), so look-up is an array index without a lock.
//
// To add a metric: a member here, one line in record() or where the event happens, and one row in
// src/telemetry/families.cpp.
#pragma once

#include <array>
#include <atomic>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/telemetry/cells.hpp"
#include "fluxgate/telemetry/labels.hpp"

namespace fluxgate::telemetry {

// Index of an interned name; from Metrics::route, target and provider. Two values are always there.
template <class Tag>
struct NameId {
  std::uint16_t value = 0;
  static constexpr std::uint16_t kNone = 0;   // label "none": no route matched, no target was tried
  static constexpr std::uint16_t kOther = 1;  // label "other": all names past the cap share it
  friend bool operator==(NameId, NameId) = default;
};
using RouteId = NameId<struct RouteTag>;
using TargetId = NameId<struct TargetTag>;
using ProviderId = NameId<struct ProviderTag>;

inline constexpr std::size_t kMaxNames = 1000;            // interned names of each sort
inline constexpr std::size_t kNameSlots = kMaxNames + 2;  // with "none" and "other"

// Bounds: OpenTelemetry's for gen_ai.client.operation.duration, continued to the default deadline of a request.
inline constexpr auto kRequestBounds = bounds_in_seconds(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12,
                                                         10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36);
// Time the gateway itself adds; healthy is below a millisecond.
inline constexpr auto kOverheadBounds = bounds_in_seconds(10e-6, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 0.001, 0.002,
                                                          0.005, 0.01, 0.02, 0.05, 0.1);
// gen_ai.server.time_to_first_token
inline constexpr auto kFirstTokenBounds = bounds_in_seconds(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5,
                                                            0.75, 1.0, 2.5, 5.0, 7.5, 10.0);
// gen_ai.server.time_per_output_token
inline constexpr auto kTokenGapBounds = bounds_in_seconds(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75,
                                                          1.0, 2.5);

// Aligned to cache lines so that blocks of different workers never share one.
struct alignas(64) RouteCells {
  std::array<std::array<Counter, kStatusSlots>, LabelValues<Endpoint>::values.size()> requests;
  Histogram<kRequestBounds> duration;
  Histogram<kOverheadBounds> overhead;
  EnumCounters<AttemptOutcome> retries;  // by the outcome that caused the retry
  EnumCounters<AttemptOutcome> shadows;  // copies sent to shadow targets
  EnumCounters<Pick> picks;              // why the first target came first
  EnumCounters<Exclusion> exclusions;    // targets that were no candidates
  EnumCounters<HedgeResult> hedges;
  EnumCounters<Relief> reliefs;

  void record_request(Endpoint endpoint, int status, Duration took) noexcept {
    requests[static_cast<std::size_t>(endpoint)][status_slot(status)].add();
    duration.record(took);
  }
};

struct alignas(64) TargetCells {
  Histogram<kFirstTokenBounds> time_to_first_token;
  Histogram<kTokenGapBounds> inter_token_gap;  // recorded by the relay, once an event
  EnumCounters<TokenKind> tokens;
  Counter usage_missing;                       // answers that should have reported usage and did not
  EnumCounters<AttemptOutcome> attempts;
  EnumCounters<AttemptOutcome> streams_broken;
  Counter cost_nanodollars;                    // of answers with a price and reported usage
};

struct alignas(64) ProviderCells {
  Gauge connections;            // open now, idle ones included
  EnumCounters<Reuse> leases;   // connections taken for an attempt
};

// A growing array of blocks: the interning thread adds, the worker and the scraper index. Blocks never move.
template <class Cells>
class CellTable {
 public:
  CellTable() = default;
  CellTable(const CellTable&) = delete;
  CellTable& operator=(const CellTable&) = delete;
  ~CellTable() {
    for (auto& block : blocks_) delete block.load(std::memory_order_relaxed);
  }

  Cells& operator[](std::size_t i) { return *blocks_[i].load(std::memory_order_acquire); }
  const Cells& operator[](std::size_t i) const { return *blocks_[i].load(std::memory_order_acquire); }

  // Makes sure block i exists. Called under the Metrics' lock, before i is handed out.
  void ensure(std::size_t i) {
    if (blocks_[i].load(std::memory_order_relaxed) != nullptr) return;
    blocks_[i].store(std::make_unique<Cells>().release(), std::memory_order_release);
  }

 private:
  std::array<std::atomic<Cells*>, kNameSlots> blocks_{};
};

class alignas(64) Shard {
 public:
  RouteCells& route(RouteId id) { return routes_[id.value]; }
  TargetCells& target(TargetId id) { return targets_[id.value]; }
  ProviderCells& provider(ProviderId id) { return providers_[id.value]; }

  const CellTable<RouteCells>& routes() const { return routes_; }
  const CellTable<TargetCells>& targets() const { return targets_; }
  const CellTable<ProviderCells>& providers() const { return providers_; }

  Gauge requests_in_flight;
  Gauge client_connections;         // open now
  Counter client_connections_total;
  Counter client_received_bytes;    // request heads and bodies
  Counter client_sent_bytes;        // response heads and bodies
  EnumCounters<RejectReason> rejected;
  EnumCounters<FeedbackResult> feedback;

 private:
  friend class Metrics;
  CellTable<RouteCells> routes_;
  CellTable<TargetCells> targets_;
  CellTable<ProviderCells> providers_;
};

struct AttemptSample {
  TargetId target;
  AttemptOutcome outcome = AttemptOutcome::kSuccess;
};

struct TokenCounts {
  std::uint64_t input = 0;         // cached_input included
  std::uint64_t cached_input = 0;
  std::uint64_t output = 0;        // reasoning included
  std::uint64_t reasoning = 0;
};

// All that settle knows of a finished request that metrics care about.
struct RequestSample {
  RouteId route;                                   // "none" if no route took it
  Endpoint endpoint = Endpoint::kOther;
  int status = 0;                                  // as sent to the client; 499 if it left first
  Duration duration{};                             // request complete on our side until answer complete
  std::optional<Duration> overhead;                // the gateway's own part; unset if no upstream was reached
  TargetId target;                                 // the one whose answer the client got; "none" if none did
  std::optional<Duration> time_to_first_token;     // streams only
  std::optional<TokenCounts> usage;
  bool usage_expected = false;                     // a successful answer of an endpoint that reports usage
  std::optional<AttemptOutcome> stream_broken;     // why a stream that had begun did not end well
  boost::container::small_vector<AttemptSample, 4> attempts;  // in order; all but the last led to a retry
  std::uint64_t received_bytes = 0;                // from the client
  std::uint64_t sent_bytes = 0;                    // to the client
};

// Counts a finished request. On the shard's own thread; no allocation, no lock, well below 100 ns.
inline void record(Shard& shard, const RequestSample& sample) noexcept {
  RouteCells& route = shard.route(sample.route);
  route.record_request(sample.endpoint, sample.status, sample.duration);
  if (sample.overhead) route.overhead.record(*sample.overhead);
  for (std::size_t i = 0; i < sample.attempts.size(); ++i) {
    const AttemptSample& attempt = sample.attempts[i];
    shard.target(attempt.target).attempts.add(attempt.outcome);
    if (i + 1 < sample.attempts.size()) route.retries.add(attempt.outcome);
  }
  TargetCells& target = shard.target(sample.target);
  if (sample.time_to_first_token) target.time_to_first_token.record(*sample.time_to_first_token);
  if (sample.usage) {
    target.tokens.add(TokenKind::kInput, sample.usage->input);
    target.tokens.add(TokenKind::kCachedInput, sample.usage->cached_input);
    target.tokens.add(TokenKind::kOutput, sample.usage->output);
    target.tokens.add(TokenKind::kReasoning, sample.usage->reasoning);
  } else if (sample.usage_expected) {
    target.usage_missing.add();
  }
  if (sample.stream_broken) target.streams_broken.add(*sample.stream_broken);
  shard.client_received_bytes.add(sample.received_bytes);
  shard.client_sent_bytes.add(sample.sent_bytes);
}

}  // namespace fluxgate::telemetry
