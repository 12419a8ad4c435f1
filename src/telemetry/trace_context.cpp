#include "fluxgate/telemetry/trace_context.hpp"

#include <algorithm>
#include <cstring>

#include "fluxgate/base/text.hpp"
#include "fluxgate/telemetry/ids.hpp"

namespace fluxgate::telemetry {
namespace {

// version "-" trace-id "-" parent-id "-" trace-flags
constexpr std::size_t kLength = 2 + 1 + 32 + 1 + 16 + 1 + 2;
constexpr std::uint8_t kSampledFlag = 0x01;

// Lower case only: the specification forbids upper case.
std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> decode(std::string_view hex) {
  std::array<std::uint8_t, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto high = hex_digit(hex[2 * i]);
    const auto low = hex_digit(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return bytes;
}

template <std::size_t N>
void append_hex(std::string& out, const std::array<std::uint8_t, N>& bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

template <std::size_t N>
bool all_zero(const std::array<std::uint8_t, N>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

template <std::size_t N>
std::array<std::uint8_t, N> random_id() {
  std::array<std::uint8_t, N> id{};
  do {
    for (std::size_t at = 0; at < N; at += 8) {
      const std::uint64_t bits = random_bits();
      std::memcpy(id.data() + at, &bits, 8);
    }
  } while (all_zero(id));
  return id;
}

std::string keep_tracestate(std::string_view text) {
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
  if (!clean) return {};
  if (text.size() <= kMaxTracestate) return std::string(text);
  const auto comma = text.substr(0, kMaxTracestate + 1).rfind(',');
  return comma == std::string_view::npos ? std::string() : std::string(text.substr(0, comma));
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view traceparent, std::string_view tracestate) {
  const std::string_view text = trim(traceparent);
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const auto version = decode<1>(text.substr(0, 2));
  const auto trace = decode<16>(text.substr(3, 32));
  const auto parent = decode<8>(text.substr(36, 16));
  const auto flags = decode<1>(text.substr(53, 2));
  if (!version || !trace || !parent || !flags) return std::nullopt;
  if (version->front() == 0xff || all_zero(*trace) || all_zero(*parent)) return std::nullopt;
  // Version 00 ends here; a later one may go on, but only with a further field.
  if (text.size() > kLength && (version->front() == 0 || text[kLength] != '-')) return std::nullopt;

  TraceContext context;
  context.trace_id = *trace;
  context.span_id = *parent;
  context.sampled = (flags->front() & kSampledFlag) != 0;
  context.tracestate = keep_tracestate(trim(tracestate));
  return context;
}

TraceContext TraceContext::start(bool sampled) {
  TraceContext context;
  context.trace_id = random_id<16>();
  context.span_id = random_id<8>();
  context.sampled = sampled;
  return context;
}

TraceContext TraceContext::child() const {
  TraceContext context = *this;
  context.span_id = random_id<8>();
  return context;
}

std::string TraceContext::traceparent() const {
  std::string out;
  out.reserve(kLength);
  out += "00-";
  append_hex(out, trace_id);
  out += '-';
  append_hex(out, span_id);
  out += sampled ? "-01" : "-00";
  return out;
}

std::string TraceContext::trace_id_hex() const {
  std::string out;
  out.reserve(32);
  append_hex(out, trace_id);
  return out;
}

}  // namespace fluxgate::telemetry
