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
  for (;;) {
    // Refusing what cannot be HTTP at its first byte spares, say, a TLS client the wait for the head timeout.
    if (lines_ == 0 && !may_start(bytes)) return Verdict::kBadStart;
    const auto line_limit = lines_ == 0 ? std::min(head_limit_, line_ + start_line_limit_ + 2) : head_limit_;
    const auto window = std::min(bytes.size(), line_limit);
    const void* lf = position_ < window ? std::memchr(bytes.data() + position_, '\n', window - position_) : nullptr;
    if (lf == nullptr) {
      position_ = std::max(position_, window);
      if (bytes.size() < line_limit) return Verdict::kNeedMore;
      return lines_ == 0 ? Verdict::kStartLineTooLong : Verdict::kHeadTooLong;
    }
    const auto next = static_cast<std::size_t>(static_cast<const char*>(lf) - bytes.data()) + 1;
    const auto verdict = on_line(bytes.substr(line_, next - line_));
    line_ = position_ = next;
    if (lines_ == 0) begin_ = next;
    if (verdict != Verdict::kNeedMore) return verdict;
  }
}

HeadScanner::Verdict HeadScanner::on_line(std::string_view line) {
  if (line.size() < 2 || line[line.size() - 2] != '\r') return Verdict::kBareLf;
  const bool empty = line.size() == 2;
  if (lines_ == 0) {
    if (empty) {
      ++empty_lines_;
    } else {
      lines_ = 1;
    }
    return Verdict::kNeedMore;
  }
  if (empty) return Verdict::kComplete;
  if (line[0] == ' ' || line[0] == '\t') return Verdict::kFolded;
  return lines_++ < field_limit_ + 1 ? Verdict::kNeedMore : Verdict::kTooManyFields;
}

}  // namespace fluxgate::http
