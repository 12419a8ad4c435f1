#include "fluxgate/base/error.hpp"

namespace fluxgate {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBadRequest: return "bad_request";
    case ErrorKind::kUnsupported: return "unsupported";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kModelNotFound: return "model_not_found";
    case ErrorKind::kMethodNotAllowed: return "method_not_allowed";
    case ErrorKind::kRequestTimeout: return "request_timeout";
    case ErrorKind::kPayloadTooLarge: return "payload_too_large";
    case ErrorKind::kUriTooLong: return "uri_too_long";
    case ErrorKind::kUnsupportedMedia: return "unsupported_media";
    case ErrorKind::kExpectationFailed: return "expectation_failed";
    case ErrorKind::kHeadTooLarge: return "head_too_large";
    case ErrorKind::kVersionUnsupported: return "version_unsupported";
    case ErrorKind::kNotImplemented: return "not_implemented";
    case ErrorKind::kClientGone: return "client_gone";
    case ErrorKind::kConnect: return "connect";
    case ErrorKind::kTls: return "tls";
    case ErrorKind::kDns: return "dns";
    case ErrorKind::kForbiddenAddress: return "forbidden_address";
    case ErrorKind::kUpstreamTimeout: return "upstream_timeout";
    case ErrorKind::kUpstreamReset: return "upstream_reset";
    case ErrorKind::kUpstreamProtocol: return "upstream_protocol";
    case ErrorKind::kUpstreamStatus: return "upstream_status";
    case ErrorKind::kUpstreamInBand: return "upstream_in_band";
    case ErrorKind::kNoTarget: return "no_target";
    case ErrorKind::kOverloaded: return "overloaded";
    case ErrorKind::kRateLimited: return "rate_limited";
    case ErrorKind::kContextLength: return "context_length";
    case ErrorKind::kIncapable: return "incapable";
    case ErrorKind::kDraining: return "draining";
    case ErrorKind::kDeadline: return "deadline";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kInternal: return "internal";
    case ErrorKind::kConfig: return "config";
  }
  return "unknown";
}

std::string_view to_string(ErrorSource source) {
  switch (source) {
    case ErrorSource::kClient: return "client";
    case ErrorSource::kGateway: return "gateway";
    case ErrorSource::kUpstream: return "upstream";
  }
  return "unknown";
}

}  // namespace fluxgate
