// Upstream response heads, checked as strictly as requests: a confused upstream must not confuse the next exchange on
// its connection. Decisions where the RFCs leave a choice:
//   - Content-Length beside Transfer-Encoding is an error (RFC 9112 section 6.3 permits it); equal repeated
//     Content-Length values are taken as one, differing ones are an error.
//   - Transfer-Encoding other than exactly `chunked`: a list that ends in `chunked` is an error, as we ask for no other
//     coding; anything else is read until close. In HTTP/1.0 it is an error.
//   - obs-fold is an error; 101 is an error, as we never ask for an upgrade.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fluxgate/base/error.hpp"
#include "fluxgate/http/fields.hpp"
#include "fluxgate/http/head_scanner.hpp"

namespace fluxgate::http {

class HeadTokenizer;  // private to the module

struct ResponseHeadLimits {
  std::size_t head = 64 * 1024;  // bytes, status line and empty line included
  std::size_t fields = 200;
};

// The views point into the parsed buffer.
struct ResponseHead {
  int status = 0;                    // 100..599
  int version_minor = 1;
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;  // for kLength
  // The connection may carry another exchange once this body was read to its end and no bytes are left behind it.
  bool keep_alive = true;
  Fields fields;

  std::optional<std::string_view> find(std::string_view name) const { return find_field(fields, name); }
};

// Reads the heads of one exchange; reused by the next exchange on the connection. Not thread-safe.
class ResponseHeadParser {
 public:
  enum class Status : std::uint8_t {
    kNeedMore,       // no complete head yet
    kInformational,  // a 1xx head of consumed() bytes: drop them, next_head(), parse on; a cap on them is the caller's
    kDone,           // the final head
    kError,          // error() says why: close the connection
  };

  explicit ResponseHeadParser(const ResponseHeadLimits& limits = {});
  ResponseHeadParser(const ResponseHeadParser&) = delete;
  ResponseHeadParser& operator=(const ResponseHeadParser&) = delete;

  // As RequestHeadParser::parse.
  Status parse(std::string_view bytes);

  std::size_t consumed() const { return consumed_; }
  const ResponseHead& head() const { return head_; }
  Error error() const;                        // kUpstreamProtocol; its detail names the rule
  // For a new exchange. The answer to a HEAD request has no body whatever its fields say.
  void reset(bool answers_head_request);
  void next_head();  // after kInformational

 private:
  bool read_at_once(std::string_view bytes);
  const char* read_scanned(std::string_view bytes);  // the rule that is broken, or nullptr
  const char* read(HeadTokenizer& tokens);           // likewise
  Status done();
  Status fail(const char* rule);

  ResponseHeadLimits limits_;
  HeadScanner scanner_;
  std::size_t consumed_ = 0;
  ResponseHead head_;
  const char* rule_ = "";
  bool answers_head_request_ = false;
  Status status_ = Status::kNeedMore;
};

// How long an upstream asks us to wait: Retry-After-Ms, else Retry-After in seconds or as an HTTP date (IMF-fixdate
// only; a date in the past is 0). nullopt without a readable value. Bound it before use: an upstream
// may ask for a year.
std::optional<std::chrono::milliseconds> retry_after(const ResponseHead& head,
                                                     std::chrono::system_clock::time_point now);

}  // namespace fluxgate::http
