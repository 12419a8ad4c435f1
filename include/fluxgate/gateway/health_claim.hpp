// One attempt's place at its target, from enter to leave: whatever way the attempt ends, the target's books are closed.
#pragma once

#include <utility>

#include "fluxgate/resilience/target_health.hpp"

namespace fluxgate::gateway {

class HealthClaim {
 public:
  HealthClaim() = default;
  // `health` lives in the snapshot that the request has pinned.
  HealthClaim(resilience::TargetHealth& health, const resilience::Pass& pass) : health_(&health), pass_(pass) {}
  HealthClaim(HealthClaim&& other) noexcept : health_(std::exchange(other.health_, nullptr)), pass_(other.pass_) {}
  HealthClaim& operator=(HealthClaim&& other) noexcept {
    abandon();
    health_ = std::exchange(other.health_, nullptr);
    pass_ = other.pass_;
    return *this;
  }
  ~HealthClaim() { abandon(); }

  explicit operator bool() const { return health_ != nullptr && pass_.entered(); }
  resilience::Entry entry() const { return pass_.entry; }

  void first_token(TimePoint now, double ttft, std::uint64_t estimated_input) {
    if (*this) health_->first_token(now, pass_, ttft, estimated_input);
  }
  void leave(TimePoint now, const resilience::AttemptReport& report) {
    if (*this) health_->leave(now, pass_, report);
    health_ = nullptr;
  }

 private:
  // Nobody said how it ended: it was stopped by us, and nobody is blamed.
  void abandon() {
    resilience::AttemptReport report;
    report.fault = resilience::Fault::kCancelled;
    leave(SteadyClock::now(), report);
  }

  resilience::TargetHealth* health_ = nullptr;
  resilience::Pass pass_;
};

}  // namespace fluxgate::gateway
