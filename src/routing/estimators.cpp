#include "fluxgate/routing/estimators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fluxgate/base/random.hpp"

namespace fluxgate::routing {
namespace {

Measured mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  if (values.size() < 2) return {mean, 0};
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1) / n)};
}

}  // namespace

OffPolicyValue off_policy_value(std::span<const OffPolicyRow> rows, double clip) {
  OffPolicyValue result;
  result.rows = rows.size();
  if (rows.empty()) return result;
  std::vector<double> weights;
  std::vector<double> ips;
  std::vector<double> dr;
  double sum = 0;
  double squares = 0;
  double weighted = 0;
  double cut = 0;
  std::size_t clipped = 0;
  for (const OffPolicyRow& row : rows) {
    const double full = row.chance_new / row.chance_logged;
    const double weight = std::min(full, clip);
    cut += full - weight;
    clipped += full > clip ? 1 : 0;
    sum += weight;
    squares += weight * weight;
    weighted += weight * row.reward;
    weights.push_back(weight);
    ips.push_back(weight * row.reward);
    dr.push_back(row.rhat_new + weight * (row.reward - row.rhat_logged));
  }
  result.ips = mean_of(ips);
  result.dr = mean_of(dr);
  result.clipped_rows = static_cast<double>(clipped) / static_cast<double>(rows.size());
  if (sum <= 0) return result;
  result.clipped_weight = cut / (sum + cut);
  result.ess = sum * sum / squares;
  result.snips.value = weighted / sum;
  // Delta method for a ratio of means.
  double spread = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double off = weights[i] * (rows[i].reward - result.snips.value);
    spread += off * off;
  }
  result.snips.error = std::sqrt(spread) / sum;
  return result;
}

// ---- the model of rewards
// --------------------------------------------------------------------------------------------

void RewardModel::Sum::add(double value) {
  reward += value;
  count += 1;
}

RewardModel::RewardModel(std::size_t cells, std::size_t targets)
    : cells_(cells), targets_(targets), sums_(kFolds * (cells + 1) * (targets + 1)) {}

void RewardModel::add(std::size_t fold, std::size_t cell, std::size_t target, double reward) {
  for (const std::size_t row : {cell, cells_}) {
    for (const std::size_t column : {target, targets_}) {
      sums_[(fold * (cells_ + 1) + row) * (targets_ + 1) + column].add(reward);
    }
  }
}

RewardModel::Sum RewardModel::without(std::size_t fold, std::size_t row, std::size_t target) const {
  Sum total;
  for (std::size_t other = 0; other < kFolds; ++other) {
    if (other == fold) continue;
    const Sum& sum = sums_[(other * (cells_ + 1) + row) * (targets_ + 1) + target];
    total.reward += sum.reward;
    total.count += sum.count;
  }
  return total;
}

double RewardModel::expect(std::size_t fold, std::size_t cell, std::size_t target) const {
  const double overall = without(fold, cells_, targets_).mean(0.5, kPriorWeight);
  const double of_target = without(fold, cells_, target).mean(overall, kPriorWeight);
  return without(fold, cell, target).mean(of_target, kPriorWeight);
}

std::size_t RewardModel::seen(std::size_t target) const {
  return static_cast<std::size_t>(without(kFolds, cells_, target).count);
}

// ---- full information
// --------------------------------------------------------------------------------------------------

double hull_value(std::span<const PriceAndValue> singles, double price) {
  double best = -std::numeric_limits<double>::infinity();
  double least = std::numeric_limits<double>::infinity();
  double of_cheapest = 0;
  for (const PriceAndValue& one : singles) {
    if (one.price < least || (one.price == least && one.value > of_cheapest)) {
      least = one.price;
      of_cheapest = one.value;
    }
    if (one.price <= price) best = std::max(best, one.value);
    for (const PriceAndValue& other : singles) {
      if (one.price > price || other.price <= price) continue;
      const double share = (price - one.price) / (other.price - one.price);
      best = std::max(best, one.value + share * (other.value - one.value));
    }
  }
  return std::isfinite(best) ? best : of_cheapest;
}

Interval bootstrap(std::size_t rows, std::size_t resamples, std::uint64_t seed,
                   const std::function<double(std::span<const std::size_t>)>& statistic) {
  if (rows == 0 || resamples == 0) return {};
  Random random(seed);
  std::vector<std::size_t> drawn(rows);
  std::vector<double> values;
  values.reserve(resamples);
  for (std::size_t i = 0; i < resamples; ++i) {
    for (std::size_t& row : drawn) {
      row = std::min(rows - 1, static_cast<std::size_t>(random.unit() * static_cast<double>(rows)));
    }
    values.push_back(statistic(drawn));
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(resamples - 1))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace fluxgate::routing
