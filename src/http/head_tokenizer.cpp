#include "http/head_tokenizer.hpp"

#include "http/char_scan.hpp"

namespace fluxgate::http {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr const char* kBadLineEnd = "lines must end in CRLF";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// 0 or 1 for a text that begins with HTTP/1.0 or HTTP/1.1, else -1.
int version_minor(std::string_view text) {
  if (!text.starts_with("HTTP/1.") || text.size() < 8) return -1;
  if (text[7] == '1') return 1;
  return text[7] == '0' ? 0 : -1;
}

// RFC 9110 section 15.6.6: a well-formed version with another major number is told apart from nonsense.
Fault version_fault(std::string_view rest) {
  const auto word = rest.substr(0, rest.find('\r'));
  const bool well_formed =
      word.size() == 8 && word.starts_with("HTTP/") && is_digit(word[5]) && word[6] == '.' && is_digit(word[7]);
  if (well_formed && word[5] != '1') return {ErrorKind::kVersionUnsupported, "this HTTP version is not supported"};
  return {ErrorKind::kBadRequest, "the HTTP version must be HTTP/1.1 or HTTP/1.0"};
}

}  // namespace

inline void HeadTokenizer::end_line(const char* rule) {
  if (end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n') {
    at_ += 2;
  } else {
    fault_.rule = at_ != end_ && *at_ != '\r' ? rule : kBadLineEnd;
  }
}

RequestLine HeadTokenizer::request_line() {
  RequestLine line;
  const char* at = skip_tchars(at_, end_);
  line.method = {at_, at};
  if (at == end_ || *at != ' ' || line.method.empty()) {
    fault_.rule = "the method is malformed";
    return line;
  }
  const char* const target = at + 1;
  at = skip_from<' ' + 1>(target, end_);
  line.target = {target, at};
  if (at == end_ || *at != ' ' || line.target.empty()) {
    fault_.rule = "the request target is malformed";
    return line;
  }
  const std::string_view rest(at + 1, end_);
  line.version_minor = version_minor(rest);
  if (line.version_minor < 0 || rest.substr(8, 2) != kLineEnd) {
    fault_ = version_fault(rest);
    return line;
  }
  at_ = at + 11;
  return line;
}

StatusLine HeadTokenizer::status_line() {
  StatusLine line;
  const std::string_view text(at_, end_);
  line.version_minor = version_minor(text);
  if (line.version_minor < 0 || text.size() < 13 || text[8] != ' ') {
    fault_.rule = "the HTTP version is malformed";
    return line;
  }
  // RFC 9112 section 4: the blank behind the code stands even if there is no reason.
  if (!is_digit(text[9]) || !is_digit(text[10]) || !is_digit(text[11]) || text[12] != ' ') {
    fault_.rule = "the status code is malformed";
    return line;
  }
  line.status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
  at_ = skip_field_chars(at_ + 13, end_);
  end_line("the reason phrase has a control character");
  return line;
}

Field HeadTokenizer::field() {
  const char* const name = at_;
  const char* const colon = skip_tchars(name, end_);
  if (colon == end_ || *colon != ':' || colon == name) {
    fault_.rule = name == end_ || *name == '\r' ? kBadLineEnd : "a field name is malformed";
    return {};
  }
  const char* value = colon + 1;
  if (value != end_ && *value == ' ') ++value;  // as nearly always
  while (value != end_ && is_blank(*value)) ++value;
  at_ = skip_field_chars(value, end_);
  const char* last = at_;
  while (last != value && is_blank(last[-1])) --last;
  end_line("a field value is malformed");
  return {{name, colon}, {value, last}};
}

}  // namespace fluxgate::http
