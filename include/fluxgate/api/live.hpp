// What the planner reads of a changing world, at one instant. Serving, `explain`, `replay` and the simulation each give
// their own LiveView; the planner is a pure function of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace fluxgate::api {

// Whether a target takes requests, and if not, why.
enum class Gate : std::uint8_t {
  kOpen,        // serves
  kProbation,   // was shut; the next single request is the probe
  kProbing,     // the probe is under way; nobody else may come
  kShut,        // the breaker is open
  kCooling,     // the provider said 429 and when to come back
  kNoCredential,// every key of the provider was refused
};

constexpr std::string_view to_string(Gate gate) {
  constexpr std::string_view kNames[] = {"open", "probation", "probing", "shut", "cooling", "no_credential"};
  return kNames[static_cast<std::size_t>(gate)];
}

// The health, load and speed of one target. Seconds and tokens.
struct TargetStatus {
  Gate gate = Gate::kOpen;
  bool stale = false;               // not sampled for a while (5 min): explored now and then
  std::uint32_t samples = 0;        // good answers seen; below 3 the speed is a guess
  double ttft = 0;                  // peak-EWMA of the time to first token, less the part that grows with the prompt; 0: unknown
  double prefill = 0;               // seconds a prompt token adds to it; 0: unknown
  double tpot = 0;                  // seconds per output token; 0: unknown
  std::uint32_t pending = 0;        // requests in flight
  std::uint64_t pending_tokens = 0; // their estimated tokens, input and output
  std::uint32_t concurrency = 0;    // how many may be in flight now (the configured cap, lowered by AIMD); 0: no cap
  std::uint32_t hard_cap = 0;       // the configured cap itself; 0: none
  double headroom = 1;              // share of the configured request and token rate that is left, 0..1
  double cached_share = 0;          // learned share of input tokens served from the provider's prompt cache
  double output_median = 0;         // learned output tokens, 50 %; 0: unknown
  double output_p95 = 0;            // 95 %
  double failure_rate = 0;          // of recent attempts
  double input_calibration = 1;     // reported input tokens over estimated ones
};

// What feedback and outcomes say about one target for one sort of request on one route.
struct QualityCell {
  double good = 0;            // decayed counts
  double underpowered = 0;
  double overprovisioned = 0;
  double failed = 0;
  double latency = 0;         // EWMA, clamped to 0..1
  double observations() const { return good + underpowered + overprovisioned + failed; }
};

class LiveView {
 public:
  virtual ~LiveView() = default;
  virtual TargetStatus status(std::uint32_t target) const = 0;
  // `task` as in RequestFacts::top_task().
  virtual QualityCell cell(std::uint32_t route, std::uint16_t task, std::uint32_t target) const = 0;
  // How many plans of this route came before: round robin goes by it.
  virtual std::uint64_t turn(std::uint32_t route) const = 0;
  // The share of requests, 0..1, that the route's canary gets now.
  virtual double canary_share(std::uint32_t route) const = 0;
};

// A world where nothing has happened yet.
class QuietView final : public LiveView {
 public:
  TargetStatus status(std::uint32_t) const override { return {}; }
  QualityCell cell(std::uint32_t, std::uint16_t, std::uint32_t) const override { return {}; }
  std::uint64_t turn(std::uint32_t) const override { return 0; }
  double canary_share(std::uint32_t) const override { return 0; }
};

}  // namespace fluxgate::api
