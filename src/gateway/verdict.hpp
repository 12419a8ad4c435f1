// What the end of an attempt means. One judgement for the request's own attempts and for its shadows.
#pragma once

#include "attempt.hpp"
#include "fluxgate/resilience/classify.hpp"

namespace fluxgate::gateway {

// The request must end now: its client left, its time is up, or the process is going. What an upstream said before is
// then beside the point.
bool ends_request(const Error& error);

// `result` is what attempt.start() gave. `filter_fallback` is the route's content_filter_fallback.
resilience::Verdict judge(const Attempt& attempt, const Result<void>& result, bool filter_fallback);

}  // namespace fluxgate::gateway
