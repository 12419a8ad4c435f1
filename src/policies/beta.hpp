// Draws for Thompson sampling.
#pragma once

#include "fluxgate/base/random.hpp"

namespace fluxgate::policies {

// Standard normal values by Marsaglia's polar method, which makes two at a time.
class Normals {
 public:
  explicit Normals(Random& random) : random_(random) {}
  double next();

 private:
  Random& random_;
  double spare_ = 0;
  bool has_spare_ = false;
};

// Gamma(shape, 1), shape > 0, after Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
double draw_gamma(double shape, Random& random, Normals& normals);

// Beta(alpha, beta), both > 0, as the share of one gamma in two.
double draw_beta(double alpha, double beta, Random& random);

}  // namespace fluxgate::policies
