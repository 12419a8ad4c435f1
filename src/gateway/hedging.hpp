// A race of two attempts for one request.
//
// The first attempt starts at once, the second when the first is late; the first that shows content wins, and the other
// is closed. Each runs as a coroutine of its own with an interrupt of its own; the pipeline waits for both through one
// timer that they cancel. The race outlives its decision until the loser has ended, which takes no longer than closing a
// connection, or a look-up of a name that cannot be stopped.
#pragma once

#include <memory>
#include <optional>

#include "attempt.hpp"
#include "fluxgate/api/plan.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/net/await.hpp"

namespace fluxgate::gateway {

struct HedgeLeg {
  explicit HedgeLeg(net::DeadlineQueue& deadlines) : interrupt(deadlines) {}

  const api::Candidate* candidate = nullptr;
  net::Interrupt interrupt;
  std::unique_ptr<Attempt> attempt;
  HealthClaim claim;
  std::optional<Result<void>> result;  // set when it has ended
  bool concluded = false;              // its result was taken note of

  bool started() const { return attempt != nullptr; }
  bool running() const { return started() && !result; }
  bool won() const { return result && result->has_value(); }
};

class HedgeRace : public std::enable_shared_from_this<HedgeRace> {
 public:
  explicit HedgeRace(net::Worker& worker)
      : first(worker.deadlines()), second(worker.deadlines()), changed_(worker.executor()) {}

  HedgeLeg first;
  HedgeLeg second;

  void start(HedgeLeg& leg);
  // Waits until a leg ends, `until` passes, or `interrupt` (the request's own) is triggered.
  net::Task<void> wait(net::Interrupt& interrupt, TimePoint until);
  bool running() const { return first.running() || second.running(); }
  void stop(net::Interrupt::Reason reason);

 private:
  static net::Task<void> run(std::shared_ptr<HedgeRace> race, HedgeLeg& leg);

  net::Timer changed_;
  bool ended_ = false;  // a leg ended since wait() was called
};

}  // namespace fluxgate::gateway
