// Scripted time for the tests of this folder.
#pragma once

#include "fluxgate/base/clock.hpp"

namespace fluxgate::resilience {

inline Duration duration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// `s` seconds after the beginning of a minute well behind the clock's zero.
inline TimePoint at(double s) {
  return TimePoint{} + std::chrono::hours(1) + duration(s);
}

}  // namespace fluxgate::resilience
