// The last step of every request, whatever became of it: counts, latencies, the access line.
#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/base/hash.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/gateway/pipeline.hpp"
#include "fluxgate/policies/estimates.hpp"
#include "fluxgate/routing/decision.hpp"
#include "hedging.hpp"

namespace fluxgate::gateway {
namespace {

constexpr int kClientClosedRequest = 499;  // nginx's number for it; never sent

// Dollars for what the provider reported. NaN without a price or a report.
double price_of(const policies::Traits& traits, const std::optional<telemetry::TokenCounts>& usage) {
  if (!traits.price || !usage) return api::kUnknown;
  const auto cached = static_cast<double>(std::min(usage->cached_input, usage->input));
  return policies::money(*traits.price, static_cast<double>(usage->input), cached, static_cast<double>(usage->output));
}

// How a broken stream counts for its target.
resilience::Fault fault_of(const Error& error) {
  if (error.source != ErrorSource::kUpstream) return resilience::Fault::kCancelled;
  return error.kind == ErrorKind::kUpstreamTimeout ? resilience::Fault::kTimeout : resilience::Fault::kTarget;
}

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
  if (planned_) sample.route = snapshot_->route(plan_.route).metrics;
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
  boost::container::small_vector<telemetry::AttemptSample, 4> attempts;
  for (const Tried& tried : tried_) attempts.push_back({snapshot_->target(tried.target).metrics, tried.outcome});
  sample.attempts = attempts;
  sample.received_bytes = request_.bytes_in;
  sample.sent_bytes = response_.bytes_sent();
  telemetry::record(state_.shard, sample);
  settle_health(now, sample.usage);
  if (planned_) {
    count_decision(sample.usage);
    learn(now);
    log_decision(now, sample);
  }

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
  if (planned_) line.route = route().name;
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

void Pipeline::count_decision(const std::optional<telemetry::TokenCounts>& usage) {
  auto& cells = state_.shard.route(snapshot_->route(plan_.route).metrics);
  if (!plan_.candidates.empty()) cells.picks.add(static_cast<telemetry::Pick>(plan_.candidates.front().chosen));
  for (const api::Rejected& rejected : plan_.rejected) cells.exclusions.add(static_cast<telemetry::Exclusion>(rejected.code));
  if (trimmed_messages_ > 0) cells.reliefs.add(telemetry::Relief::kTrimmed);
  if (budget_spent_) cells.reliefs.add(telemetry::Relief::kBudgetRefused);
  if (served_ == nullptr) return;
  const double dollars = price_of(snapshot_->routes().traits()[served_->target], usage);
  if (dollars > 0) {
    state_.shard.target(snapshot_->target(served_->target).metrics).cost_nanodollars.add(static_cast<std::uint64_t>(dollars * 1e9));
  }
}

// Closes the books of the attempt whose answer the client got.
void Pipeline::settle_health(TimePoint now, const std::optional<telemetry::TokenCounts>& usage) {
  if (!claim_ || !attempt_) return;
  resilience::AttemptReport report;
  report.key = attempt_->key();
  report.elapsed = to_seconds(now - attempt_->began_at());
  if (error_) report.fault = fault_of(*error_);
  if (time_to_first_token_) report.ttft = to_seconds(*time_to_first_token_);
  if (usage) {
    report.input = usage->input;
    report.cached_input = usage->cached_input;
    report.output = usage->output;
    if (time_to_first_token_ && usage->output > 1) {
      report.tpot = to_seconds(now - attempt_->answered_at()) / static_cast<double>(usage->output - 1);
    }
  }
  if (!built_.facts.tokens_exact && !built_.facts.tokens_rough) report.estimated_input = built_.facts.input_tokens;
  claim_.leave(now, report);
}

// What outcomes teach: canaries, and the cells of adaptive routes. A target that took over from a failed one learns
// nothing for having been second.
void Pipeline::learn(TimePoint now) {
  if (tried_.empty()) return;
  const RouteRuntime& runtime = snapshot_->route(plan_.route);
  const Tried& first = tried_.front();
  const bool client_left = error_ && error_->kind == ErrorKind::kClientGone;
  if (route().canary && !client_left) {
    const auto& canary = snapshot_->routes().routes()[plan_.route].canary;
    // A canary whose targets are all left alone by now has failed as well, though this request never met them.
    const bool absent = plan_.canary && std::find(canary.begin(), canary.end(), first.target) == canary.end();
    const bool failed = absent || first.outcome != telemetry::AttemptOutcome::kSuccess || broken_stream_;
    runtime.live->note_canary({plan_.canary, failed, to_seconds(first.time_to_first_token)}, now);
  }
  if (route().policy.order_by != config::OrderBy::kAdaptive || client_left) return;
  const std::uint16_t task = built_.facts.top_task();
  const auto key = snapshot_->cell_key(plan_.route, task, first.target);
  if (first.outcome != telemetry::AttemptOutcome::kSuccess) {
    if (first.outcome != telemetry::AttemptOutcome::kStatus4xx) state_.shared.live.note_failure(key, now);
    return;
  }
  const double slow = to_seconds(route().policy.slo_ttft);
  if (first.time_to_first_token.count() > 0) {
    state_.shared.live.note_latency(key, std::min(1.0, to_seconds(first.time_to_first_token) / slow), now);
  }
  if (!error_) state_.shared.live.remember(request_.id, {key, route().name, attempt_->target().config->name});
}

void Pipeline::log_decision(TimePoint now, const telemetry::RequestSample& sample) {
  telemetry::LineFile* log = state_.shared.decision_log.get();
  if (log == nullptr) return;
  const config::DecisionLog& rules = snapshot_->config().decision_log;
  // By session, so that a conversation is in the log whole or not at all.
  const std::uint64_t unit = built_.facts.session != 0 ? built_.facts.session : plan_.seed;
  if (rules.sample < 1 && unit_of(mix_bits(unit)) >= rules.sample) return;
  boost::container::small_vector<routing::AttemptRecord, 4> attempts;
  for (const Tried& tried : tried_) {
    attempts.push_back({tried.target, telemetry::to_string(tried.outcome), tried.status,
                        to_seconds(tried.time_to_first_token), to_seconds(tried.elapsed), tried.hedge});
  }
  routing::Outcome outcome;
  outcome.status = sample.status;
  if (served_ != nullptr) outcome.served = served_->target;
  outcome.aborted = broken_stream_;
  if (error_) outcome.error = to_string(error_->kind);
  outcome.elapsed = to_seconds(now - request_.received);
  if (sample.usage) {
    outcome.input_tokens = sample.usage->input;
    outcome.cached_tokens = sample.usage->cached_input;
    outcome.output_tokens = sample.usage->output;
  }
  if (served_ != nullptr) outcome.usd = price_of(snapshot_->routes().traits()[served_->target], sample.usage);
  // Sensitivity binds the log as well: what may not leave the premises is not written down either.
  const bool may_keep_text = rules.text && built_.facts.labels == 0;
  const double unix_seconds = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const routing::Decision decision{unix_seconds, request_.id, telemetry::to_string(request_.endpoint->label),
                                   snapshot_->version(), built_.facts, plan_, attempts, outcome,
                                   may_keep_text ? std::string_view(built_.last_user_text) : std::string_view()};
  log->append(routing::decision_line(snapshot_->routes(), decision));
}

}  // namespace fluxgate::gateway
