// Letting the least important work go before everything becomes slow.
#pragma once

#include <span>

#include "fluxgate/api/live.hpp"

namespace fluxgate::resilience {

// How full a route is, 0..1 and beyond: the mean of pending / concurrency over those of its targets that take requests.
// A target without a cap counts as empty; 1 if no target takes requests.
double saturation(std::span<const api::TargetStatus> targets);

// The chance that a request of a sheddable class is refused: min(saturation^5 x 300, 1), llm-d's curve. 2.3 % at .15,
// everything from .32 on.
double shed_probability(double saturation);

}  // namespace fluxgate::resilience
