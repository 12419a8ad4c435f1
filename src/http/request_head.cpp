#include "fluxgate/http/request_head.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

#include "fluxgate/base/text.hpp"
#include "fluxgate/http/head_writer.hpp"
#include "http/beast_sink.hpp"
#include "http/chars.hpp"
#include "http/target.hpp"

namespace fluxgate::http {

namespace {

namespace bh = boost::beast::http;

struct Fault {
  ErrorKind kind = ErrorKind::kBadRequest;
  const char* rule = nullptr;  // nullptr: none
};

std::optional<Method> to_method(bh::verb verb) {
  switch (verb) {
    case bh::verb::get: return Method::kGet;
    case bh::verb::head: return Method::kHead;
    case bh::verb::post: return Method::kPost;
    case bh::verb::put: return Method::kPut;
    case bh::verb::delete_: return Method::kDelete;
    case bh::verb::options: return Method::kOptions;
    case bh::verb::patch: return Method::kPatch;
    default: return std::nullopt;
  }
}

// RFC 9112 sections 6.1 and 6.3: the body's length is certain only if `chunked` is the last coding and there once.
Fault transfer_coding_fault(std::string_view value) {
  const Fault unclear{ErrorKind::kBadRequest, "Transfer-Encoding must be exactly 'chunked'"};
  if (iequals(value, "chunked")) return {};
  for (auto comma = value.find(','); comma != value.npos; comma = value.find(',')) {
    const auto coding = trim(value.substr(0, comma));
    if (!valid_field_name(coding) || iequals(coding, "chunked")) return unclear;
    value.remove_prefix(comma + 1);
  }
  if (!iequals(trim(value), "chunked")) return unclear;
  return {ErrorKind::kNotImplemented, "Transfer-Encoding has a coding beside chunked"};
}

// Content_Length and the like: one field here, a framing field behind an upstream that maps '_' to '-'.
bool aliases_framing(std::string_view name) {
  const auto equals = [name](std::string_view framing) {
    return name.size() == framing.size() &&
           std::equal(name.begin(), name.end(), framing.begin(),
                      [](char a, char b) { return (a == '_' ? '-' : ascii_lower(a)) == b; });
  };
  return equals("content-length") || equals("transfer-encoding");
}

// Beast reports the fields here; the guard's rules over single fields are applied as they come, those over the whole
// head in finish().
class Sink final : public HeadSink<true> {
 public:
  Sink(RequestHead& head, std::string& decoded_path) : head_(head), decoded_path_(decoded_path) {}

  const Fault& fault() const { return fault_; }
  void finish();

 private:
  void on_request_impl(bh::verb verb, View method, View target, int version, ErrorCode& ec) override;
  void on_field_impl(bh::field id, View name, View value, ErrorCode& ec) override;
  void on_content_length(std::string_view value);
  void on_connection(std::string_view value);
  void fail(const char* rule, ErrorKind kind = ErrorKind::kBadRequest) {
    if (fault_.rule == nullptr) fault_ = Fault{kind, rule};
  }

  RequestHead& head_;
  std::string& decoded_path_;
  std::string_view authority_;          // of an absolute-form target
  std::string_view transfer_encoding_;
  std::string_view expect_;
  std::string_view content_length_;
  std::uint32_t seen_ = 0;              // Singleton bits
  bool close_ = false;                  // Connection: close
  bool keep_ = false;                   // Connection: keep-alive
  Fault fault_;

  enum Singleton : std::uint32_t {
    kHost = 1,
    kContentLength = 2,
    kTransferEncoding = 4,
    kExpect = 8,
    kAuthorization = 16,
    kContentType = 32,
  };
  bool mark(Singleton bit, const char* rule);
  bool has(Singleton bit) const { return (seen_ & bit) != 0; }
};

void Sink::on_request_impl(bh::verb verb, View, View target, int version, ErrorCode& ec) {
  head_.version_minor = version - 10;
  head_.target = target;
  const auto method = to_method(verb);
  if (verb == bh::verb::connect || verb == bh::verb::trace) {
    fail("CONNECT and TRACE are not allowed", ErrorKind::kMethodNotAllowed);
  } else if (!method) {
    fail("unknown method", ErrorKind::kNotImplemented);
  } else {
    head_.method = *method;
    const auto parsed = read_target(head_.target, *method == Method::kOptions, decoded_path_);
    if (parsed.fault != nullptr) fail(parsed.fault);
    head_.path = parsed.path;
    head_.query = parsed.query;
    authority_ = parsed.authority;
  }
  if (fault_.rule != nullptr) ec = refused();
}

bool Sink::mark(Singleton bit, const char* rule) {
  if (has(bit)) fail(rule);
  seen_ |= bit;
  return fault_.rule == nullptr;
}

void Sink::on_field_impl(bh::field id, View name, View value, ErrorCode& ec) {
  const std::string_view text(value.data(), value.size());
  switch (id) {
    case bh::field::host:
      if (mark(kHost, "more than one Host field")) head_.host = text;
      break;
    case bh::field::content_length:
      if (mark(kContentLength, "more than one Content-Length field")) on_content_length(text);
      break;
    case bh::field::transfer_encoding:
      if (mark(kTransferEncoding, "more than one Transfer-Encoding field")) transfer_encoding_ = text;
      break;
    case bh::field::expect:
      if (mark(kExpect, "more than one Expect field")) expect_ = text;
      break;
    case bh::field::authorization:
      mark(kAuthorization, "more than one Authorization field");
      break;
    case bh::field::content_type:
      mark(kContentType, "more than one Content-Type field");
      break;
    case bh::field::connection:
      on_connection(text);
      break;
    case bh::field::unknown:
      if (name.find('_') != name.npos && aliases_framing({name.data(), name.size()})) {
        fail("a field name is a framing field spelt with '_'");
      }
      break;
    default:
      break;
  }
  if (fault_.rule != nullptr) {
    ec = refused();
    return;
  }
  head_.fields.push_back(Field{{name.data(), name.size()}, text});
}

void Sink::on_content_length(std::string_view value) {
  const auto length = parse_decimal(value);
  if (!length || (value.size() > 1 && value[0] == '0')) {
    fail("Content-Length must be one decimal number");
    return;
  }
  head_.content_length = *length;
}

void Sink::on_connection(std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const auto token = trim(value.substr(0, comma));
    if (iequals(token, "close")) {
      close_ = true;
    } else if (iequals(token, "keep-alive")) {
      keep_ = true;
    } else if (iequals(token, "content-length") || iequals(token, "transfer-encoding") || iequals(token, "host")) {
      // RFC 9110 section 7.6.1: end-to-end fields must not be listed; dropping one of these would change the framing.
      fail("Connection must not list a framing field");
    }
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

void Sink::finish() {
  const bool http11 = head_.version_minor == 1;
  if (has(kTransferEncoding)) {
    if (has(kContentLength)) fail("Content-Length and Transfer-Encoding together");  // RFC 9112 section 6.3
    if (!http11) fail("Transfer-Encoding in HTTP/1.0");                               // RFC 9112 section 6.1
    const auto coding = transfer_coding_fault(transfer_encoding_);
    if (coding.rule != nullptr) fail(coding.rule, coding.kind);
    head_.framing = BodyFraming::kChunked;
  } else if (has(kContentLength)) {
    head_.framing = BodyFraming::kLength;
  }
  // RFC 9112 section 3.2.
  if (http11 && !has(kHost)) fail("the Host field is missing");
  if (has(kHost) && !valid_host(head_.host)) fail("the Host field is invalid");
  if (!authority_.empty()) {
    if (has(kHost) && !iequals(authority_, head_.host)) fail("Host differs from the authority of the request target");
    head_.host = authority_;
  }
  // RFC 9110 section 10.1.1; HTTP/1.0 has no expectations.
  if (has(kExpect) && http11) {
    if (!iequals(expect_, "100-continue")) fail("Expect must be '100-continue'", ErrorKind::kExpectationFailed);
    head_.expect_continue = head_.has_body();
  }
  head_.keep_alive = !close_ && (http11 || keep_);
}

Fault version_fault(std::string_view head) {
  // A well-formed third word of the request line with another major version: RFC 9110 section 15.6.6.
  auto version = head.substr(0, head.find('\r'));
  version.remove_prefix(version.find(' ') + 1);  // Beast has read the method and the target
  version.remove_prefix(version.find(' ') + 1);
  const bool well_formed =
      version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
      is_digit(version[7]);
  if (well_formed && version[5] != '1') {
    return {ErrorKind::kVersionUnsupported, "this HTTP version is not supported"};
  }
  return {ErrorKind::kBadRequest, "the HTTP version must be HTTP/1.1 or HTTP/1.0"};
}

Fault to_fault(HeadScanner::Verdict verdict) {
  using Verdict = HeadScanner::Verdict;
  switch (verdict) {
    case Verdict::kStartLineTooLong: return {ErrorKind::kUriTooLong, "the request line is too long"};
    case Verdict::kHeadTooLong: return {ErrorKind::kHeadTooLarge, "the header section is too large"};
    case Verdict::kTooManyFields: return {ErrorKind::kHeadTooLarge, "too many header fields"};
    case Verdict::kBareLf: return {ErrorKind::kBadRequest, "lines must end in CRLF"};
    case Verdict::kFolded: return {ErrorKind::kBadRequest, "a header line must not begin with a blank"};
    case Verdict::kBadStart:
    case Verdict::kNeedMore:
    case Verdict::kComplete: break;
  }
  return {ErrorKind::kBadRequest, "this is not an HTTP/1.1 request"};
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kPut: return "PUT";
    case Method::kDelete: return "DELETE";
    case Method::kOptions: return "OPTIONS";
    case Method::kPatch: return "PATCH";
  }
  return "";
}

RequestHeadParser::RequestHeadParser(const HeadLimits& limits)
    : scanner_(HeadScanner::Kind::kRequest, limits.request_line, limits.head, limits.fields) {}

void RequestHeadParser::reset() {
  scanner_.reset();
  status_ = Status::kNeedMore;
}

RequestHeadParser::Status RequestHeadParser::parse(std::string_view bytes) {
  if (status_ != Status::kNeedMore) return status_;
  const auto verdict = scanner_.scan(bytes);
  if (verdict == HeadScanner::Verdict::kNeedMore) return Status::kNeedMore;
  if (verdict == HeadScanner::Verdict::kComplete) return finish(bytes.substr(0, scanner_.end()));
  const auto fault = to_fault(verdict);
  return fail(fault.kind, fault.rule);
}

RequestHeadParser::Status RequestHeadParser::finish(std::string_view bytes) {
  bytes.remove_prefix(scanner_.begin());
  head_ = RequestHead();
  Sink sink(head_, decoded_path_);
  const auto failure = sink.run(bytes);
  if (!failure) sink.finish();
  if (sink.fault().rule != nullptr) return fail(sink.fault().kind, sink.fault().rule);
  if (!failure) return status_ = Status::kDone;
  if (*failure == bh::error::bad_version) {
    const auto fault = version_fault(bytes);
    return fail(fault.kind, fault.rule);
  }
  return fail(ErrorKind::kBadRequest, grammar_rule(*failure));
}

RequestHeadParser::Status RequestHeadParser::fail(ErrorKind kind, const char* rule) {
  error_kind_ = kind;
  rule_ = rule;
  return status_ = Status::kError;
}

Error RequestHeadParser::error() const {
  return client_error(error_kind_, std::string("Invalid HTTP request: ") + rule_);
}

}  // namespace fluxgate::http
