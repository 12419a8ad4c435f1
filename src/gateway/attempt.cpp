#include "attempt.hpp"

#include <algorithm>
#include <cstring>

#include "fluxgate/base/text.hpp"
#include "fluxgate/dialects/openai/content.hpp"
#include "fluxgate/http/field_rules.hpp"
#include "fluxgate/http/head_writer.hpp"

namespace fluxgate::gateway {
namespace {

using Reason = net::Interrupt::Reason;

// The largest event of a metered stream: images in base64 fit (wire.md, 3.1).
constexpr std::size_t kLongestEvent = 16 * 1024 * 1024;
// An error answer larger than this is not worth keeping for the client.
constexpr std::size_t kLongestErrorBody = 256 * 1024;

Error bad_upstream(std::string message) {
  return upstream_error(ErrorKind::kUpstreamProtocol, Retry::kYes, std::move(message));
}

bool has_media_type(std::string_view content_type, std::string_view type) {
  return iequals(trim(content_type.substr(0, content_type.find(';'))), type);
}

}  // namespace

Attempt::Attempt(WorkerState& state, net::Interrupt& interrupt, const ClientRequest& request,
                 const TargetRuntime& target, Terms terms)
    : state_(state), interrupt_(interrupt), request_(request), target_(target), terms_(std::move(terms)),
      key_(target.keys ? target.keys->next(began_at_) : std::nullopt),
      upstream_request_(request, target, key_ && target.provider->rotates_keys() ? key_->secret.get() : nullptr) {}

void Attempt::arm(Duration limit) { interrupt_.arm(std::min(terms_.deadline, SteadyClock::now() + limit)); }

Error Attempt::explain(Error error, const char* waiting_for) const {
  switch (interrupt_.reason()) {
    case Reason::kNone: return error;
    case Reason::kClientGone: return client_error(ErrorKind::kClientGone, "the client closed the connection");
    case Reason::kShutdown:
      return {ErrorKind::kDraining, ErrorSource::kGateway, Retry::kNo, "the gateway is shutting down"};
    case Reason::kSuperseded: return {ErrorKind::kCancelled, ErrorSource::kGateway, Retry::kNo, "another attempt won"};
    case Reason::kTimer: break;
  }
  if (SteadyClock::now() >= terms_.deadline) {
    return {ErrorKind::kDeadline, ErrorSource::kGateway, Retry::kNo, "the request's deadline passed"};
  }
  if (error.kind == ErrorKind::kConnect || error.kind == ErrorKind::kDns) return error;
  return upstream_error(ErrorKind::kUpstreamTimeout, Retry::kYes, std::string("timed out waiting for ") + waiting_for);
}

net::Task<Result<void>> Attempt::start() {
  auto sent = co_await send_and_read_head();
  // The peer may have closed a kept connection just as we used it. Nothing of an answer has come, so the request was
  // not served: it is safe to send it once more, on a new connection.
  if (!sent && sent.error().retry == Retry::kIfReused && interrupt_.reason() == Reason::kNone) {
    exchange_.reset();
    sent = co_await send_and_read_head();
  }
  if (!sent) co_return explain(std::move(sent).error(), "the upstream's answer");
  keep_head();
  auto answer = take_early_answer();
  if (answer && !answered_) {
    const net::Interrupt::Scope waiting(interrupt_, &exchange_->stream());
    answer = co_await read_answer();
  }
  answered_at_ = SteadyClock::now();
  upstream_time_ = answered_at_ - sent_at_;
  if (answer) answer = check_answer();
  if (!answer) co_return explain(std::move(answer).error(), "the upstream's answer");
  co_return Result<void>();
}

net::Task<Result<void>> Attempt::connect() {
  auto& cells = state_.shard.provider(target_.provider_metrics);
  arm(terms_.budget.connect_timeout);
  auto lease = co_await state_.pools.connect(target_.provider->origin(), cells, interrupt_, interrupt_.armed());
  if (!lease) co_return std::move(lease).error();
  exchange_.emplace(std::move(lease).value());
  co_return Result<void>();
}

net::Task<Result<void>> Attempt::send_and_read_head() {
  const bool again = sent_at_ != TimePoint{};
  if (!again) {
    auto& cells = state_.shard.provider(target_.provider_metrics);
    if (auto idle = state_.pools.take_idle(target_.provider->origin(), cells)) exchange_.emplace(std::move(idle));
  }
  if (!exchange_) {
    auto connected = co_await connect();
    if (!connected) co_return connected;
  }
  const net::Interrupt::Scope waiting(interrupt_, &exchange_->stream());
  if (request_.scan.stream) {
    arm(terms_.budget.first_token_timeout);
  } else {
    interrupt_.arm(terms_.deadline);
  }
  auto sending = exchange_->send(upstream_request_.buffers());
  const net::IoResult sent = co_await sending;
  sent_at_ = SteadyClock::now();
  // Stopped while it was sending: what is cancelled once is not cancelled again, so no further wait may begin.
  if (sent.error && interrupt_.reason() != Reason::kNone) co_return exchange_->broken(sent.error, "while the request was sent");
  // An upstream may answer (413, 401) and close without reading the whole request: its answer is worth more than our
  // failure to write, so it is looked for in either case.
  auto head = co_await exchange_->read_head(buffer_, !sending.waited() && !sent.error);
  if (!head && sent.error) co_return exchange_->broken(sent.error, "while the request was sent");
  co_return head;
}

void Attempt::keep_head() {
  const http::ResponseHead& head = exchange_->head();
  status_ = head.status;
  http::HeadWriter kept(fields_);
  for (const http::Field& field : head.fields) {
    // Kept apart from the rest: what the gateway itself says may have to replace them.
    if (iequals(field.name, "content-type")) continue;
    if (iequals(field.name, "x-should-retry")) {
      should_retry_ = field.value;
    } else if (http::returns_to_client(field.name)) {
      kept.checked_field(field.name, field.value);
    }
  }
  if (const auto type = head.find("content-type")) {
    content_type_ = *type;
    event_stream_ = has_media_type(*type, "text/event-stream");
    json_ = has_media_type(*type, "application/json");
  }
  if (head.framing == http::BodyFraming::kLength) body_length_ = head.content_length;
  retry_after_ = http::retry_after(head, std::chrono::system_clock::now());
}

// Decides what shape the answer has, and takes what of it came with the head. Sets answered_ if that was enough.
Result<void> Attempt::take_early_answer() {
  const bool success = status_ >= 200 && status_ <= 299;
  if (success && event_stream_) {
    shape_ = Shape::kEvents;
    meter_.emplace(state_.scanner, request_.endpoint->grammar, upstream_request_.hides_usage(), request_.scan.choices);
  } else if (success && !request_.endpoint->json_answer && !json_) {
    shape_ = Shape::kBytes;
  } else if (body_length_.value_or(0) > whole_limit()) {
    return bad_upstream("the upstream's answer is too large");
  }
  const auto piece = exchange_->take_early_body(buffer_, 0);
  if (!piece) return piece.error();
  auto noted = note_piece(*piece);
  answered_ = shape_ == Shape::kBytes || done_ || (shape_ == Shape::kEvents && stream_has_begun());
  return noted;
}

std::size_t Attempt::whole_limit() const { return status_ >= 300 ? kLongestErrorBody : terms_.limits.response_body; }

bool Attempt::stream_has_begun() const {
  if (meter_->saw_done() || meter_->saw_error()) return true;
  return meter_->events() > 0 && (!terms_.first_content || saw_content_);
}

net::Task<Result<void>> Attempt::read_answer() {
  if (shape_ == Shape::kWhole && body_length_) buffer_.grow(static_cast<std::size_t>(*body_length_), ready_);
  while (!done_ && (shape_ == Shape::kWhole || !stream_has_begun())) {
    auto more = co_await read_more();
    if (!more) co_return more;
    if (shape_ == Shape::kWhole && ready_ > whole_limit()) co_return bad_upstream("the upstream's answer is too large");
  }
  co_return Result<void>();
}

Result<void> Attempt::check_answer() {
  if (status_ >= 300 && status_ <= 399) return bad_upstream("the upstream answered with a redirect");
  if (status_ < 200 || status_ > 299) {
    return upstream_error(ErrorKind::kUpstreamStatus, Retry::kYes, "the upstream answered with an error status")
        .with_detail("status " + std::to_string(status_));
  }
  switch (shape_) {
    case Shape::kWhole: return check_plain_answer();
    case Shape::kEvents: return check_stream_start();
    case Shape::kBytes: break;
  }
  return {};
}

Result<void> Attempt::check_plain_answer() {
  if (request_.scan.stream) return bad_upstream("the upstream answered a streamed request without a stream");
  scan_ = state_.scanner.scan_response(whole());
  if (!scan_) return bad_upstream("the upstream's answer is not valid JSON");
  if (scan_->has_error) {
    return upstream_error(ErrorKind::kUpstreamInBand, Retry::kYes, "the upstream reported an error in its answer")
        .with_detail(std::string(whole().substr(0, 512)));
  }
  // Counted and found to be nothing: providers bill no such answer, and the next one may be better.
  if (request_.endpoint->reports_usage && scan_->output_tokens == 0 && scan_->finish_reason.empty() &&
      request_.endpoint->grammar == dialects::openai::StreamGrammar::kChat) {
    return empty();
  }
  return {};
}

Error Attempt::empty() {
  empty_answer_ = true;
  return upstream_error(ErrorKind::kUpstreamProtocol, Retry::kYes, "the upstream's answer is empty");
}

Result<void> Attempt::check_stream_start() {
  if (meter_->first_was_error()) {
    return upstream_error(ErrorKind::kUpstreamInBand, Retry::kYes, "the upstream's stream began with an error")
        .with_detail(std::string(ready().substr(0, 512)));
  }
  if (meter_->first_was_garbage()) return bad_upstream("the upstream's stream began with something that is no event");
  if (meter_->saw_done() && meter_->events() == 0) return empty();
  if (done_ && !meter_->complete()) return bad_upstream("the upstream's stream ended before it began");
  return {};
}

net::Task<Result<void>> Attempt::read_more() {
  if (ready_ + pending_ == buffer_.capacity()) {
    if (pending_ >= kLongestEvent) co_return bad_upstream("the upstream sent an event that is too large");
    buffer_.grow(buffer_.capacity() * 2, ready_ + pending_);
  }
  const std::size_t at = ready_ + pending_;
  const auto piece = co_await exchange_->read_body(buffer_.data() + at, buffer_.capacity() - at);
  if (!piece) co_return piece.error();
  co_return note_piece(*piece);
}

void Attempt::consume_ready() {
  std::memmove(buffer_.data(), buffer_.data() + ready_, pending_);
  ready_ = 0;
  // One huge event must not keep its memory for the rest of a long stream.
  if (buffer_.capacity() > 4 * Buffer::kStandard && pending_ < Buffer::kStandard) {
    Buffer smaller;
    std::memcpy(smaller.data(), buffer_.data(), pending_);
    buffer_ = std::move(smaller);
  }
}

Result<void> Attempt::note_piece(upstream::Exchange::Piece piece) {
  done_ = piece.done;
  if (shape_ != Shape::kEvents) {
    ready_ += piece.size;
    return {};
  }
  const std::size_t size = pending_ + piece.size;
  const auto taken = meter_->take(buffer_.data() + ready_, size);
  if (terms_.first_content && !saw_content_) {
    saw_content_ = dialects::openai::has_content(buffer_.view(ready_, ready_ + taken.forward));
  }
  const std::size_t rest = size - taken.consumed;
  if (taken.forward != taken.consumed) {
    std::memmove(buffer_.data() + ready_ + taken.forward, buffer_.data() + ready_ + taken.consumed, rest);
  }
  ready_ += taken.forward;
  pending_ = rest;
  return done_ && pending_ > 0 ? close_stream() : Result<void>();
}

// The upstream's message ended inside an event. Some providers leave out the last blank line, so what is there counts
// if it is whole; anything else was cut off.
Result<void> Attempt::close_stream() {
  buffer_.grow(ready_ + pending_ + 2, ready_ + pending_);
  char* begin = buffer_.data() + ready_;
  std::memcpy(begin + pending_, "\n\n", 2);
  const std::string_view tail(begin, pending_ + 2);
  const auto event = sse::EventSplitter().next(tail);
  const bool whole_json = event && !event->data.empty() && state_.scanner.scan_response(event->last_data).has_value();
  const bool harmless = event && (event->data.empty() || event->data.starts_with("[DONE]"));
  if (!whole_json && !harmless) {
    pending_ = 0;
    return upstream_error(ErrorKind::kUpstreamReset, Retry::kYes, "the upstream's stream was cut off inside an event");
  }
  const auto taken = meter_->take(begin, tail.size());
  ready_ += taken.forward;
  pending_ = 0;
  return {};
}

void Attempt::finish() { exchange_->finish(); }

void Attempt::finish_if_done() {
  if (exchange_ && done_ && shape_ == Shape::kWhole) exchange_->finish();
}

}  // namespace fluxgate::gateway
