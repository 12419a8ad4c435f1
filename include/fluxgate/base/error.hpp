// The one error value of the data plane, and Result<T>, which carries it.
//
// An Error says what went wrong (kind), whose fault it is (source) and whether trying again could help (retry). The
// model is pingora's (pingora-error): the three answers are independent, and every later decision (which status the
// client gets, whether to fail over, whose health suffers) reads them instead of guessing from text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fluxgate {

enum class ErrorKind : std::uint8_t {
  // What the client sent
  kBadRequest,           // malformed HTTP, JSON or field: 400
  kUnsupported,          // a well-formed request this gateway does not serve: 400
  kNotFound,             // no such path: 404
  kModelNotFound,        // no route takes this model name: 404
  kMethodNotAllowed,     // 405
  kRequestTimeout,       // the client was too slow to send its request: 408
  kPayloadTooLarge,      // 413
  kUriTooLong,           // 414
  kUnsupportedMedia,     // content coding or type we do not read: 415
  kExpectationFailed,    // an Expect other than 100-continue: 417
  kHeadTooLarge,         // 431
  kVersionUnsupported,   // HTTP major version other than 1: 505
  kNotImplemented,       // unknown method or transfer coding: 501
  kContextLength,        // more tokens than the largest window of the route's targets: 400
  kIncapable,            // no target of the route can do what the request needs: 400
  kClientGone,           // the client closed before the answer: logged as 499, never sent
  // What the upstream did
  kConnect,              // refused, unreachable, reset or timed out before the connection stood
  kTls,                  // handshake or verification failed
  kDns,                  // the name did not resolve
  kForbiddenAddress,     // it resolved to an address the provider may not be reached at (allow_private)
  kUpstreamTimeout,      // no answer, no first token or no event within its timer
  kUpstreamReset,        // closed or reset before the answer was complete
  kUpstreamProtocol,     // bytes that are not HTTP, SSE or JSON as promised
  kUpstreamStatus,       // a complete answer with a status that is not success
  kUpstreamInBand,       // HTTP 200 whose first event is an error
  // What the gateway decided
  kNoTarget,             // every candidate was ruled out or spent
  kOverloaded,           // a limit of this gateway: 503
  kRateLimited,          // every target was told to wait by its provider: 429
  kDraining,             // shutting down: 503
  kDeadline,             // the request's own deadline passed: 504
  kCancelled,            // the work was told to stop
  kInternal,             // a fault of ours: 500
  kConfig,               // a configuration error; never reaches a client
};

enum class ErrorSource : std::uint8_t { kClient, kGateway, kUpstream };

enum class Retry : std::uint8_t {
  kNo,        // the same request would fail again
  kYes,       // another attempt may succeed
  kIfReused,  // only because a kept-alive connection had died: safe once, on a new connection
};

std::string_view to_string(ErrorKind kind);
std::string_view to_string(ErrorSource source);

struct Error {
  Error(ErrorKind k, ErrorSource s, Retry r, std::string public_message)
      : kind(k), source(s), retry(r), message(std::move(public_message)) {}

  ErrorKind kind;
  ErrorSource source;
  Retry retry;
  std::string message;    // may be shown to the client: no upstream text, no secret
  std::string param;      // the request field at fault, if one is
  std::string code;       // overrides the kind's own OpenAI error code, if set
  std::string detail;     // for the log only

  Error&& with_param(std::string p) && { param = std::move(p); return std::move(*this); }
  Error&& with_code(std::string c) && { code = std::move(c); return std::move(*this); }
  Error&& with_detail(std::string d) && { detail = std::move(d); return std::move(*this); }
};

// Shorthands for the two commonest makers of errors.
inline Error client_error(ErrorKind kind, std::string message) {
  return {kind, ErrorSource::kClient, Retry::kNo, std::move(message)};
}
inline Error upstream_error(ErrorKind kind, Retry retry, std::string message) {
  return {kind, ErrorSource::kUpstream, retry, std::move(message)};
}

// A T or an Error. Test it before use: value() on an error (and error() on a value) is a fault of the caller, which
// std::variant answers with an exception. boost::system::result is not used because its error() returns a copy (1.81).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error: `return {};` or `return error;`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }

  Error& error() & { return error_.value(); }
  const Error& error() const& { return error_.value(); }
  Error&& error() && { return std::move(error_).value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace fluxgate
