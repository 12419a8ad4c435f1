// What the process learns while it serves: the health of targets, the turns of routes, canaries, feedback.
//
// One object for all workers, kept across reloads: things are found by their names, so what was learned of a target
// stays when the configuration changes around it. Each part has its own short lock or is atomic; none is held across
// I/O. ServingView is how a plan reads it.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fluxgate/api/live.hpp"
#include "fluxgate/base/clock.hpp"
#include "fluxgate/policies/adaptive.hpp"
#include "fluxgate/policies/experiments.hpp"
#include "fluxgate/resilience/registry.hpp"

namespace fluxgate::gateway {

class Snapshot;

// What is remembered of one route.
class RouteLive {
 public:
  explicit RouteLive(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  std::atomic<std::uint64_t> turns{0};     // plans made
  std::atomic<std::size_t> waiting{0};     // requests in its queue
  std::atomic<std::size_t> shadows{0};     // copies in flight

  // A canary whose rules changed begins anew; without rules there is none.
  void apply_canary(const std::optional<config::Canary>& rules, TimePoint now);
  double canary_share() const { return canary_share_.load(std::memory_order_relaxed); }
  void note_canary(const policies::CanaryState::Outcome& outcome, TimePoint now);
  struct CanaryView {
    policies::CanaryState::Stage stage;
    double share;
    std::string reason;
  };
  std::optional<CanaryView> canary() const;

 private:
  const std::string name_;
  mutable std::mutex mutex_;               // over the canary
  std::optional<config::Canary> canary_rules_;
  std::optional<policies::CanaryState> canary_;
  std::atomic<double> canary_share_{0};
};

// Where feedback on a request goes.
struct Remembered {
  policies::AdaptiveCells::Key cell;
  std::string route;
  std::string target;
};

class LiveState {
 public:
  explicit LiveState(std::uint64_t seed) : health_(seed) {}

  resilience::HealthSet apply_health(const config::Config& config) { return health_.apply(config); }
  std::shared_ptr<RouteLive> route(const std::string& name);

  api::QualityCell cell(const policies::AdaptiveCells::Key& key, TimePoint now) const;
  void note_failure(const policies::AdaptiveCells::Key& key, TimePoint now);
  void note_latency(const policies::AdaptiveCells::Key& key, double relative, TimePoint now);

  // The newest kRemembered requests can be judged by feedback.
  static constexpr std::size_t kRemembered = 65536;
  void remember(const std::string& request_id, Remembered what);
  // A verdict, or without one a score 0..1. What was remembered of the request; nullopt if it is unknown or too old.
  std::optional<Remembered> note_feedback(const std::string& request_id, std::optional<policies::Verdict> verdict,
                                          double score, std::uint64_t sender, TimePoint now);

 private:
  resilience::HealthRegistry health_;
  mutable std::mutex routes_mutex_;
  std::map<std::string, std::shared_ptr<RouteLive>> routes_;
  mutable std::mutex cells_mutex_;
  policies::AdaptiveCells cells_;
  std::mutex memory_mutex_;
  std::unordered_map<std::string, Remembered> memory_;
  std::deque<std::string> memory_order_;
};

// The world as of one moment, for one plan. Refers to both arguments.
class ServingView final : public api::LiveView {
 public:
  ServingView(const Snapshot& snapshot, const LiveState& live, TimePoint now)
      : snapshot_(snapshot), live_(live), now_(now) {}
  api::TargetStatus status(std::uint32_t target) const override;
  api::QualityCell cell(std::uint32_t route, std::uint16_t task, std::uint32_t target) const override;
  std::uint64_t turn(std::uint32_t route) const override;
  double canary_share(std::uint32_t route) const override;

 private:
  const Snapshot& snapshot_;
  const LiveState& live_;
  TimePoint now_;
};

}  // namespace fluxgate::gateway
