// round_robin: smooth weighted round robin without state: where turn t of the cycle is, is worked out.
//
// The well-known rule (every turn each adds its weight to its credit; the one with the most goes and pays the sum of
// all weights) repeats after the sum of its weights, so for whole weights whose sum, after taking out common factors,
// is at most 64 the cycle is played up to turn % sum: exact, 5, 1, 1 gives a a b a c a a, and at most 64 rounds.
// Larger or fractional weights would need long cycles. There the turn is multiplied by the golden ratio and the
// fraction points into the line of weights: the golden section spreads the turns of each share evenly (three-gap
// theorem), the shares are exact in the limit for any weights, nobody starves, and it costs one pass.
//
// Played by the targets' places in the configuration and not in the ranking: a ranking that changes with every request
// would mix up the turns.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "policies/chances.hpp"

namespace fluxgate::policies {
namespace {

constexpr std::uint64_t kLongestCycle = 64;
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;  // 2^64 / golden ratio

struct Player {
  std::uint32_t index = 0;   // in the span of equals
  double weight = 0;
  std::int64_t steps = 0;    // the weight as a whole number, reduced
  std::int64_t credit = 0;
};
using Players = boost::container::small_vector<Player, 16>;

Players players_of(std::span<const Option> equals) {
  Players players;
  for (std::uint32_t i = 0; i < equals.size(); ++i) {
    // Insertion from the back: equals mostly come in the order of the configuration already.
    players.push_back({i, equals[i].traits->weight, 0, 0});
    for (std::size_t k = i; k > 0 && equals[players[k - 1].index].traits->index > equals[i].traits->index; --k) {
      std::swap(players[k - 1], players[k]);
    }
  }
  return players;
}

// Fills `steps`; the length of the cycle, or 0 if it would be too long or there are fractions.
std::uint64_t reduce(Players& players) {
  constexpr double kMostWeight = 1e6;
  std::int64_t sum = 0;
  for (Player& player : players) {
    if (player.weight > kMostWeight || player.weight < 1 || player.weight != std::floor(player.weight)) return 0;
    player.steps = static_cast<std::int64_t>(player.weight);
    sum += player.steps;
  }
  if (static_cast<std::uint64_t>(sum) <= kLongestCycle) return static_cast<std::uint64_t>(sum);
  std::int64_t factor = 0;
  for (const Player& player : players) factor = std::gcd(factor, player.steps);
  const auto cycle = static_cast<std::uint64_t>(sum / factor);
  if (cycle > kLongestCycle) return 0;
  for (Player& player : players) player.steps /= factor;
  return cycle;
}

std::uint32_t play(Players& players, std::uint64_t cycle, std::uint64_t turn) {
  std::uint32_t winner = 0;
  for (std::uint64_t round = 0; round <= turn; ++round) {
    winner = 0;
    for (std::uint32_t i = 0; i < players.size(); ++i) {
      players[i].credit += players[i].steps;
      if (players[i].credit > players[winner].credit) winner = i;
    }
    players[winner].credit -= static_cast<std::int64_t>(cycle);
  }
  return players[winner].index;
}

std::uint32_t point_at(const Players& players, std::uint64_t turn) {
  double total = 0;
  for (const Player& player : players) total += player.weight;
  double point = static_cast<double>((turn * kGolden) >> 11) * 0x1.0p-53 * total;
  std::size_t i = 0;
  while (i + 1 < players.size() && point >= players[i].weight) point -= players[i++].weight;
  return players[i].index;
}

}  // namespace

Pick balance_round_robin(const BalanceInput& input, std::span<const Option> equals) {
  Players players = players_of(equals);
  std::uint32_t index = 0;
  if (equal_weights(equals)) {
    index = players[input.turn % players.size()].index;
  } else if (const std::uint64_t cycle = reduce(players); cycle != 0) {
    index = play(players, cycle, input.turn % cycle);
  } else {
    index = point_at(players, input.turn);
  }
  // What the turn is has nothing to do with the request, so its chance is its share of the turns.
  return {index, chance_by_weight(equals, index), api::ChosenBy::kRoundRobin};
}

}  // namespace fluxgate::policies
