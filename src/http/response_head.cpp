#include "fluxgate/http/response_head.hpp"

#include <algorithm>

#include "fluxgate/base/text.hpp"
#include "http/beast_sink.hpp"

namespace fluxgate::http {

namespace {

namespace bh = boost::beast::http;

class Sink final : public HeadSink<false> {
 public:
  explicit Sink(ResponseHead& head) : head_(head) {}

  const char* fault() const { return fault_; }
  void finish(bool answers_head_request);

 private:
  void on_response_impl(int status, View reason, int version, ErrorCode& ec) override;
  void on_field_impl(bh::field id, View name, View value, ErrorCode& ec) override;
  void on_transfer_encoding(std::string_view value);
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

void Sink::on_response_impl(int status, View, int version, ErrorCode& ec) {
  head_.status = status;
  head_.version_minor = version - 10;
  if (status < 100 || status > 599) fail("the status code is outside 100..599");  // RFC 9110 section 15
  if (status == 101) fail("101 Switching Protocols was not asked for");
  if (fault_ != nullptr) ec = refused();
}

void Sink::on_field_impl(bh::field id, View name, View value, ErrorCode& ec) {
  const std::string_view text(value.data(), value.size());
  if (id == bh::field::content_length) {
    // Beast has checked that all values of all lines are numbers and agree; the first one stands for them.
    content_length_ = parse_decimal(trim(text.substr(0, text.find(','))));
    if (!content_length_) fail("Content-Length is malformed");
  } else if (id == bh::field::transfer_encoding) {
    on_transfer_encoding(text);
  } else if (id == bh::field::connection) {
    close_ = close_ || lists_token(text, "close");
    keep_ = keep_ || lists_token(text, "keep-alive");
  }
  if (fault_ != nullptr) {
    ec = refused();
    return;
  }
  head_.fields.push_back(Field{{name.data(), name.size()}, text});
}

void Sink::on_transfer_encoding(std::string_view value) {
  if (has_transfer_encoding_) fail("more than one Transfer-Encoding field");
  has_transfer_encoding_ = true;
  chunked_ = iequals(value, "chunked");
  if (!chunked_ && lists_token(value, "chunked")) fail("Transfer-Encoding has a coding beside chunked");
}

void Sink::finish(bool answers_head_request) {
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
    case Verdict::kTooManyFields: return "too many fields";
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
    : scanner_(HeadScanner::Kind::kResponse, limits.head, limits.head, limits.fields) {}

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
  const auto verdict = scanner_.scan(bytes);
  if (verdict == HeadScanner::Verdict::kNeedMore) return Status::kNeedMore;
  if (verdict != HeadScanner::Verdict::kComplete) return fail(to_rule(verdict));
  return finish(bytes.substr(0, scanner_.end()));
}

ResponseHeadParser::Status ResponseHeadParser::finish(std::string_view bytes) {
  head_ = ResponseHead();
  Sink sink(head_);
  const auto failure = sink.run(bytes);
  if (!failure) sink.finish(answers_head_request_);
  if (sink.fault() != nullptr) return fail(sink.fault());
  if (failure) return fail(grammar_rule(*failure));
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
