// traceparent and tracestate: what is accepted is written back in the one form of version 00, and reads the same again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fluxgate/base/text.hpp"
#include "fluxgate/telemetry/trace_context.hpp"

namespace {

using namespace fluxgate::telemetry;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');  // the first line is the traceparent, the rest the tracestate
  const auto parsed =
      TraceContext::parse(text.substr(0, line), line == std::string_view::npos ? "" : text.substr(line + 1));
  if (!parsed) return 0;
  require(parsed->trace_id != TraceContext::TraceId{} && parsed->span_id != TraceContext::SpanId{});
  require(parsed->tracestate.size() <= kMaxTracestate);
  for (const char c : parsed->tracestate) require(c == '\t' || (c >= ' ' && c != 0x7f));
  const std::string written = parsed->traceparent();
  require(written.size() == 55);
  const auto again = TraceContext::parse(written, parsed->tracestate);
  require(again && again->trace_id == parsed->trace_id && again->span_id == parsed->span_id);
  require(again->sampled == parsed->sampled);
  require(again->tracestate == fluxgate::trim(parsed->tracestate));  // a cut may leave blanks before the comma
  const auto child = parsed->child();
  require(child.trace_id == parsed->trace_id && child.sampled == parsed->sampled);
  require(child.span_id != TraceContext::SpanId{});
  return 0;
}
