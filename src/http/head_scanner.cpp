#include "fluxgate/http/head_scanner.hpp"

#include <algorithm>
#include <cstring>

#include "http/chars.hpp"

namespace fluxgate::http {

namespace {

constexpr std::size_t kMaxEmptyLines = 2;  // RFC 9112 section 2.2: at least one SHOULD be ignored

}  // namespace

void HeadScanner::reset() { begin_ = line_ = position_ = lines_ = empty_lines_ = 0; }

bool HeadScanner::may_start(std::string_view bytes) const {
  const auto first = bytes.substr(begin_);
  if (kind_ == Kind::kResponse) {
    constexpr std::string_view kProtocol = "HTTP/";
    return kProtocol.starts_with(first.substr(0, kProtocol.size()));
  }
  return first.empty() || is_tchar(first[0]) || (first[0] == '\r' && empty_lines_ < kMaxEmptyLines);
}

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes) {
  while (lines_ == 0) {
    const auto verdict = scan_start_line(bytes);
    if (verdict != Verdict::kComplete) return verdict;
  }
  const auto window = bytes.substr(0, head_limit_);
  for (;;) {
    const auto lf = window.find('\n', position_);
    if (lf == window.npos) {
      position_ = std::max(position_, window.size());
      return bytes.size() < head_limit_ ? Verdict::kNeedMore : Verdict::kHeadTooLong;
    }
    const auto line = line_;
    line_ = position_ = lf + 1;
    if (lf == line || window[lf - 1] != '\r') return Verdict::kBareLf;
    if (lf == line + 1) return Verdict::kComplete;
    if (window[line] == ' ' || window[line] == '\t') return Verdict::kFolded;
    if (lines_++ > field_limit_) return Verdict::kTooManyFields;
  }
}

HeadScanner::Verdict HeadScanner::scan_start_line(std::string_view bytes) {
  // Refusing what cannot be HTTP at its first byte spares, say, a TLS client the wait for the head timeout.
  if (!may_start(bytes)) return Verdict::kBadStart;
  const auto limit = std::min(head_limit_, line_ + start_line_limit_ + 2);
  const auto window = bytes.substr(0, limit);
  const auto lf = window.find('\n', position_);
  if (lf == window.npos) {
    position_ = std::max(position_, window.size());
    return bytes.size() < limit ? Verdict::kNeedMore : Verdict::kStartLineTooLong;
  }
  const auto line = line_;
  line_ = position_ = lf + 1;
  if (lf == line || window[lf - 1] != '\r') return Verdict::kBareLf;
  if (lf == line + 1) {
    ++empty_lines_;
    begin_ = line_;
  } else {
    lines_ = 1;
  }
  return Verdict::kComplete;
}

}  // namespace fluxgate::http
