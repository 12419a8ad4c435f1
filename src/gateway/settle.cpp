// The last step of every request, whatever became of it: counts, latencies, the access line.
#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/gateway/pipeline.hpp"

namespace fluxgate::gateway {
namespace {

constexpr int kClientClosedRequest = 499;  // nginx's number for it; never sent

}  // namespace

std::optional<telemetry::TokenCounts> Pipeline::usage() const {
  if (!attempt_) return std::nullopt;
  const auto& scan = attempt_->shape() == Attempt::Shape::kEvents ? attempt_->meter().usage() : attempt_->scan();
  if (!scan || (!scan->input_tokens && !scan->output_tokens)) return std::nullopt;
  telemetry::TokenCounts counts;
  counts.input = scan->input_tokens.value_or(0);
  counts.cached_input = scan->cached_input_tokens.value_or(0);
  counts.output = scan->output_tokens.value_or(0);
  counts.reasoning = scan->reasoning_tokens.value_or(0);
  return counts;
}

void Pipeline::settle() {
  const TimePoint now = SteadyClock::now();
  const bool gone = error_ && error_->kind == ErrorKind::kClientGone;
  const bool answered = attempt_ && !error_;

  telemetry::RequestSample sample;
  if (planned_) sample.route = snapshot_->route_metrics(plan_.route);
  sample.endpoint = request_.endpoint->label;
  sample.status = gone ? kClientClosedRequest : response_.status();
  sample.duration = now - request_.received;
  if (!tried_.empty() && response_.begun()) {
    // Everything up to the first byte for the client that was not waiting for an upstream.
    sample.overhead = std::max(Duration(0), response_.first_byte_at() - request_.received - upstream_time_);
  }
  if (attempt_) sample.target = attempt_->target().metrics;
  sample.time_to_first_token = time_to_first_token_;
  sample.usage = usage();
  sample.usage_expected = answered && request_.endpoint->reports_usage;
  if (broken_stream_) sample.stream_broken = telemetry::attempt_outcome(error_->kind);
  sample.attempts = tried_;
  sample.received_bytes = request_.bytes_in;
  sample.sent_bytes = response_.bytes_sent();
  telemetry::record(state_.shard, sample);

  if (!state_.access_log.enabled()) return;
  telemetry::AccessRecord line;
  line.time = std::chrono::system_clock::now();
  line.request_id = request_.id;
  const std::string trace_id = request_.trace ? request_.trace->trace_id_hex() : std::string();
  line.trace_id = trace_id;
  line.client = request_.client;
  line.method = http::to_string(request_.head->method);
  line.path = request_.head->path;
  line.status = sample.status;
  if (planned_) line.route = snapshot_->routes().routes()[plan_.route].config->name;
  if (attempt_) line.target = attempt_->target().config->name;
  line.attempts = static_cast<std::uint32_t>(tried_.size());
  line.stream = request_.scan.stream;
  line.bytes_in = sample.received_bytes;
  line.bytes_out = sample.sent_bytes;
  line.duration = sample.duration;
  if (!tried_.empty()) line.upstream = upstream_time_;
  line.time_to_first_token = time_to_first_token_;
  if (sample.usage) {
    line.tokens_in = sample.usage->input;
    line.tokens_out = sample.usage->output;
  }
  if (error_) line.error = to_string(error_->kind);
  if (attempt_ && attempt_->shape() == Attempt::Shape::kEvents) {
    line.finish_reason = attempt_->meter().finish_reason();
  } else if (attempt_ && attempt_->scan()) {
    line.finish_reason = attempt_->scan()->finish_reason;
  }
  state_.access_log.write(line);
}

}  // namespace fluxgate::gateway
