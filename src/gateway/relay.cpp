// The relay half of the pipeline: from the first event on, upstream bytes go to the client as they come.
//
// Read, write, and only then read again: memory is bounded by one buffer, and a client that reads slowly slows its own
// upstream down. From here on a failure of the upstream ends the stream with an error event and never with a clean end.
#include <algorithm>

#include "attempt.hpp"
#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/gateway/pipeline.hpp"

namespace fluxgate::gateway {
namespace {

using Reason = net::Interrupt::Reason;

// After [DONE] the upstream has only its last chunk to send; a client must not wait for it longer than this.
constexpr std::chrono::seconds kEndGrace{1};
// After the last finish_reason there may come usage and [DONE], soon. Servers that stall here are not waited for longer.
constexpr std::chrono::seconds kFinishGrace{5};

Duration patience(const dialects::openai::StreamMeter& meter, const config::Attempts& attempts) {
  if (meter.saw_done()) return kEndGrace;
  const Duration idle = attempts.idle_timeout;
  const bool finished = !meter.finish_reason().empty() && meter.complete();
  return finished ? std::min<Duration>(idle, kFinishGrace) : idle;
}

Error client_gone() { return client_error(ErrorKind::kClientGone, "the client closed the connection"); }

Error error_in_band() {
  return upstream_error(ErrorKind::kUpstreamInBand, Retry::kNo, "the upstream reported an error in its stream");
}

Error ended_early() {
  return upstream_error(ErrorKind::kUpstreamReset, Retry::kNo, "the upstream's stream ended before its answer did");
}

// Why a read of the stream failed: `error` itself, or what the interrupt stopped it for.
Error read_failure(Reason reason, Error error, bool total_passed) {
  switch (reason) {
    case Reason::kNone:
    case Reason::kSuperseded: return error;  // a race is over before a relay begins
    case Reason::kClientGone: return client_gone();
    case Reason::kShutdown:
      return {ErrorKind::kDraining, ErrorSource::kGateway, Retry::kNo, "the gateway is shutting down"};
    case Reason::kTimer: break;
  }
  if (total_passed) {
    return {ErrorKind::kDeadline, ErrorSource::kGateway, Retry::kNo, "the stream lasted longer than its route allows"};
  }
  return upstream_error(ErrorKind::kUpstreamTimeout, Retry::kNo, "the upstream's stream stalled");
}

}  // namespace

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

net::Task<Result<void>> Pipeline::relay_events() {
  const net::Interrupt::Scope waiting(interrupt_, &attempt_->stream());
  const auto& meter = attempt_->meter();
  auto& cells = state_.shard.target(attempt_->target().metrics);
  const TimePoint ends = attempt_->answered_at() + plan_.attempts->stream_timeout;
  TimePoint last_read = attempt_->answered_at();
  for (;;) {
    const bool last = attempt_->done() && meter.complete() && !meter.saw_error();
    if (last || !attempt_->ready().empty()) {
      if (!co_await response_.send_part(attempt_->ready(), last)) co_return client_gone();
    }
    if (last) break;
    if (meter.saw_error()) co_return error_in_band();
    if (attempt_->done()) co_return ended_early();
    attempt_->consume_ready();

    interrupt_.arm(std::min(ends, last_read + patience(meter, *plan_.attempts)));
    const std::uint64_t events = meter.events();
    auto more = co_await attempt_->read_more();
    const TimePoint now = SteadyClock::now();
    if (!more) {
      const Reason reason = interrupt_.reason();
      // Only the end of the framing is missing, or usage that never came: the answer is whole.
      const bool whole = meter.saw_done() || (meter.complete() && !meter.finish_reason().empty());
      if (whole && !meter.saw_error() && reason != Reason::kClientGone) {
        if (!co_await response_.send_part(std::string_view(), true)) co_return client_gone();
        co_return Result<void>();
      }
      co_return read_failure(reason, std::move(more).error(), now >= ends);
    }
    if (meter.events() > events) cells.inter_token_gap.record(now - last_read);
    last_read = now;
  }
  attempt_->finish();
  co_return Result<void>();
}

net::Task<Result<void>> Pipeline::relay_bytes() {
  const net::Interrupt::Scope waiting(interrupt_, &attempt_->stream());
  const auto length = attempt_->body_length();
  const TimePoint ends = attempt_->answered_at() + plan_.attempts->stream_timeout;
  for (;;) {
    const auto ready = attempt_->ready();
    const bool last = attempt_->done();
    bool sent = false;
    if (length) {
      sent = co_await response_.send_sized_part(ready, *length);
    } else {
      sent = co_await response_.send_part(ready, last);
    }
    if (!sent) co_return client_gone();
    if (last) break;
    attempt_->consume_ready();
    interrupt_.arm(std::min(ends, SteadyClock::now() + plan_.attempts->idle_timeout));
    auto more = co_await attempt_->read_more();
    if (!more) co_return read_failure(interrupt_.reason(), std::move(more).error(), SteadyClock::now() >= ends);
  }
  attempt_->finish();
  co_return Result<void>();
}

// Ends a stream that has begun and cannot be completed. The error event tells clients that read events; the missing end
// of the chunked body, or the short length, tells every other one that what it got is not the whole.
net::Task<void> Pipeline::break_stream(const Error& error) {
  response_.close_after();
  broken_stream_ = true;
  fail(error);
  // Of an error in band the client has the upstream's own event already.
  if (attempt_->shape() != Attempt::Shape::kEvents || error.kind == ErrorKind::kClientGone ||
      error.kind == ErrorKind::kUpstreamInBand) {
    co_return;
  }
  const std::string event = dialects::openai::error_event(error);
  co_await response_.send_part(event, false);
}

}  // namespace fluxgate::gateway
