#include "fluxgate/resilience/classify.hpp"

#include <algorithm>

namespace fluxgate::resilience {
namespace {

constexpr std::chrono::milliseconds kLongestBackoff{8000};

}  // namespace

NextStep after_status(int status) {
  switch (status) {
    case 401:  // this provider's credential, not the client's request
    case 402:
    case 403:
    case 404:  // the model is not there; another target may have it
    case 429:
      return NextStep::kOtherTarget;
    case 408:
    case 409:
      return NextStep::kAnyTarget;
    case 501:
    case 505:
      return NextStep::kOtherTarget;
    default: return status >= 500 ? NextStep::kAnyTarget : NextStep::kStop;
  }
}

NextStep after_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kConnect:
    case ErrorKind::kUpstreamReset:
      return NextStep::kAnyTarget;
    case ErrorKind::kTls:
    case ErrorKind::kDns:
    case ErrorKind::kForbiddenAddress:
    case ErrorKind::kUpstreamTimeout:
    case ErrorKind::kUpstreamProtocol:
    case ErrorKind::kUpstreamInBand:
      return NextStep::kOtherTarget;
    default: return NextStep::kStop;
  }
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
