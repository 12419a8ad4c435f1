#include "fluxgate/http/request_head.hpp"

#include <algorithm>
#include <utility>

#include "fluxgate/base/text.hpp"
#include "fluxgate/http/head_writer.hpp"
#include "http/connection.hpp"
#include "http/head_tokenizer.hpp"
#include "http/known_fields.hpp"
#include "http/target.hpp"

namespace fluxgate::http {

namespace {

constexpr const char* kTooManyFields = "too many header fields";

// RFC 9110 section 9.1: methods are case-sensitive.
std::optional<Method> to_method(std::string_view name) {
  if (name == "POST") return Method::kPost;
  if (name == "GET") return Method::kGet;
  if (name == "HEAD") return Method::kHead;
  if (name == "PUT") return Method::kPut;
  if (name == "DELETE") return Method::kDelete;
  if (name == "OPTIONS") return Method::kOptions;
  if (name == "PATCH") return Method::kPatch;
  return std::nullopt;
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

// Fills a head from its lines. The rules over single fields are applied as they come, those over the whole head in
// finish(). Lives on the stack for one parse.
class Guard {
 public:
  Guard(RequestHead& head, std::string& decoded_path) : head_(head), decoded_path_(decoded_path) {}

  Fault run(HeadTokenizer& tokens, std::size_t field_limit);

 private:
  enum Singleton : std::uint32_t {
    kHost = 1,
    kContentLength = 2,
    kTransferEncoding = 4,
    kExpect = 8,
    kAuthorization = 16,
    kContentType = 32,
  };

  void on_request_line(const RequestLine& line);
  void on_field(const Field& field);
  void on_content_length(std::string_view value);
  void on_connection(std::string_view value);
  void finish();
  bool mark(Singleton bit, const char* rule);
  bool has(Singleton bit) const { return (seen_ & bit) != 0; }
  void fail(const char* rule, ErrorKind kind = ErrorKind::kBadRequest) {
    if (!fault_) fault_ = Fault{kind, rule};
  }

  RequestHead& head_;
  std::string& decoded_path_;
  std::string_view authority_;  // of an absolute-form target
  std::string_view transfer_encoding_;
  std::string_view expect_;
  std::uint32_t seen_ = 0;      // Singleton bits
  bool close_ = false;          // Connection: close
  bool keep_ = false;           // Connection: keep-alive
  Fault fault_;
};

Fault Guard::run(HeadTokenizer& tokens, std::size_t field_limit) {
  const auto line = tokens.request_line();
  if (tokens.fault()) return tokens.fault();
  on_request_line(line);
  while (!fault_ && !tokens.at_end()) {
    const auto field = tokens.field();
    if (tokens.fault()) return tokens.fault();
    if (head_.fields.size() == field_limit) return {ErrorKind::kHeadTooLarge, kTooManyFields};
    on_field(field);
  }
  if (!fault_) finish();
  return fault_;
}

void Guard::on_request_line(const RequestLine& line) {
  head_.version_minor = line.version_minor;
  head_.target = line.target;
  const auto method = to_method(line.method);
  if (!method) {
    if (line.method == "CONNECT" || line.method == "TRACE") {
      return fail("CONNECT and TRACE are not allowed", ErrorKind::kMethodNotAllowed);
    }
    return fail("unknown method", ErrorKind::kNotImplemented);
  }
  head_.method = *method;
  const auto parsed = read_target(head_.target, *method == Method::kOptions, decoded_path_);
  if (parsed.fault != nullptr) return fail(parsed.fault);
  head_.path = parsed.path;
  head_.query = parsed.query;
  authority_ = parsed.authority;
}

bool Guard::mark(Singleton bit, const char* rule) {
  if (has(bit)) fail(rule);
  seen_ |= bit;
  return !fault_;
}

void Guard::on_field(const Field& field) {
  const auto keep_first = [&field](std::optional<std::string_view>& place) {
    if (!place) place = field.value;
  };
  switch (known_field(field.name)) {
    case KnownField::kHost:
      if (mark(kHost, "more than one Host field")) head_.host = field.value;
      break;
    case KnownField::kContentLength:
      if (mark(kContentLength, "more than one Content-Length field")) on_content_length(field.value);
      break;
    case KnownField::kTransferEncoding:
      if (mark(kTransferEncoding, "more than one Transfer-Encoding field")) transfer_encoding_ = field.value;
      break;
    case KnownField::kExpect:
      if (mark(kExpect, "more than one Expect field")) expect_ = field.value;
      break;
    case KnownField::kAuthorization:
      mark(kAuthorization, "more than one Authorization field");
      break;
    case KnownField::kContentType:
      if (mark(kContentType, "more than one Content-Type field")) head_.content_type = field.value;
      break;
    case KnownField::kConnection:
      on_connection(field.value);
      break;
    case KnownField::kProxyConnection:
      if (!read_connection(field.value).valid) fail("a field value is malformed");
      break;
    case KnownField::kContentEncoding: keep_first(head_.content_encoding); break;
    case KnownField::kTraceparent: keep_first(head_.traceparent); break;
    case KnownField::kTracestate: keep_first(head_.tracestate); break;
    case KnownField::kOther:
      if (aliases_framing(field.name)) fail("a field name is a framing field spelt with '_'");
      break;
  }
  head_.fields.push_back(field);
}

void Guard::on_content_length(std::string_view value) {
  const auto length = parse_decimal(value);
  if (!length || (value.size() > 1 && value[0] == '0')) {
    fail("Content-Length must be one decimal number");
    return;
  }
  head_.content_length = *length;
}

void Guard::on_connection(std::string_view value) {
  const auto options = read_connection(value);
  if (!options.valid) fail("a field value is malformed");
  if (options.framing) fail("Connection must not list a framing field");
  close_ = close_ || options.close;
  keep_ = keep_ || options.keep_alive;
}

void Guard::finish() {
  const bool http11 = head_.version_minor == 1;
  if (has(kTransferEncoding)) {
    if (has(kContentLength)) fail("Content-Length and Transfer-Encoding together");  // RFC 9112 section 6.3
    if (!http11) fail("Transfer-Encoding in HTTP/1.0");                               // RFC 9112 section 6.1
    const auto coding = transfer_coding_fault(transfer_encoding_);
    if (coding) fail(coding.rule, coding.kind);
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

Fault to_fault(HeadScanner::Verdict verdict) {
  using Verdict = HeadScanner::Verdict;
  switch (verdict) {
    case Verdict::kStartLineTooLong: return {ErrorKind::kUriTooLong, "the request line is too long"};
    case Verdict::kHeadTooLong: return {ErrorKind::kHeadTooLarge, "the header section is too large"};
    case Verdict::kTooManyFields: return {ErrorKind::kHeadTooLarge, kTooManyFields};
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
    : limits_(limits), scanner_(HeadScanner::Kind::kRequest, limits.request_line, limits.head, limits.fields) {}

void RequestHeadParser::reset() {
  scanner_.reset();
  status_ = Status::kNeedMore;
}

RequestHeadParser::Status RequestHeadParser::parse(std::string_view bytes) {
  if (status_ != Status::kNeedMore) return status_;
  if (!scanner_.started() && read_at_once(bytes)) return status_ = Status::kDone;
  const auto verdict = scanner_.scan(bytes);
  if (verdict == HeadScanner::Verdict::kNeedMore) return Status::kNeedMore;
  const auto fault = verdict == HeadScanner::Verdict::kComplete ? read_scanned(bytes) : to_fault(verdict);
  return fault ? fail(fault.kind, fault.rule) : status_ = Status::kDone;
}

// Most heads arrive whole and are in order: then one pass is enough. Whatever it stumbles over is left to the scanner,
// whose verdicts come out the same however the bytes are sliced.
bool RequestHeadParser::read_at_once(std::string_view bytes) {
  HeadTokenizer tokens(bytes.substr(0, limits_.head));
  if (read(tokens)) return false;
  const auto line = head_.target.data() + head_.target.size() + std::string_view(" HTTP/1.1").size() - bytes.data();
  consumed_ = tokens.consumed() + 2;
  return static_cast<std::size_t>(line) <= limits_.request_line;
}

Fault RequestHeadParser::read_scanned(std::string_view bytes) {
  HeadTokenizer tokens(bytes.substr(scanner_.begin(), scanner_.end() - scanner_.begin()));
  consumed_ = scanner_.end();
  return read(tokens);
}

Fault RequestHeadParser::read(HeadTokenizer& tokens) {
  RequestHead blank;  // not RequestHead(), which would also clear the inline room of the fields
  head_ = std::move(blank);
  return Guard(head_, decoded_path_).run(tokens, limits_.fields);
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
