#include "fluxgate/resilience/classify.hpp"

#include <algorithm>

namespace fluxgate::resilience {
namespace {

constexpr std::chrono::milliseconds kLongestBackoff{8000};

// What the body said goes before the status; nothing if it said nothing of use.
std::optional<Verdict> by_class(ErrorClass known, bool filter_fallback) {
  switch (known) {
    case ErrorClass::kContextLength: return Verdict{Fault::kClient, NextStep::kLargerWindow};
    case ErrorClass::kContentFilter:
      return Verdict{Fault::kClient, filter_fallback ? NextStep::kOtherTarget : NextStep::kStop};
    case ErrorClass::kUnsupportedParameter:
    case ErrorClass::kTooLargeForQuota: return Verdict{Fault::kClient, NextStep::kOtherTarget};
    case ErrorClass::kInsufficientQuota:
    case ErrorClass::kInvalidCredential: return Verdict{Fault::kCredential, NextStep::kOtherTarget};
    case ErrorClass::kModelNotFound: return Verdict{Fault::kModel, NextStep::kOtherTarget};
    case ErrorClass::kRateLimited: return Verdict{Fault::kRateLimited, NextStep::kOtherTarget};
    case ErrorClass::kOverloaded: return Verdict{Fault::kTarget, NextStep::kAnyTarget};
    case ErrorClass::kNone: break;
  }
  return std::nullopt;
}

}  // namespace

Verdict classify_status(int status, ErrorClass known, bool filter_fallback) {
  if (status < 400) return {Fault::kNone, NextStep::kStop};
  if (const auto verdict = by_class(known, filter_fallback)) return *verdict;
  switch (status) {
    case 401:  // this provider's credential, not the client's request
    case 402:
    case 403: return {Fault::kCredential, NextStep::kOtherTarget};
    case 404: return {Fault::kModel, NextStep::kOtherTarget};  // another target may have it
    case 408: return {Fault::kTimeout, NextStep::kOtherTarget};
    case 409:  // about this one request: again may work, and nobody is ill
    case 425: return {Fault::kClient, NextStep::kAnyTarget};
    case 429: return {Fault::kRateLimited, NextStep::kOtherTarget};
    case 501: return {Fault::kClient, NextStep::kOtherTarget};  // it lacks what was asked for
    case 505: return {Fault::kTarget, NextStep::kOtherTarget};
    default: break;
  }
  if (status >= 500) return {Fault::kTarget, NextStep::kAnyTarget};
  return {Fault::kClient, NextStep::kStop};
}

Verdict classify_in_band(ErrorClass known, bool filter_fallback) {
  return by_class(known, filter_fallback).value_or(Verdict{Fault::kTarget, NextStep::kOtherTarget});
}

Verdict classify_empty_answer() { return {Fault::kTarget, NextStep::kAnyTarget}; }

Verdict classify_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kConnect: return {Fault::kTarget, NextStep::kAnyTarget};
    case ErrorKind::kUpstreamReset:
      // A kept connection that had died is bad luck, not a failure of the target.
      return {error.retry == Retry::kIfReused ? Fault::kCancelled : Fault::kTarget, NextStep::kAnyTarget};
    case ErrorKind::kTls:
    case ErrorKind::kDns:
    case ErrorKind::kForbiddenAddress:
    case ErrorKind::kUpstreamProtocol:
    case ErrorKind::kUpstreamInBand: return {Fault::kTarget, NextStep::kOtherTarget};
    case ErrorKind::kUpstreamTimeout: return {Fault::kTimeout, NextStep::kOtherTarget};
    case ErrorKind::kUpstreamStatus: return {Fault::kTarget, NextStep::kStop};  // the status knows better
    default: break;  // no attempt failed: the client, this gateway or the clock ended the request
  }
  return {error.source == ErrorSource::kClient ? Fault::kClient : Fault::kCancelled, NextStep::kStop};
}

std::optional<std::chrono::milliseconds> backoff(std::size_t again, std::chrono::milliseconds base,
                                                 std::optional<std::chrono::milliseconds> retry_after,
                                                 std::chrono::milliseconds longest, Random& random) {
  std::chrono::milliseconds wait = base;
  for (std::size_t i = 1; i < again && wait < kLongestBackoff; ++i) wait *= 2;
  wait = std::min(wait, kLongestBackoff);
  const double jittered = static_cast<double>(wait.count()) * (0.5 + 0.5 * random.unit());
  wait = std::chrono::milliseconds(static_cast<long long>(jittered));
  if (retry_after) wait = std::max(wait, *retry_after);
  if (wait > longest) return std::nullopt;
  return wait;
}

}  // namespace fluxgate::resilience
