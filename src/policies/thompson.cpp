#include "policies/thompson.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace fluxgate::policies {
namespace {

constexpr std::size_t kCells = 128;  // of the unit interval; a cell of 200 observations spans at least four of them

// The distribution function of one arm's score, linear between grid points.
class Distribution {
 public:
  explicit Distribution(const Arm& arm) : penalty_(arm.penalty) {
    std::array<double, kCells> density;
    double top = -1e300;
    for (std::size_t i = 0; i < kCells; ++i) {
      density[i] = (arm.alpha - 1) * logs()[i] + (arm.beta - 1) * logs()[kCells - 1 - i];
      top = std::max(top, density[i]);
    }
    double sum = 0;
    for (std::size_t i = 0; i < kCells; ++i) sum += density[i] = std::exp(density[i] - top);
    double below = 0;
    for (std::size_t i = 0; i < kCells; ++i) {
      points_[i] = below / sum;
      below += density[i];
    }
    points_[kCells] = 1;
  }

  double below(double score) const {
    const double place = (score + penalty_) * kCells;
    if (place <= 0) return 0;
    if (place >= kCells) return 1;
    const auto cell = static_cast<std::size_t>(place);
    return points_[cell] + (points_[cell + 1] - points_[cell]) * (place - static_cast<double>(cell));
  }

 private:
  // Logarithms of the cells' middles; those of 1 - x are the same from the other end.
  static const std::array<double, kCells>& logs() {
    static const std::array<double, kCells> values = [] {
      std::array<double, kCells> made;
      for (std::size_t i = 0; i < kCells; ++i) made[i] = std::log((static_cast<double>(i) + 0.5) / kCells);
      return made;
    }();
    return values;
  }

  double penalty_;
  std::array<double, kCells + 1> points_;
};

// What is needed of one arm when the best draw is near m.
struct Slice {
  double at = 0;     // chance that its draw is the one near m
  double under = 0;  // chance that it is below the band [m - margin, m]
  double inside = 0; // chance that it is in the band
};

// Five-point Gauss-Legendre on [0, 1]: exact for the polynomials of up to ten arms.
constexpr std::array<double, 5> kNodes{0.04691007703066800, 0.23076534494715845, 0.5, 0.76923465505284155,
                                       0.95308992296933200};
constexpr std::array<double, 5> kNodeWeights{0.11846344252809454, 0.23931433524968324, 0.28444444444444444,
                                             0.23931433524968324, 0.11846344252809454};

// The part of the chance that falls to a best draw near m. With S the arms in the band, the wanted value is the
// expectation of [arm in S] / |S|, and 1/|S| is the integral of t^(|S| - 1) over t from 0 to 1, which makes a product
// over the arms of it: each is below the band, or in it and brings a factor t.
double part(const std::vector<Slice>& slices, std::size_t arm, bool band) {
  double sum = 0;
  for (std::size_t node = 0; node < (band ? kNodes.size() : 1); ++node) {
    const double t = band ? kNodes[node] : 0.5;
    double product = 1;
    double others = 0;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      if (i == arm) continue;
      const double factor = slices[i].under + slices[i].inside * t;
      product *= factor;
      others += slices[i].at / factor;
    }
    sum += (band ? kNodeWeights[node] : 1) * product * (slices[arm].at + slices[arm].inside * t * others);
  }
  return sum;
}

}  // namespace

Arm posterior(double quality, const api::QualityCell& cell) {
  constexpr double kPriorWeight = 2;
  const double q = std::isnan(quality) ? 0.5 : std::clamp(quality, 0.0, 1.0);
  return {kPriorWeight * q + cell.good + 1, kPriorWeight * (1 - q) + cell.underpowered + 1, 0};
}

double chance_of_winning(const Arms& arms, std::size_t arm, double margin) {
  if (arms.size() <= 1) return 1;
  std::vector<Distribution> distributions;
  distributions.reserve(arms.size());
  double most = 0;
  double least = 1;
  for (const Arm& each : arms) {
    distributions.emplace_back(each);
    most = std::max(most, each.penalty);
    least = std::min(least, each.penalty);
  }
  constexpr double kStep = 1.0 / kCells;
  const bool band = margin > 0;
  std::vector<Slice> slices(arms.size());
  double chance = 0;
  for (double from = -most; from < 1 - least; from += kStep) {
    double all_below = 1;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const double middle = distributions[i].below(from + kStep / 2);
      const double under = band ? distributions[i].below(from + kStep / 2 - margin) : middle;
      slices[i] = {distributions[i].below(from + kStep) - distributions[i].below(from), under, middle - under};
      all_below *= middle;
    }
    if (all_below < 1e-9) continue;  // somebody is always above: the best draw is not here
    chance += part(slices, arm, band);
  }
  return std::clamp(chance, kLeastChance, 1.0);
}

}  // namespace fluxgate::policies
