// Time as the data plane uses it: the steady clock for every timer and duration, the system clock only for stamps in logs.
#pragma once

#include <chrono>

namespace fluxgate {

using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using Duration = SteadyClock::duration;

inline double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline long long to_millis(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

}  // namespace fluxgate
