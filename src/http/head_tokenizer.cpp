#include "http/head_tokenizer.hpp"

#include <algorithm>
#include <cstring>

#include "fluxgate/base/text.hpp"
#include "fluxgate/http/head_writer.hpp"
#include "http/chars.hpp"

namespace fluxgate::http {

namespace {

constexpr std::string_view kVersion = "HTTP/1.";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// RFC 9110 section 15.6.6: a well-formed version with another major number is told apart from nonsense.
Fault version_fault(std::string_view word) {
  const bool well_formed =
      word.size() == 8 && word.starts_with("HTTP/") && is_digit(word[5]) && word[6] == '.' && is_digit(word[7]);
  if (well_formed && word[5] != '1') return {ErrorKind::kVersionUnsupported, "this HTTP version is not supported"};
  return {ErrorKind::kBadRequest, "the HTTP version must be HTTP/1.1 or HTTP/1.0"};
}

// 0 or 1 for a text that begins with HTTP/1.0 or HTTP/1.1, else -1.
int version_minor(std::string_view text) {
  if (!text.starts_with(kVersion) || text.size() < 8) return -1;
  return text[7] == '1' ? 1 : text[7] == '0' ? 0 : -1;
}

}  // namespace

std::string_view HeadTokenizer::rest_of_line() const {
  const void* cr = std::memchr(at_, '\r', static_cast<std::size_t>(end_ - at_) + 1);
  return {at_, static_cast<std::size_t>(static_cast<const char*>(cr) - at_)};
}

void HeadTokenizer::end_line(const char* rule) {
  if (at_[0] == '\r' && at_[1] == '\n') {
    at_ += 2;
  } else {
    fault_.rule = *at_ == '\r' ? "lines must end in CRLF" : rule;
  }
}

RequestLine HeadTokenizer::request_line() {
  RequestLine line;
  const char* at = at_;
  while (is_tchar(*at)) ++at;
  line.method = {at_, at};
  if (*at != ' ' || line.method.empty()) {
    fault_.rule = "the method is malformed";
    return line;
  }
  const char* const target = ++at;
  while (static_cast<std::uint8_t>(*at) > 0x20 && *at != 0x7f) ++at;
  line.target = {target, at};
  if (*at != ' ' || line.target.empty()) {
    fault_.rule = "the request target is malformed";
    return line;
  }
  at_ = at + 1;
  const auto version = rest_of_line();
  line.version_minor = version_minor(version);
  if (line.version_minor < 0 || version.size() != 8 || at_[9] != '\n') {
    fault_ = version_fault(version);
    return line;
  }
  at_ += 10;
  return line;
}

StatusLine HeadTokenizer::status_line() {
  StatusLine line;
  const auto text = rest_of_line();
  line.version_minor = version_minor(text);
  if (line.version_minor < 0 || text.size() < 9 || text[8] != ' ') {
    fault_.rule = "the HTTP version is malformed";
    return line;
  }
  // RFC 9112 section 4: the blank behind the code stands even if there is no reason.
  if (text.size() < 13 || !is_digit(text[9]) || !is_digit(text[10]) || !is_digit(text[11]) || text[12] != ' ') {
    fault_.rule = "the status code is malformed";
    return line;
  }
  line.status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
  at_ = skip_field_chars(at_ + 13, end_);
  end_line("the reason phrase has a control character");
  return line;
}

Field HeadTokenizer::field() {
  Field field;
  const char* at = at_;  // a local: a member would be written back for every character
  while (is_tchar(*at)) ++at;
  field.name = {at_, at};
  if (*at != ':' || field.name.empty()) {
    fault_.rule = *at_ == '\r' ? "lines must end in CRLF" : "a field name is malformed";
    return field;
  }
  ++at;
  while (is_blank(*at)) ++at;
  const char* const value = at;
  at = skip_field_chars(at, end_);
  const char* last = at;
  while (last != value && is_blank(last[-1])) --last;
  field.value = {value, last};
  at_ = at;
  end_line("a field value is malformed");
  return field;
}

bool valid_token_list(std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const auto token = trim(value.substr(0, comma));
    if (!token.empty() && !valid_field_name(token)) return false;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return true;
}

}  // namespace fluxgate::http
