// What a policy would have been worth, from what another policy did: off-policy estimators, and what they are measured
// against. Numbers in, numbers out. The formulae and their worked values stand in docs/replay.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace fluxgate::routing {

// ---- off-policy ----------------------------------------------------------------------------------------------------

// One logged choice. `rhat` is what a model of the rewards, fitted on other rows, expects.
struct OffPolicyRow {
  double chance_new = 0;     // with which the new policy makes the logged choice here
  double chance_logged = 1;  // with which the logging policy made it; above 0
  double reward = 0;         // of the logged choice
  double rhat_new = 0;       // of the new policy here: the mean over its choices
  double rhat_logged = 0;    // of the logged choice
};

struct Measured {
  double value = 0;
  double error = 0;  // standard error
};

struct OffPolicyValue {
  std::size_t rows = 0;
  Measured ips;               // inverse propensity: unbiased but for the clipping, wide, may lie above 1
  Measured snips;             // the same, divided by the sum of the weights: little bias, less wide
  Measured dr;                // doubly robust: rhat, corrected by the weighted surprises
  double ess = 0;             // how many rows of the new policy's own the weighted rows are worth
  double clipped_rows = 0;    // share of the rows whose weight was clipped
  double clipped_weight = 0;  // share of the weight that was cut off
};

// Weights are chance_new / chance_logged, at most `clip`. All zero without rows.
OffPolicyValue off_policy_value(std::span<const OffPolicyRow> rows, double clip);

// Expected reward by cell: the mean of what was seen there, with a prior of two observations that says what the target
// did over all cells (which in turn starts from the mean of everything). Cross-fitted: rows are in one of kFolds folds,
// and a row is only ever told what the other folds saw.
class RewardModel {
 public:
  static constexpr std::size_t kFolds = 5;
  static constexpr double kPriorWeight = 2;

  RewardModel(std::size_t cells, std::size_t targets);
  void add(std::size_t fold, std::size_t cell, std::size_t target, double reward);
  // What is expected of a target in a cell by everything but `fold`.
  double expect(std::size_t fold, std::size_t cell, std::size_t target) const;
  // How often the target was seen at all, in any fold.
  std::size_t seen(std::size_t target) const;

 private:
  struct Sum {
    double reward = 0;
    double count = 0;
    void add(double value);
    double mean(double prior, double weight) const { return (reward + prior * weight) / (count + weight); }
  };
  Sum without(std::size_t fold, std::size_t row, std::size_t target) const;

  std::size_t cells_;
  std::size_t targets_;
  std::vector<Sum> sums_;  // fold, then cell (one more for all cells), then target (one more for all targets)
};

// ---- full information ----------------------------------------------------------------------------------------------

struct PriceAndValue {
  double price = 0;
  double value = 0;
};

// The best value that a coin between two of `singles` (or one alone) has without costing more than `price`: what any
// router must beat. The cheapest one's value below every price.
double hull_value(std::span<const PriceAndValue> singles, double price);

struct Interval {
  double low = 0;
  double high = 0;
  bool spans_zero() const { return low <= 0 && high >= 0; }
};

// The middle 95 % of `statistic` over resamples of `rows` indexes, drawn with replacement. Deterministic given the
// seed.
Interval bootstrap(std::size_t rows, std::size_t resamples, std::uint64_t seed,
                   const std::function<double(std::span<const std::size_t>)>& statistic);

}  // namespace fluxgate::routing
