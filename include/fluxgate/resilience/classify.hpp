// What a failed attempt means for the rest of the request: try the same target again, go to the next, or stop.
//
// The table is routing.md's, after what providers' status codes mean in practice: a client's own mistake must not be
// tried elsewhere (it would fail again and cost again), a provider's trouble should be. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "fluxgate/base/error.hpp"
#include "fluxgate/base/random.hpp"

namespace fluxgate::resilience {

enum class NextStep : std::uint8_t {
  kStop,         // final: the client gets this outcome
  kOtherTarget,  // the next candidate; the same target again would be pointless
  kAnyTarget,    // the same target once more if the plan allows it, else the next
};

// For a complete answer with a status that is not success.
NextStep after_status(int status);
// For an attempt that failed without a complete answer.
NextStep after_error(const Error& error);

// How long to wait before the `again`-th retry (from 1) of the same target: `base` doubled each time up to 8 s, with
// equal jitter (half fixed, half drawn); the upstream's Retry-After if it is longer. Nothing if the wait would be
// longer than `longest`.
std::optional<std::chrono::milliseconds> backoff(std::size_t again, std::chrono::milliseconds base,
                                                 std::optional<std::chrono::milliseconds> retry_after,
                                                 std::chrono::milliseconds longest, Random& random);

}  // namespace fluxgate::resilience
