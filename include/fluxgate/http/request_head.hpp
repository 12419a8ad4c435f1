// The strict head guard: bytes of an HTTP/1.x request head in, a checked RequestHead out. No sockets, no copies.
//
// This module holds everything the gateway knows about HTTP/1.1 messages as bytes:
//   request_head.hpp    what a client sent, or why it is refused
//   response_head.hpp   what an upstream answered, or why it is refused
//   chunked.hpp         chunked bodies, decoded in place, and chunk heads for what we send
//   field_rules.hpp     which fields may cross the gateway, in each direction
//   head_writer.hpp     fresh heads for both directions
// The rule behind all of it: parse to typed values, check, and write a new head; the bytes of a received head are never
// forwarded. What two parsers could read differently is refused, not repaired, because request smuggling lives in such
// differences (RFC 9112 section 11.2).
//
// The grammar is read by a tokenizer of our own (docs/decisions/003-own-head-tokenizer.md); the tests hold what it
// accepts against Boost.Beast's parser. Decisions where the RFCs leave a choice:
//   - Every refusal ends the connection: after a bad head nobody knows where the next request starts.
//   - Line ends are CRLF only; up to two empty lines before the request line are skipped (RFC 9112 section 2.2).
//   - HTTP/1.2 to 1.9 are refused with 400, another major version with 505.
//   - Transfer-Encoding is exactly `chunked`; further codings under it are 501, anything else 400. Content-Length is
//     one line with one number without leading zeros; beside Transfer-Encoding it is always refused.
//   - Repeated Host, Authorization, Content-Type or Expect is refused: one request has one of each. A repeated or
//     listed Content-Length is refused even when the values agree.
//   - Field names with '_' are ordinary fields, except those that become Content-Length or Transfer-Encoding where an
//     upstream maps '_' to '-': these are refused. All others could never be forwarded (field_rules.hpp).
//   - Field values may hold bytes >= 0x80 (obs-text, RFC 9110 section 5.5); controls other than TAB are refused.
//   - Host is a DNS name, an IPv4 address or a bracketed IPv6 address, with an optional port up to 65535. The parts of
//     the URI grammar no such name uses (percent-encoding, sub-delims) are refused.
//   - There is one canonical path, decoded once; see RequestHead::path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fluxgate/base/error.hpp"
#include "fluxgate/http/fields.hpp"
#include "fluxgate/http/head_scanner.hpp"

namespace fluxgate::http {

struct Fault;         // private to the module
class HeadTokenizer;  // likewise

// Bytes and counts; config::Limits carries the configured ones.
struct HeadLimits {
  std::size_t request_line = 8 * 1024;  // without its CRLF; longer: 414
  std::size_t head = 32 * 1024;         // from the first byte to the end of the empty line; longer: 431
  std::size_t fields = 100;             // more: 431
};

// The methods served somewhere. CONNECT and TRACE are refused with 405, all others with 501.
enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch };
std::string_view to_string(Method method);

// A head that passed every check. The views point into the parsed buffer (path possibly into the parser), so the head
// is valid as long as that buffer stays in place and the parser is not reset.
struct RequestHead {
  Method method = Method::kGet;
  int version_minor = 1;             // HTTP/1.<version_minor>: 0 or 1
  std::string_view target;           // as sent
  // The one path for routing, authentication and logs: without scheme, authority and query, percent-decoded, starting
  // with '/' and without empty, "." or ".." segments; "*" for OPTIONS *. Encoded '/', '\', '.', '%', '?', '#' and
  // control characters are refused, so decoding it again changes nothing; a URL made of it needs encoding (blanks,
  // bytes >= 0x80).
  std::string_view path;
  std::string_view query;            // raw, after the first '?'; empty if there is none
  std::string_view host;             // with the port, if one was sent; empty only in HTTP/1.0
  BodyFraming framing = BodyFraming::kNone;  // never kUntilClose
  std::uint64_t content_length = 0;  // for kLength
  bool keep_alive = true;            // what the client wants: version and Connection
  bool expect_continue = false;      // the client waits for 100 (or a final status) before it sends the body
  // What is asked for on every request, noted while the head is read: the value of the first field of that name.
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> content_encoding;
  std::optional<std::string_view> traceparent;
  std::optional<std::string_view> tracestate;
  Fields fields;                     // all of them, in order

  bool has_body() const { return framing == BodyFraming::kChunked || content_length > 0; }
  std::optional<std::string_view> find(std::string_view name) const { return find_field(fields, name); }
};

// Reads one head at a time; lives as long as its connection, on that connection's thread.
class RequestHeadParser {
 public:
  enum class Status : std::uint8_t {
    kNeedMore,  // no complete head yet
    kDone,      // head() is valid; the body or the next request starts after consumed() bytes
    kError,     // error() says why; answer it and close
  };

  explicit RequestHeadParser(const HeadLimits& limits = {});
  RequestHeadParser(const RequestHeadParser&) = delete;  // head() may point into the parser
  RequestHeadParser& operator=(const RequestHeadParser&) = delete;

  // Looks for a complete head at the start of `bytes`. After kNeedMore call it again with the same bytes and more
  // behind them; they may have moved. Only new bytes are searched, and the verdict does not depend on how they were
  // sliced. Once it is not kNeedMore the verdict stands until reset().
  Status parse(std::string_view bytes);

  std::size_t consumed() const { return consumed_; }  // after kDone
  const RequestHead& head() const { return head_; }   // after kDone
  Error error() const;                                // after kError
  // Bytes of a head (more than empty lines) have been seen.
  bool started() const { return status_ == Status::kDone || scanner_.started(); }
  void reset();                                       // for the next request on the connection

 private:
  bool read_at_once(std::string_view bytes);
  Fault read_scanned(std::string_view bytes);
  Fault read(HeadTokenizer& tokens);
  Status fail(ErrorKind kind, const char* rule);

  HeadLimits limits_;
  HeadScanner scanner_;
  std::size_t consumed_ = 0;
  RequestHead head_;
  std::string decoded_path_;         // used only by paths with percent-encoding
  ErrorKind error_kind_ = ErrorKind::kBadRequest;
  const char* rule_ = "";            // the rule that was broken
  Status status_ = Status::kNeedMore;
};

}  // namespace fluxgate::http
