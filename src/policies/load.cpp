#include "policies/load.hpp"

#include <cmath>

namespace fluxgate::policies {
namespace {

constexpr double kDefaultTime = 1;

double median_token_time(std::span<const Option> options) {
  Numbers known;
  for (const Option& option : options) {
    if (option.status.tpot > 0) known.push_back(option.status.tpot);
  }
  return known.empty() ? 0 : median(known);
}

}  // namespace

Numbers expected_times(std::span<const Option> options) {
  Numbers times;
  bool unknown = false;
  double token_time = -1;
  for (const Option& option : options) {
    double time = option.estimate.total;
    if (std::isnan(time) && !std::isnan(option.estimate.ttft)) {
      if (token_time < 0) token_time = median_token_time(options);
      time = option.estimate.ttft + option.estimate.output_tokens * token_time;
    }
    unknown = unknown || std::isnan(time);
    times.push_back(time);
  }
  double stand_in = kDefaultTime;
  if (unknown) {
    Numbers known;
    for (const double time : times) {
      if (!std::isnan(time)) known.push_back(time);
    }
    if (!known.empty()) stand_in = median(known);
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    times[i] = (std::isnan(times[i]) ? stand_in : times[i]) * (1 + load(options[i].status));
  }
  return times;
}

}  // namespace fluxgate::policies
