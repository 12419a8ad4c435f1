// p2c: the better of two drawn at random, by expected time x (1 + load). It sheds a slow target as well as a full scan
// does, without all gateways running to the same best one. Drawn with replacement, so that the worst is drawn twice now
// and then and never starves. Pools of three or fewer are too small for that: all are compared, and one is drawn among
// those within 10 % of the best.
#include <algorithm>

#include "policies/chances.hpp"
#include "policies/load.hpp"

namespace fluxgate::policies {
namespace {

constexpr std::size_t kScanAll = 3;
constexpr double kNearBest = 1.10;

struct NearBest {
  double most = 0;         // seconds that still count
  std::size_t count = 0;
};

NearBest near_best(const Numbers& times) {
  NearBest found{*std::min_element(times.begin(), times.end()) * kNearBest, 0};
  for (const double time : times) found.count += time <= found.most ? 1 : 0;
  return found;
}

// Of the n x n pairs: itself twice; it and a worse one, in two orders; it and an equal one, when it was drawn first.
double chance_of(const Numbers& times, std::size_t index) {
  double pairs = 0;
  for (const double time : times) pairs += time > times[index] ? 2 : time == times[index] ? 1 : 0;
  const auto n = static_cast<double>(times.size());
  return pairs / (n * n);
}

}  // namespace

double chance_of_p2c(std::span<const Option> equals, std::size_t index) {
  const Numbers times = expected_times(equals);
  if (equals.size() > kScanAll) return chance_of(times, index);
  const NearBest best = near_best(times);
  return times[index] <= best.most ? 1.0 / static_cast<double>(best.count) : 0;
}

Pick balance_p2c(const BalanceInput&, std::span<const Option> equals, Random& random) {
  const Numbers times = expected_times(equals);
  const auto n = static_cast<double>(equals.size());
  if (equals.size() > kScanAll) {
    const auto first = static_cast<std::size_t>(random.unit() * n);
    const auto second = static_cast<std::size_t>(random.unit() * n);
    const std::size_t index = times[second] < times[first] ? second : first;
    return {index, chance_of(times, index), api::ChosenBy::kP2c};
  }
  const NearBest best = near_best(times);
  auto drawn = static_cast<std::size_t>(random.unit() * static_cast<double>(best.count));
  std::size_t index = 0;
  while (times[index] > best.most || drawn-- > 0) ++index;
  return {index, 1.0 / static_cast<double>(best.count), api::ChosenBy::kP2c};
}

}  // namespace fluxgate::policies
