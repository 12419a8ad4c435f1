#include "fluxgate/telemetry/labels.hpp"

namespace fluxgate::telemetry {

AttemptOutcome attempt_outcome(ErrorKind kind, int status) {
  switch (kind) {
    case ErrorKind::kConnect: return AttemptOutcome::kConnect;
    case ErrorKind::kTls: return AttemptOutcome::kTls;
    case ErrorKind::kDns:
    case ErrorKind::kForbiddenAddress: return AttemptOutcome::kDns;
    case ErrorKind::kUpstreamTimeout: return AttemptOutcome::kTimeout;
    case ErrorKind::kUpstreamReset: return AttemptOutcome::kReset;
    case ErrorKind::kUpstreamStatus:
      if (status == 429) return AttemptOutcome::kStatus429;
      return status >= 400 && status < 500 ? AttemptOutcome::kStatus4xx : AttemptOutcome::kStatus5xx;
    case ErrorKind::kUpstreamInBand: return AttemptOutcome::kInBand;
    case ErrorKind::kCancelled:
    case ErrorKind::kClientGone:
    case ErrorKind::kDeadline:
    case ErrorKind::kDraining: return AttemptOutcome::kCancelled;
    default: return AttemptOutcome::kProtocol;
  }
}

RejectReason reject_reason(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kHeadTooLarge:
    case ErrorKind::kUriTooLong: return RejectReason::kHeadTooLarge;
    case ErrorKind::kPayloadTooLarge: return RejectReason::kPayloadTooLarge;
    case ErrorKind::kRequestTimeout: return RejectReason::kTimeout;
    case ErrorKind::kNotFound:
    case ErrorKind::kModelNotFound: return RejectReason::kNotFound;
    case ErrorKind::kMethodNotAllowed: return RejectReason::kMethodNotAllowed;
    case ErrorKind::kUnsupported:
    case ErrorKind::kUnsupportedMedia:
    case ErrorKind::kExpectationFailed:
    case ErrorKind::kVersionUnsupported:
    case ErrorKind::kNotImplemented: return RejectReason::kUnsupported;
    case ErrorKind::kOverloaded: return RejectReason::kOverloaded;
    case ErrorKind::kDraining: return RejectReason::kDraining;
    case ErrorKind::kTls: return RejectReason::kTls;
    case ErrorKind::kInternal: return RejectReason::kInternal;
    default: return RejectReason::kBadRequest;
  }
}

}  // namespace fluxgate::telemetry
