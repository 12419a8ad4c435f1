#include "fluxgate/http/chunked.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "fluxgate/base/text.hpp"
#include "http/chars.hpp"

namespace fluxgate::http {

namespace {

// Bytes. Peers that need more are attacking or broken; Envoy, Go and Beast 1.91 have bounds of this size.
constexpr std::size_t kMaxExtensionLine = 256;
constexpr std::size_t kMaxExtensionTotal = 8 * 1024;
constexpr std::size_t kMaxTrailerBytes = 8 * 1024;
constexpr std::size_t kMaxTrailerLines = 64;
constexpr int kMaxSizeDigits = 16;
constexpr std::uint64_t kMaxChunk = std::numeric_limits<std::int64_t>::max();

// RFC 9110 section 6.5.1: never in trailers.
constexpr std::array<std::string_view, 4> kFramingFields{"content-length", "transfer-encoding", "host", "connection"};

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::decode(std::span<char> bytes) {
  char* const data = bytes.data();
  const std::size_t size = bytes.size();
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < size && state_ != State::kDone && state_ != State::kFailed) {
    if (state_ == State::kData) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, size - in));
      if (out != in) std::memmove(data + out, data + in, take);
      in += take;
      out += take;
      remaining_ -= take;
      if (remaining_ == 0) state_ = State::kDataCr;
      continue;
    }
    const char c = data[in];
    switch (state_) {
      case State::kSizeStart:
      case State::kSize: state_ = on_size(c); break;
      case State::kExtensionStart:
      case State::kExtension: state_ = on_extension(c); break;
      case State::kSizeLf: state_ = c == '\n' ? on_size_end() : fail("a chunk size line must end in CRLF"); break;
      case State::kDataCr: state_ = expect(c, '\r', State::kDataLf, "chunk data must be followed by CRLF"); break;
      case State::kDataLf: state_ = expect(c, '\n', State::kSizeStart, "chunk data must be followed by CRLF"); break;
      case State::kFinalLf: state_ = expect(c, '\n', State::kDone, "trailer lines must end in CRLF"); break;
      case State::kTrailerStart:
      case State::kTrailerName:
      case State::kTrailerValue:
      case State::kTrailerLf: state_ = on_trailer(c); break;
      case State::kData:
      case State::kDone:
      case State::kFailed: break;
    }
    if (state_ != State::kFailed) ++in;
  }
  return Step{out, in, state_ == State::kDone, state_ == State::kFailed};
}

ChunkedDecoder::State ChunkedDecoder::on_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (state_ == State::kSizeStart) {
      remaining_ = 0;
      size_digits_ = 0;
      extension_line_ = 0;
    }
    if (++size_digits_ > kMaxSizeDigits) return fail("a chunk size is too large");
    remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
    return State::kSize;
  }
  if (state_ == State::kSize && c == '\r') return State::kSizeLf;
  if (state_ == State::kSize && c == ';') return State::kExtensionStart;
  return fail("a chunk size must be a bare hexadecimal number");
}

ChunkedDecoder::State ChunkedDecoder::on_extension(char c) {
  if (state_ == State::kExtension && c == '\r') return State::kSizeLf;
  if (++extension_line_ > kMaxExtensionLine || ++extension_total_ > kMaxExtensionTotal) {
    return fail("chunk extensions are too long");
  }
  const bool blank = c == ' ' || c == '\t';
  if (state_ == State::kExtensionStart) {
    if (blank) return State::kExtensionStart;
    return is_tchar(c) ? State::kExtension : fail("a chunk extension has no name");
  }
  return blank || is_vchar(c) ? State::kExtension : fail("a chunk extension has an invalid character");
}

ChunkedDecoder::State ChunkedDecoder::on_size_end() {
  if (remaining_ > kMaxChunk) return fail("a chunk size is too large");
  return remaining_ > 0 ? State::kData : State::kTrailerStart;
}

ChunkedDecoder::State ChunkedDecoder::on_trailer(char c) {
  if (++trailer_bytes_ > kMaxTrailerBytes) return fail("the trailer section is too large");
  switch (state_) {
    case State::kTrailerStart:
      if (c == '\r') return State::kFinalLf;
      if (++trailer_lines_ > kMaxTrailerLines) return fail("too many trailer fields");
      trailer_name_size_ = 0;
      return on_trailer_name(c);
    case State::kTrailerName:
      return on_trailer_name(c);
    case State::kTrailerValue:
      if (c == '\r') return State::kTrailerLf;
      return is_field_char(c) ? State::kTrailerValue : fail("a trailer value is malformed");
    default:
      return expect(c, '\n', State::kTrailerStart, "trailer lines must end in CRLF");
  }
}

ChunkedDecoder::State ChunkedDecoder::on_trailer_name(char c) {
  if (c == ':' && trailer_name_size_ > 0) {
    const std::string_view name(trailer_name_.data(), std::min<std::size_t>(trailer_name_size_, trailer_name_.size()));
    const bool framing = trailer_name_size_ <= trailer_name_.size() &&
                         std::any_of(kFramingFields.begin(), kFramingFields.end(),
                                     [name](std::string_view field) { return iequals(name, field); });
    return framing ? fail("a framing field in the trailer section") : State::kTrailerValue;
  }
  if (!is_tchar(c)) return fail("a trailer name is malformed");
  if (trailer_name_size_ < trailer_name_.size()) trailer_name_[trailer_name_size_] = c;
  if (trailer_name_size_ <= trailer_name_.size()) ++trailer_name_size_;  // one past the end: too long to matter
  return State::kTrailerName;
}

ChunkedDecoder::State ChunkedDecoder::expect(char c, char wanted, State next, const char* rule) {
  return c == wanted ? next : fail(rule);
}

ChunkedDecoder::State ChunkedDecoder::fail(const char* rule) {
  rule_ = rule;
  return State::kFailed;
}

Error ChunkedDecoder::error() const {
  if (role_ == Role::kRequest) {
    return client_error(ErrorKind::kBadRequest, std::string("Invalid chunked request body: ") + rule_);
  }
  return upstream_error(ErrorKind::kUpstreamProtocol, Retry::kYes, "The upstream's answer is not valid HTTP.")
      .with_detail(std::string("chunked body: ") + rule_);
}

std::string_view chunk_head(std::size_t n, std::span<char, 20> out) {
  const auto digits_end = std::to_chars(out.data(), out.data() + 16, n, 16).ptr;
  digits_end[0] = '\r';
  digits_end[1] = '\n';
  return {out.data(), static_cast<std::size_t>(digits_end + 2 - out.data())};
}

}  // namespace fluxgate::http
