#include "upstream_request.hpp"

#include <algorithm>

#include "fluxgate/http/field_rules.hpp"
#include "fluxgate/http/head_writer.hpp"
#include "fluxgate/json/write.hpp"

namespace fluxgate::gateway {
namespace {

constexpr std::string_view kUsageMember = "\"stream_options\":{\"include_usage\":true},";
constexpr std::string_view kUsageObject = "{\"include_usage\":true}";
constexpr std::string_view kUsageInside = "\"include_usage\":true,";
constexpr std::string_view kUsageInsideEmpty = "\"include_usage\":true";

// True if nothing but white space stands between the braces of `object`.
bool is_empty_object(std::string_view object) {
  return object.substr(1, object.size() - 2).find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

UpstreamRequest::UpstreamRequest(const ClientRequest& request, const TargetRuntime& target, const Secret* key)
    : request_(request), target_(target) {
  edit_model();
  if (request.scan.stream && request.endpoint->asks_usage && target.provider->stream_usage()) ask_for_usage();
  for (const json::Span cut : request.cuts) edits_.push_back({cut, {}});
  std::sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) { return a.span.begin < b.span.begin; });
  build_head(key);
  build_body();
}

void UpstreamRequest::edit_model() {
  const json::Span span = request_.scan.model_value;
  if (span.empty()) return;
  const bool quoted = request_.body[span.begin] == '"';  // JSON; a form field stands bare
  const std::string_view name = target_.model_for(request_.scan.model);
  if (name == request_.scan.model) return;
  if (!quoted) {
    model_ = name;
  } else if (target_.model_json.empty()) {
    json::append_quoted(model_, name);
  }
  edits_.push_back({span, model_.empty() ? std::string_view(target_.model_json) : std::string_view(model_)});
}

void UpstreamRequest::ask_for_usage() {
  const json::RequestScan& scan = request_.scan;
  if (scan.include_usage.value_or(false)) return;
  hides_usage_ = true;
  const json::Span options = scan.stream_options;
  if (options.empty()) {
    edits_.push_back({{scan.object_open, scan.object_open}, kUsageMember});  // `stream` follows, so the comma is right
  } else if (scan.include_usage.has_value()) {
    edits_.push_back({scan.include_usage_value, "true"});
  } else if (request_.body[options.begin] != '{') {
    edits_.push_back({options, kUsageObject});  // it was null
  } else {
    const std::string_view object = request_.body.substr(options.begin, options.end - options.begin);
    const json::Span inside{options.begin + 1, options.begin + 1};
    edits_.push_back({inside, is_empty_object(object) ? kUsageInsideEmpty : kUsageInside});
  }
}

void UpstreamRequest::build_head(const Secret* key) {
  const providers::Provider& provider = *target_.provider;
  std::uint64_t length = request_.body.size();
  for (const Edit& edit : edits_) length = length - (edit.span.end - edit.span.begin) + edit.text.size();

  head_.reserve(512 + provider.head_fields().size());
  http::HeadWriter head(head_);
  head.request_line("POST", provider.target(request_.upstream_path));
  head_ += provider.head_fields();
  if (key != nullptr) provider.append_credential(head_, *key);
  for (const http::Field& field : request_.head->fields) {
    if (http::forwards_to_upstream(field.name)) head.checked_field(field.name, field.value);
  }
  if (request_.trace) {
    head.field("traceparent", request_.trace->traceparent());
    if (!request_.trace->tracestate.empty()) head.field("tracestate", request_.trace->tracestate);
  }
  head.checked_field("content-length", length);
  head.end();
}

void UpstreamRequest::build_body() {
  const auto add = [this](std::string_view bytes) {
    if (!bytes.empty()) buffers_.push_back(boost::asio::buffer(bytes.data(), bytes.size()));
  };
  add(head_);
  std::size_t at = 0;
  for (const Edit& edit : edits_) {
    add(request_.body.substr(at, edit.span.begin - at));
    add(edit.text);
    at = edit.span.end;
  }
  add(request_.body.substr(at));
}

}  // namespace fluxgate::gateway
