// What order adaptive knows of its targets as distributions, and the chance that one of them wins.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>

#include "fluxgate/policies/traits.hpp"

namespace fluxgate::policies {

// One target: its score is a draw from Beta(alpha, beta) minus `penalty`.
struct Arm {
  double alpha = 1;
  double beta = 1;
  double penalty = 0;
  double mean() const { return alpha / (alpha + beta); }
};
using Arms = boost::container::small_vector<Arm, 12>;

// Two observations' worth of the quality that is expected, then what was seen. routing.md 3.7.
Arm posterior(double quality, const api::QualityCell& cell);

// The chance that `arm` comes first when every arm draws once and one is taken, all alike, among those within `margin`
// of the best draw (margin 0: the best). By integration, not by drawing again and again: no noise, and a tenth of the
// cost of 200 draws. Never below kLeastChance: the grid cannot tell less, and who divides by it wants no zero.
inline constexpr double kLeastChance = 1e-3;
double chance_of_winning(const Arms& arms, std::size_t arm, double margin);

}  // namespace fluxgate::policies
