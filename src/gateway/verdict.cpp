#include "verdict.hpp"

namespace fluxgate::gateway {

using resilience::Fault;
using resilience::NextStep;

bool ends_request(const Error& error) {
  return error.kind == ErrorKind::kClientGone || error.kind == ErrorKind::kDraining || error.kind == ErrorKind::kDeadline;
}

resilience::Verdict judge(const Attempt& attempt, const Result<void>& result, bool filter_fallback) {
  if (result) return {Fault::kNone, NextStep::kStop};
  const Error& error = result.error();
  if (ends_request(error) || error.kind == ErrorKind::kCancelled) return {Fault::kCancelled, NextStep::kStop};
  if (attempt.empty_answer()) return resilience::classify_empty_answer();
  if (error.kind == ErrorKind::kUpstreamStatus) {
    const auto known = resilience::recognise(attempt.status(), attempt.whole());
    return resilience::classify_status(attempt.status(), known, filter_fallback);
  }
  if (error.kind == ErrorKind::kUpstreamInBand) {
    return resilience::classify_in_band(resilience::recognise(200, attempt.in_band_error()), filter_fallback);
  }
  return resilience::classify_error(error);
}

}  // namespace fluxgate::gateway
