#include "policies/numbers.hpp"

#include <algorithm>

#include "fluxgate/api/plan.hpp"

namespace fluxgate::policies {

double median(std::span<double> values) {
  if (values.empty()) return api::kUnknown;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace fluxgate::policies
