#include "fluxgate/gateway/pipeline.hpp"

#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/http/head_writer.hpp"
#include "fluxgate/http/multipart.hpp"
#include "fluxgate/net/await.hpp"
#include "fluxgate/resilience/classify.hpp"
#include "fluxgate/telemetry/log.hpp"

namespace fluxgate::gateway {
namespace {

using Reason = net::Interrupt::Reason;
using resilience::NextStep;

// The request must end now: its client left, its time is up, or the process is going.
bool ends_request(const Error& error) {
  return error.kind == ErrorKind::kClientGone || error.kind == ErrorKind::kDraining ||
         error.kind == ErrorKind::kDeadline;
}

void on_hangup(void* interrupt) { static_cast<net::Interrupt*>(interrupt)->trigger(Reason::kClientGone); }

constexpr std::string_view kJson = "application/json";

Error client_gone() { return client_error(ErrorKind::kClientGone, "the client closed the connection"); }

}  // namespace

Pipeline::Pipeline(WorkerState& state, net::Interrupt& interrupt, ClientRequest& request, ClientResponse& response)
    : state_(state), interrupt_(interrupt), request_(request), response_(response), snapshot_(state.snapshot) {}

Pipeline::~Pipeline() = default;

net::Task<void> Pipeline::run() {
  Result<void> result = admit();           // admit
  if (result) result = make_plan();        // plan
  if (result) {
    const net::HangupWatch::Entry watch(state_.worker.hangups(), response_.native_handle(), on_hangup, &interrupt_);
    result = co_await try_candidates();    // attempt
    if (result) co_await relay();          // relay
  }
  if (!result) co_await answer_failure(result.error());
  settle();                                // settle
}

// ---- admit ---------------------------------------------------------------------------------------------------------

Result<void> Pipeline::admit() {
  Result<void> read;
  if (request_.endpoint->body == BodyKind::kJson) {
    read = read_json();
  } else if (const auto boundary = http::multipart_boundary(request_.head->find("content-type").value_or(""))) {
    read = read_form(*boundary);
  } else if (request_.endpoint->body == BodyKind::kEither) {
    read = read_json();
  } else {
    return client_error(ErrorKind::kUnsupportedMedia, "this endpoint takes multipart/form-data");
  }
  if (!read) return read;
  if (request_.scan.model.empty()) {
    return client_error(ErrorKind::kBadRequest, "you must provide a model parameter").with_param("model");
  }
  return {};
}

Result<void> Pipeline::read_json() {
  auto scan = state_.scanner.scan_request(request_.body);
  if (!scan) return std::move(scan).error();
  request_.scan = std::move(scan).value();
  return {};
}

Result<void> Pipeline::read_form(std::string_view boundary) {
  const auto fields = http::form_fields(request_.body, boundary);
  if (!fields) return fields.error();
  for (const http::FormField& field : *fields) {
    if (json::chooses_destination(field.name)) return json::destination_error(field.name);
    if (field.name != "model") continue;
    if (!request_.scan.model_value.empty()) {
      return client_error(ErrorKind::kBadRequest, "'model' occurs twice in the form").with_param("model");
    }
    request_.scan.model = field.value;
    request_.scan.model_value = {field.begin, field.end};
  }
  return {};
}

// ---- plan ----------------------------------------------------------------------------------------------------------

Result<void> Pipeline::make_plan() {
  api::RequestFacts facts;
  facts.model = request_.scan.model;
  facts.stream = request_.scan.stream;
  facts.max_output_tokens = request_.scan.max_tokens;
  facts.body_bytes = request_.body.size();
  auto plan = snapshot_->routes().plan(facts, state_.random);
  if (!plan) return std::move(plan).error();
  plan_ = std::move(plan).value();
  planned_ = true;
  deadline_ = request_.received + plan_.attempts->deadline;
  if (plan_.candidates.empty()) {
    return Error(ErrorKind::kNoTarget, ErrorSource::kGateway, Retry::kNo, "no target of the route may serve this request");
  }
  return {};
}

// ---- attempt -------------------------------------------------------------------------------------------------------

net::Task<Result<void>> Pipeline::try_candidates() {
  std::optional<Error> last;
  for (const api::Candidate& candidate : plan_.candidates) {
    for (std::size_t tries = 0; tries < plan_.tries_per_target; ++tries) {
      if (tried_.size() >= plan_.attempts->max) break;
      if (tries > 0 && !co_await wait_before_retry(tries, attempt_->retry_after())) break;
      auto result = co_await try_once(candidate.target);
      if (result) co_return result;
      last = std::move(result).error();
      if (last->kind == ErrorKind::kUpstreamStatus) keep_failed_answer();
      if (ends_request(*last)) co_return std::move(*last);
      const NextStep next = last->kind == ErrorKind::kUpstreamStatus ? resilience::after_status(attempt_->status())
                                                                     : resilience::after_error(*last);
      if (next == NextStep::kStop) co_return std::move(*last);
      if (next == NextStep::kOtherTarget) break;
    }
  }
  co_return std::move(*last);
}

net::Task<Result<void>> Pipeline::try_once(std::uint32_t index) {
  const TargetRuntime& target = snapshot_->target(index);
  attempt_ = std::make_unique<Attempt>(state_, interrupt_, request_, target, *plan_.attempts,
                                       snapshot_->config().limits, deadline_);
  auto result = co_await attempt_->start();
  interrupt_.clear_timer();
  upstream_time_ += attempt_->upstream_time();
  telemetry::AttemptSample sample;
  sample.target = target.metrics;
  sample.outcome = result ? telemetry::AttemptOutcome::kSuccess
                          : telemetry::attempt_outcome(result.error().kind, attempt_->status());
  tried_.push_back(sample);
  if (!result && result.error().source == ErrorSource::kUpstream) {
    telemetry::log_debug("attempt failed", {{"request_id", request_.id},
                                            {"target", target.config->name},
                                            {"error", to_string(result.error().kind)},
                                            {"detail", result.error().detail}});
  }
  attempt_->finish_if_done();
  co_return result;
}

net::Task<bool> Pipeline::wait_before_retry(std::size_t again, std::optional<std::chrono::milliseconds> retry_after) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - SteadyClock::now());
  const auto wait = resilience::backoff(again, plan_.attempts->backoff, retry_after, left, state_.random);
  if (!wait) co_return false;
  net::Timer timer(state_.worker.executor());
  timer.expires_after(*wait);
  const net::Interrupt::Scope waiting(interrupt_, nullptr, &timer);
  co_await net::wait_for(timer);  // cancelled only by the interrupt, which is asked next
  co_return interrupt_.reason() == Reason::kNone;
}

void Pipeline::keep_failed_answer() {
  failed_answer_.emplace();
  failed_answer_->status = attempt_->status();
  failed_answer_->fields = attempt_->fields();
  failed_answer_->should_retry = attempt_->should_retry();
  failed_answer_->retry_after = attempt_->retry_after().has_value();
  if (attempt_->json() && state_.scanner.scan_response(attempt_->whole())) {
    failed_answer_->content_type = attempt_->content_type();
    failed_answer_->body = attempt_->target().provider->without_secrets(attempt_->whole());
  } else {  // a proxy's HTML page, or nothing: clients expect an error object
    failed_answer_->content_type = kJson;
    failed_answer_->body = dialects::openai::error_json(upstream_error(
        ErrorKind::kUpstreamStatus, Retry::kYes, "the upstream answered with status " + std::to_string(attempt_->status())));
  }
}

// ---- relay ---------------------------------------------------------------------------------------------------------

void Pipeline::begin_response(int status, std::string_view content_type, std::string_view upstream_fields) {
  response_.begin(status, state_.date.now(), upstream_fields);
  if (!content_type.empty()) response_.field("content-type", content_type);
  response_.field("x-fluxgate-request-id", request_.id);
  if (!planned_) return;
  const auto& route = *snapshot_->routes().routes()[plan_.route].config;
  response_.field("x-fluxgate-route", route.name);
  if (attempt_) response_.field("x-fluxgate-target", attempt_->target().config->name);
  response_.field("x-fluxgate-attempts", std::to_string(tried_.size()));
  response_.field("x-fluxgate-upstream-ms", std::to_string(to_millis(upstream_time_)));
  if (request_.head->find("x-fluxgate-timing").value_or("") == "1") {
    const double total = to_seconds(SteadyClock::now() - request_.received) * 1e3;
    const double upstream = to_seconds(upstream_time_) * 1e3;
    response_.field("server-timing", "upstream;dur=" + std::to_string(upstream) +
                                         ", gateway;dur=" + std::to_string(std::max(0.0, total - upstream)));
  }
}

net::Task<void> Pipeline::relay() {
  begin_response(attempt_->status(), attempt_->content_type(), attempt_->fields());
  if (attempt_->shape() == Attempt::Shape::kEvents) {
    time_to_first_token_ = attempt_->answered_at() - attempt_->sent_at();
    response_.field("cache-control", "no-cache");
    response_.field("x-accel-buffering", "no");  // nginx in front of us would otherwise collect events
  }
  Result<void> relayed;
  switch (attempt_->shape()) {
    case Attempt::Shape::kWhole:
      if (!co_await response_.send_whole(attempt_->whole())) fail(client_gone());
      break;
    case Attempt::Shape::kEvents: relayed = co_await relay_events(); break;
    case Attempt::Shape::kBytes: relayed = co_await relay_bytes(); break;
  }
  if (!relayed) co_await break_stream(relayed.error());
}

// ---- errors --------------------------------------------------------------------------------------------------------

void Pipeline::fail(const Error& error) {
  if (!error_) error_ = error;
}

net::Task<void> Pipeline::answer_failure(const Error& error) {
  fail(error);
  if (error.kind == ErrorKind::kClientGone) {
    response_.close_after();
    co_return;
  }
  // An upstream's own words about the request say more than ours, unless the request ended for another reason.
  const bool pass_through = failed_answer_ && !ends_request(error);
  std::string body;
  std::string should_retry;
  bool final = true;
  bool retry_after = false;
  if (pass_through) {
    begin_response(failed_answer_->status, failed_answer_->content_type, failed_answer_->fields);
    retry_after = failed_answer_->retry_after;
    body = std::move(failed_answer_->body);
    should_retry = failed_answer_->should_retry;
    final = resilience::after_status(failed_answer_->status) == NextStep::kStop;
  } else {
    begin_response(dialects::openai::http_status(error), kJson, {});
    body = dialects::openai::error_json(error);
    final = error.source == ErrorSource::kClient;
  }
  // Clients retry 5xx and 429 by themselves. After tries of our own that would only multiply the load.
  if (!final && tried_.size() > 1) should_retry = "false";
  // Without a hint, clients come back at once (RFC 9110 lets the server choose).
  if (!retry_after && (response_.status() == 429 || response_.status() == 503)) response_.field("retry-after", "1");
  if (!should_retry.empty()) response_.field("x-should-retry", should_retry);
  if (!co_await response_.send_whole(body)) response_.close_after();
}

}  // namespace fluxgate::gateway
