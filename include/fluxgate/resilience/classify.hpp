// What a failed attempt means: for the target's health, and for the rest of the request.
//
// The table is routing.md's, after what providers' status codes mean in practice: a client's own mistake must not be
// tried elsewhere (it would fail again and cost again), a provider's trouble should be. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "fluxgate/base/error.hpp"
#include "fluxgate/base/random.hpp"
#include "fluxgate/resilience/error_class.hpp"
#include "fluxgate/resilience/fault.hpp"

namespace fluxgate::resilience {

enum class NextStep : std::uint8_t {
  kStop,          // final: the client gets this outcome
  kOtherTarget,   // the next candidate; the same target again would be pointless
  kAnyTarget,     // the same target once more if the plan allows it, else the next
  kLargerWindow,  // the next candidate whose context window is larger than this target's; none: final
};

struct Verdict {
  Fault fault = Fault::kNone;
  NextStep next = NextStep::kStop;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// For a complete answer. `known` is what recognise() made of its body. `filter_fallback` is the route's
// content_filter_fallback.
Verdict classify_status(int status, ErrorClass known, bool filter_fallback);
// For an answer whose status was 200 and whose first event is an error.
Verdict classify_in_band(ErrorClass known, bool filter_fallback);
// For an attempt that failed without a complete answer.
Verdict classify_error(const Error& error);
// For an answer that ended well by its own account but holds no token and no finish reason.
Verdict classify_empty_answer();

// How long to wait before the `again`-th retry (from 1) of the same target: `base` doubled each time up to 8 s, with
// equal jitter (half fixed, half drawn); the upstream's Retry-After if it is longer. Nothing if the wait would be
// longer than `longest`.
std::optional<std::chrono::milliseconds> backoff(std::size_t again, std::chrono::milliseconds base,
                                                 std::optional<std::chrono::milliseconds> retry_after,
                                                 std::chrono::milliseconds longest, Random& random);

}  // namespace fluxgate::resilience
