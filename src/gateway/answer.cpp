// What the gateway itself says to the client: the fields of every answer, and the answers it makes when nobody else does.
#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/gateway/pipeline.hpp"
#include "fluxgate/routing/explain.hpp"
#include "hedging.hpp"
#include "verdict.hpp"

namespace fluxgate::gateway {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

void Pipeline::begin_response(int status, std::string_view content_type, std::string_view upstream_fields) {
  response_.begin(status, state_.date.now(), upstream_fields);
  if (!content_type.empty()) response_.field("content-type", content_type);
  response_.field("x-fluxgate-request-id", request_.id);
  if (!planned_) return;
  response_.field("x-fluxgate-route", route().name);
  if (attempt_) response_.field("x-fluxgate-target", attempt_->target().config->name);
  response_.field("x-fluxgate-attempts", std::to_string(tried_.size()));
  response_.field("x-fluxgate-upstream-ms", std::to_string(to_millis(upstream_time_)));
  if (plan_.variant >= 0) {
    response_.field("x-fluxgate-variant", route().experiment->variants[static_cast<std::size_t>(plan_.variant)].name);
  }
  if (trimmed_messages_ > 0) response_.field("x-fluxgate-trimmed", std::to_string(trimmed_messages_));
  // In the head, not in the body: the bytes of the answer stay the provider's own.
  if (own_.explain == "summary") {
    response_.field("x-fluxgate-explain", routing::explain_summary(snapshot_->routes(), plan_));
  }
  if (own_.timing == "1") {
    const double total = to_seconds(SteadyClock::now() - request_.received) * 1e3;
    const double upstream = to_seconds(upstream_time_) * 1e3;
    response_.field("server-timing", "upstream;dur=" + std::to_string(upstream) +
                                         ", gateway;dur=" + std::to_string(std::max(0.0, total - upstream)));
  }
}

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
    final = failed_answer_->final;
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
