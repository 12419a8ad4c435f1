// Experiments: sticky A/B by hash, and the canary that stops itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fluxgate/api/facts.hpp"
#include "fluxgate/base/clock.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::policies {

// The variant this request's unit belongs to, or -1 for the route's own targets. The same unit always gets the same
// one; growing one variant's share moves units only from the rest into it. `request_seed` is the unit if the facts
// have none.
int choose_variant(const config::Experiment& experiment, const api::RequestFacts& facts, std::uint64_t request_seed);

// Whether this request is the canary's at `share`; sticky by session where there is one.
bool in_canary(double share, const api::RequestFacts& facts, std::uint64_t request_seed);

// The canary of one route: counts both sides, moves through the steps, and aborts on the evidence. Not thread-safe; its
// owner locks. Judged with an alpha-spending plan over the looks, so that looking often does not abort falsely.
class CanaryState {
 public:
  enum class Stage { kRunning, kPassed, kAborted };
  struct Outcome {
    bool canary = false;
    bool failed = false;
    double ttft = 0;   // seconds; 0: not a stream, or none came
  };

  CanaryState(const config::Canary& rules, TimePoint start);
  void note(const Outcome& outcome);
  // Moves on or aborts if it is time. True if the stage or the share changed.
  bool judge(TimePoint now);
  double share() const;                     // 0 once aborted, the last step once passed
  Stage stage() const { return stage_; }
  const std::string& reason() const { return reason_; }  // why it was aborted, for people

 private:
  struct Side {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    double ttft_log_sum = 0;                // geometric mean stands for the median
    double ttft_log_squares = 0;
    std::uint64_t ttft_count = 0;
  };
  bool look();                              // true: abort
  bool more_errors(double alpha);
  bool slower(double alpha);
  void next_step(TimePoint now);

  config::Canary rules_;
  std::size_t step_ = 0;
  TimePoint step_began_;
  std::uint32_t looks_ = 0;
  double next_look_;                        // at so many of the canary's requests in this step
  Side canary_;                             // of this step
  Side rest_;
  Stage stage_ = Stage::kRunning;
  std::string reason_;
};

}  // namespace fluxgate::policies
