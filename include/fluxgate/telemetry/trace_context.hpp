// W3C Trace Context (level 1): who called us, as the headers traceparent and tracestate say it.
//
// A traceparent that breaks any rule of the specification is treated as absent, together with its tracestate: the
// request starts a trace of its own. HTTP allows one traceparent; the caller passes a value only if exactly one header
// came, and joins several tracestate headers with commas. A TraceContext is a plain value without a thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fluxgate::telemetry {

struct TraceContext {
  using TraceId = std::array<std::uint8_t, 16>;
  using SpanId = std::array<std::uint8_t, 8>;

  TraceId trace_id{};
  SpanId span_id{};         // after parse: the caller's span; after child() and start(): ours
  bool sampled = false;     // the only flag of version 00; all others are dropped on the way through
  std::string tracestate;   // as it came

  // nullopt if traceparent is invalid. A tracestate over kMaxTracestate bytes is cut after its last whole member that
  // fits; one with characters no header may hold is dropped.
  static std::optional<TraceContext> parse(std::string_view traceparent, std::string_view tracestate = {});
  // A new trace.
  static TraceContext start(bool sampled = false);

  // The same trace, a new span: what is sent upstream.
  TraceContext child() const;

  std::string traceparent() const;  // version 00, 55 characters
  std::string trace_id_hex() const;
};

// The specification asks for at least this much of tracestate to be carried on.
inline constexpr std::size_t kMaxTracestate = 512;

}  // namespace fluxgate::telemetry
