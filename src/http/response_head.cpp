#include "fluxgate/http/response_head.hpp"

#include <utility>

#include "fluxgate/base/text.hpp"
#include "http/connection.hpp"
#include "http/head_tokenizer.hpp"
#include "http/known_fields.hpp"

namespace fluxgate::http {

namespace {

constexpr const char* kTooManyFields = "too many fields";

// Fills a head from its lines. Lives on the stack for one parse.
class Guard {
 public:
  explicit Guard(ResponseHead& head) : head_(head) {}

  // The rule that is broken, or nullptr.
  const char* run(HeadTokenizer& tokens, std::size_t field_limit, bool answers_head_request);

 private:
  void on_field(const Field& field);
  void on_content_length(std::string_view value);
  void on_transfer_encoding(std::string_view value);
  void on_connection(std::string_view value);
  void finish(bool answers_head_request);
  void fail(const char* rule) {
    if (fault_ == nullptr) fault_ = rule;
  }

  ResponseHead& head_;
  const char* fault_ = nullptr;
  std::optional<std::uint64_t> content_length_;
  bool has_transfer_encoding_ = false;
  bool chunked_ = false;
  bool close_ = false;  // Connection: close
  bool keep_ = false;   // Connection: keep-alive
};

const char* Guard::run(HeadTokenizer& tokens, std::size_t field_limit, bool answers_head_request) {
  const auto line = tokens.status_line();
  if (tokens.fault()) return tokens.fault().rule;
  head_.status = line.status;
  head_.version_minor = line.version_minor;
  if (line.status < 100 || line.status > 599) fail("the status code is outside 100..599");  // RFC 9110 section 15
  if (line.status == 101) fail("101 Switching Protocols was not asked for");
  while (fault_ == nullptr && !tokens.at_end()) {
    const auto field = tokens.field();
    if (tokens.fault()) return tokens.fault().rule;
    if (head_.fields.size() == field_limit) return kTooManyFields;
    on_field(field);
  }
  if (fault_ == nullptr) finish(answers_head_request);
  return fault_;
}

void Guard::on_field(const Field& field) {
  switch (known_field(field.name)) {
    case KnownField::kContentLength: on_content_length(field.value); break;
    case KnownField::kTransferEncoding: on_transfer_encoding(field.value); break;
    case KnownField::kConnection: on_connection(field.value); break;
    case KnownField::kProxyConnection:
      if (!read_connection(field.value).valid) fail("a field value is malformed");
      break;
    default: break;
  }
  head_.fields.push_back(field);
}

void Guard::on_content_length(std::string_view value) {
  for (;;) {  // RFC 9110 section 8.6: the same number again, in a list or in another line, is the same length
    const auto comma = value.find(',');
    const auto length = parse_decimal(trim(value.substr(0, comma)));
    if (!length) return fail("Content-Length is malformed");
    if (content_length_ && *content_length_ != *length) return fail("more than one Content-Length value");
    content_length_ = length;
    if (comma == value.npos) return;
    value.remove_prefix(comma + 1);
  }
}

void Guard::on_transfer_encoding(std::string_view value) {
  if (has_transfer_encoding_) fail("more than one Transfer-Encoding field");
  has_transfer_encoding_ = true;
  chunked_ = iequals(value, "chunked");
  if (!chunked_ && lists_token(value, "chunked")) fail("Transfer-Encoding has a coding beside chunked");
}

void Guard::on_connection(std::string_view value) {
  const auto options = read_connection(value);
  if (!options.valid) fail("a field value is malformed");
  close_ = close_ || options.close;
  keep_ = keep_ || options.keep_alive;
}

void Guard::finish(bool answers_head_request) {
  const bool http11 = head_.version_minor == 1;
  if (has_transfer_encoding_ && content_length_) fail("Content-Length and Transfer-Encoding together");
  if (has_transfer_encoding_ && !http11) fail("Transfer-Encoding in HTTP/1.0");  // RFC 9112 section 6.1
  head_.keep_alive = !close_ && (http11 || keep_);
  // The order of RFC 9112 section 6.3.
  const bool never_a_body = head_.status < 200 || head_.status == 204 || head_.status == 304;
  if (answers_head_request || never_a_body) {
    head_.framing = BodyFraming::kNone;
  } else if (chunked_) {
    head_.framing = BodyFraming::kChunked;
  } else if (content_length_ && !has_transfer_encoding_) {
    head_.framing = BodyFraming::kLength;
    head_.content_length = *content_length_;
  } else {
    head_.framing = BodyFraming::kUntilClose;
  }
  // An unknown coding makes the end of even an absent body doubtful.
  if (head_.framing == BodyFraming::kUntilClose || (has_transfer_encoding_ && !chunked_)) head_.keep_alive = false;
}

const char* to_rule(HeadScanner::Verdict verdict) {
  using Verdict = HeadScanner::Verdict;
  switch (verdict) {
    case Verdict::kStartLineTooLong: return "the status line is too long";
    case Verdict::kHeadTooLong: return "the head is too large";
    case Verdict::kTooManyFields: return kTooManyFields;
    case Verdict::kBareLf: return "lines must end in CRLF";
    case Verdict::kFolded: return "a header line begins with a blank";
    case Verdict::kBadStart:
    case Verdict::kNeedMore:
    case Verdict::kComplete: break;
  }
  return "it does not begin with HTTP/";
}

}  // namespace

ResponseHeadParser::ResponseHeadParser(const ResponseHeadLimits& limits)
    : limits_(limits), scanner_(HeadScanner::Kind::kResponse, limits.head, limits.head, limits.fields) {}

void ResponseHeadParser::reset(bool answers_head_request) {
  answers_head_request_ = answers_head_request;
  next_head();
}

void ResponseHeadParser::next_head() {
  scanner_.reset();
  status_ = Status::kNeedMore;
}

ResponseHeadParser::Status ResponseHeadParser::parse(std::string_view bytes) {
  if (status_ != Status::kNeedMore) return status_;
  if (!scanner_.started() && read_at_once(bytes)) return done();
  const auto verdict = scanner_.scan(bytes);
  if (verdict == HeadScanner::Verdict::kNeedMore) return Status::kNeedMore;
  const char* rule = verdict == HeadScanner::Verdict::kComplete ? read_scanned(bytes) : to_rule(verdict);
  return rule != nullptr ? fail(rule) : done();
}

// As RequestHeadParser::read_at_once.
bool ResponseHeadParser::read_at_once(std::string_view bytes) {
  HeadTokenizer tokens(bytes.substr(0, limits_.head));
  if (read(tokens) != nullptr) return false;
  consumed_ = tokens.consumed() + 2;
  return true;
}

const char* ResponseHeadParser::read_scanned(std::string_view bytes) {
  HeadTokenizer tokens(bytes.substr(0, scanner_.end()));
  consumed_ = scanner_.end();
  return read(tokens);
}

const char* ResponseHeadParser::read(HeadTokenizer& tokens) {
  ResponseHead blank;  // not ResponseHead(), which would also clear the inline room of the fields
  head_ = std::move(blank);
  return Guard(head_).run(tokens, limits_.fields, answers_head_request_);
}

ResponseHeadParser::Status ResponseHeadParser::done() {
  return status_ = head_.status < 200 ? Status::kInformational : Status::kDone;
}

ResponseHeadParser::Status ResponseHeadParser::fail(const char* rule) {
  rule_ = rule;
  return status_ = Status::kError;
}

Error ResponseHeadParser::error() const {
  return upstream_error(ErrorKind::kUpstreamProtocol, Retry::kYes, "The upstream's answer is not valid HTTP.")
      .with_detail(std::string("response head: ") + rule_);
}

}  // namespace fluxgate::http
