#include "fluxgate/dialects/openai/errors.hpp"

#include "fluxgate/json/write.hpp"

namespace fluxgate::dialects::openai {
namespace {

struct Shape {
  int status;
  std::string_view type;
  std::string_view code;
};

constexpr std::string_view kInvalid = "invalid_request_error";
constexpr std::string_view kUpstream = "upstream_error";
constexpr std::string_view kServer = "server_error";

Shape shape_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBadRequest: return {400, kInvalid, "bad_request"};
    case ErrorKind::kUnsupported: return {400, kInvalid, "unsupported"};
    case ErrorKind::kNotFound: return {404, kInvalid, "unknown_url"};
    case ErrorKind::kModelNotFound: return {404, kInvalid, "model_not_found"};
    case ErrorKind::kMethodNotAllowed: return {405, kInvalid, "method_not_allowed"};
    case ErrorKind::kRequestTimeout: return {408, kInvalid, "request_timeout"};
    case ErrorKind::kPayloadTooLarge: return {413, kInvalid, "payload_too_large"};
    case ErrorKind::kUriTooLong: return {414, kInvalid, "uri_too_long"};
    case ErrorKind::kUnsupportedMedia: return {415, kInvalid, "unsupported_media_type"};
    case ErrorKind::kExpectationFailed: return {417, kInvalid, "expectation_failed"};
    case ErrorKind::kHeadTooLarge: return {431, kInvalid, "headers_too_large"};
    case ErrorKind::kContextLength: return {400, kInvalid, "context_length_exceeded"};
    case ErrorKind::kIncapable: return {400, kInvalid, "unsupported_capability"};
    case ErrorKind::kClientGone: return {499, kInvalid, "client_closed_request"};
    case ErrorKind::kNotImplemented: return {501, kInvalid, "not_implemented"};
    case ErrorKind::kVersionUnsupported: return {505, kInvalid, "http_version_not_supported"};
    case ErrorKind::kConnect: return {502, kUpstream, "upstream_unreachable"};
    case ErrorKind::kTls: return {502, kUpstream, "upstream_tls_failed"};
    case ErrorKind::kDns: return {502, kUpstream, "upstream_unresolved"};
    case ErrorKind::kForbiddenAddress: return {502, kUpstream, "upstream_address_forbidden"};
    case ErrorKind::kUpstreamTimeout: return {504, kUpstream, "upstream_timeout"};
    case ErrorKind::kUpstreamReset: return {502, kUpstream, "upstream_closed"};
    case ErrorKind::kUpstreamProtocol: return {502, kUpstream, "bad_upstream"};
    case ErrorKind::kUpstreamStatus: return {502, kUpstream, "upstream_status"};
    case ErrorKind::kUpstreamInBand: return {502, kUpstream, "upstream_error"};
    case ErrorKind::kNoTarget: return {503, kServer, "no_target"};
    case ErrorKind::kOverloaded: return {503, kServer, "overloaded"};
    case ErrorKind::kRateLimited: return {429, "rate_limit_error", "rate_limit_exceeded"};
    case ErrorKind::kDraining: return {503, kServer, "shutting_down"};
    case ErrorKind::kDeadline: return {504, kServer, "deadline_exceeded"};
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
    case ErrorKind::kConfig: return {500, kServer, "internal_error"};
  }
  return {500, kServer, "internal_error"};
}

}  // namespace

int http_status(const Error& error) { return shape_of(error.kind).status; }

std::string error_json(const Error& error) {
  const Shape shape = shape_of(error.kind);
  std::string out = "{\"error\":{\"message\":";
  json::append_quoted(out, error.message);
  out += ",\"type\":";
  json::append_quoted(out, shape.type);
  out += ",\"param\":";
  if (error.param.empty()) {
    out += "null";
  } else {
    json::append_quoted(out, error.param);
  }
  out += ",\"code\":";
  json::append_quoted(out, error.code.empty() ? shape.code : std::string_view(error.code));
  out += "}}";
  return out;
}

std::string error_event(const Error& error) { return "data: " + error_json(error) + "\n\n"; }

}  // namespace fluxgate::dialects::openai
