// A client's request, read and checked, on its way through the pipeline.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/dialects/openai/stream_meter.hpp"
#include "fluxgate/http/request_head.hpp"
#include "fluxgate/json/request_scan.hpp"
#include "fluxgate/telemetry/labels.hpp"
#include "fluxgate/telemetry/trace_context.hpp"

namespace fluxgate::gateway {

enum class BodyKind : std::uint8_t {
  kJson,       // a JSON object with `model`
  kMultipart,  // multipart/form-data with a `model` field
  kEither,     // by its Content-Type
};

// An endpoint that is answered by an upstream. One row each in server/routes.cpp.
struct EndpointSpec {
  std::string_view path;                  // below /v1, as the upstream knows it; with a trailing '*' a prefix
  telemetry::Endpoint label;
  BodyKind body;
  dialects::openai::StreamGrammar grammar;
  bool asks_usage;                        // stream_options.include_usage exists here
  bool json_answer;                       // a plain answer is a JSON object
  bool reports_usage;                     // an answer without usage is worth counting
};

struct ClientRequest {
  const EndpointSpec* endpoint = nullptr;
  const http::RequestHead* head = nullptr;
  std::string_view upstream_path;         // below the base URL, e.g. "/chat/completions"
  std::string_view body;                  // followed by Buffer::kSlack readable bytes
  std::string_view client;                // address:port
  std::string id;
  std::optional<telemetry::TraceContext> trace;  // the span of the call upstream, if the client sent a trace
  TimePoint received{};                   // when the last byte of the body was here
  std::uint64_t bytes_in = 0;

  // Set by the pipeline's reading of the body.
  json::RequestScan scan;
  std::vector<json::Span> cuts;           // of the body, in order: what trimming leaves out
};

}  // namespace fluxgate::gateway
