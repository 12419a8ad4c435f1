#include "policies/beta.hpp"

#include <cmath>

namespace fluxgate::policies {

double Normals::next() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  double x = 0;
  double y = 0;
  double square = 0;
  do {
    x = 2 * random_.unit() - 1;
    y = 2 * random_.unit() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double factor = std::sqrt(-2 * std::log(square) / square);
  spare_ = y * factor;
  has_spare_ = true;
  return x * factor;
}

double draw_gamma(double shape, Random& random, Normals& normals) {
  if (shape < 1) {
    // Gamma(a) = Gamma(a + 1) x u^(1/a); 1 - unit() is never 0.
    return draw_gamma(shape + 1, random, normals) * std::pow(1 - random.unit(), 1 / shape);
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normals.next();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = 1 - random.unit();
    const double square = x * x;
    if (u < 1 - 0.0331 * square * square) return d * v;  // the squeeze: decides nearly all without a logarithm
    if (std::log(u) < 0.5 * square + d * (1 - v + std::log(v))) return d * v;
  }
}

double draw_beta(double alpha, double beta, Random& random) {
  Normals normals(random);
  const double a = draw_gamma(alpha, random, normals);
  const double b = draw_gamma(beta, random, normals);
  return a / (a + b);
}

}  // namespace fluxgate::policies
