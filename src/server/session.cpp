#include "session.hpp"

#include <algorithm>
#include <cstring>

#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/gateway/pipeline.hpp"
#include "fluxgate/telemetry/ids.hpp"
#include "feedback.hpp"
#include "models.hpp"

namespace fluxgate::server {
namespace {

using Reason = net::Interrupt::Reason;

// After an answer that ends the connection, bytes the client had already sent are read and dropped for this long and
// this far, so that they do not turn the close into a reset that destroys the answer on its way (RFC 9112, 9.6).
constexpr std::chrono::seconds kLinger{1};
constexpr std::size_t kLingerBytes = 64 * 1024;
// A body may arrive slowly at first; its average rate counts only after this.
constexpr std::chrono::seconds kRateGrace{10};

http::HeadLimits head_limits(const config::Limits& limits) {
  http::HeadLimits result;
  result.request_line = limits.request_line;
  result.head = limits.request_head;
  result.fields = limits.header_count;
  return result;
}

// One request under way, in the counts of the worker and of the process.
class InFlight {
 public:
  explicit InFlight(gateway::WorkerState& state) : state_(state) {
    state_.shard.requests_in_flight.add(1);
    count_ = state_.shared.in_flight.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  ~InFlight() {
    state_.shared.in_flight.fetch_sub(1, std::memory_order_relaxed);
    state_.shard.requests_in_flight.add(-1);
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  std::size_t count() const { return count_; }  // this one included

 private:
  gateway::WorkerState& state_;
  std::size_t count_ = 0;
};

std::string peer_name(net::Socket& socket) {
  net::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";  // it has already gone
  return endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

}  // namespace

Session::Session(net::Socket socket, gateway::WorkerState& state, std::shared_ptr<const net::TlsContext> tls)
    : state_(state),
      snapshot_(state.snapshot),
      tls_(std::move(tls)),
      stream_(std::move(socket)),
      interrupt_(state.worker.deadlines()),
      response_(stream_, interrupt_),
      parser_(head_limits(snapshot_->config().limits)),
      peer_(peer_name(stream_.socket())) {
  state_.shard.client_connections.add(1);
  state_.shard.client_connections_total.add();
}

Session::~Session() { state_.shard.client_connections.add(-1); }

void Session::begin_drain() {
  draining_ = true;
  response_.close_after();
  if (idle_) interrupt_.trigger(Reason::kShutdown);
}

void Session::shut_down() { interrupt_.trigger(Reason::kShutdown); }

net::Task<void> Session::run() {
  const net::Interrupt::Scope waiting(interrupt_, &stream_);
  if (tls_) {
    interrupt_.arm(SteadyClock::now() + snapshot_->config().limits.head_timeout);
    const auto failed = co_await stream_.handshake_server(*tls_);
    if (failed || interrupt_.reason() != Reason::kNone) {
      state_.shard.rejected.add(telemetry::RejectReason::kTls);
      co_return;
    }
  }
  for (;;) {
    const Outcome outcome = co_await serve_one();
    if (outcome == Outcome::kKeep && !draining_) continue;
    if (outcome != Outcome::kDrop) co_await linger();
    break;
  }
  stream_.close();
}

net::Task<Session::Outcome> Session::serve_one() {
  drop_request();
  snapshot_ = state_.snapshot;
  auto read = co_await read_head();
  if (!read) {
    if (read.error().kind == ErrorKind::kClientGone) co_return Outcome::kDrop;
    co_return co_await refuse(read.error());
  }
  idle_ = false;
  const http::RequestHead& head = parser_.head();
  const RouteMatch match = find_route(head.method, head.path);
  const std::string method(http::to_string(head.method));
  if (match.row == nullptr) {
    if (!match.path_known) {
      const Error error = client_error(ErrorKind::kNotFound, "unknown request URL: " + method + " " + std::string(head.path));
      co_return co_await refuse(error);
    }
    const Error error = client_error(ErrorKind::kMethodNotAllowed, "this URL does not take " + method);
    co_return co_await refuse(error, match.allow);
  }
  if (head.find("content-encoding").value_or("identity") != "identity") {
    const Error error = client_error(ErrorKind::kUnsupportedMedia, "compressed request bodies are not accepted");
    co_return co_await refuse(error);
  }
  // A request counts from here on: a body that is still arriving already holds memory.
  const InFlight in_flight(state_);
  if (in_flight.count() > snapshot_->config().limits.in_flight) {
    const Error error(ErrorKind::kOverloaded, ErrorSource::kGateway, Retry::kYes, "the gateway is at its limit of requests in flight");
    co_return co_await refuse(error);
  }
  if (!take_buffered_body()) {
    auto body = co_await read_body(body_limit());
    if (!body) {
      if (body.error().kind == ErrorKind::kClientGone) co_return Outcome::kDrop;
      co_return co_await refuse(body.error());
    }
  }
  co_return co_await answer(*match.row);
}

std::size_t Session::body_limit() const {
  const auto& limits = snapshot_->config().limits;
  const auto type = parser_.head().find("content-type").value_or("");
  return type.starts_with("multipart/") ? limits.upload_body : limits.request_body;
}

// Forgets the request just answered and moves what follows it to the front.
void Session::drop_request() {
  std::memmove(input_.data(), input_.data() + taken_, used_ - taken_);
  used_ -= taken_;
  taken_ = 0;
  body_begin_ = 0;
  body_size_ = 0;
  bytes_in_ = 0;
  large_body_.reset();
  parser_.reset();
  interrupt_.reset();
  if (input_.capacity() > Buffer::kStandard && used_ < Buffer::kStandard) {  // a large head does not keep its memory
    Buffer smaller;
    std::memcpy(smaller.data(), input_.data(), used_);
    input_ = std::move(smaller);
  }
}

// ---- reading -------------------------------------------------------------------------------------------------------

net::Task<Result<void>> Session::fill(Buffer& buffer, std::size_t& used, TimePoint deadline) {
  interrupt_.arm(deadline);
  const net::IoResult result = co_await stream_.read_some(buffer.data() + used, buffer.capacity() - used);
  if (interrupt_.reason() == Reason::kTimer) {
    co_return client_error(ErrorKind::kRequestTimeout, "the request did not arrive in time");
  }
  if (interrupt_.reason() == Reason::kShutdown) {
    co_return Error(ErrorKind::kDraining, ErrorSource::kGateway, Retry::kNo, "the gateway is shutting down");
  }
  if (result.error) co_return client_error(ErrorKind::kClientGone, "the client closed the connection");
  used += result.size;
  bytes_in_ += result.size;
  co_return Result<void>();
}

net::Task<Result<void>> Session::read_head() {
  const auto& limits = snapshot_->config().limits;
  idle_ = true;
  std::optional<TimePoint> deadline;  // of the head as a whole: inactivity alone would let one byte a second through
  for (;;) {
    const auto status = parser_.parse(input_.view(0, used_));
    if (status == http::RequestHeadParser::Status::kDone) break;
    if (status == http::RequestHeadParser::Status::kError) co_return parser_.error();
    if (draining_ && !parser_.started()) co_return client_error(ErrorKind::kClientGone, "idle when the drain began");
    if (used_ == input_.capacity()) input_.grow(input_.capacity() * 2, used_);  // the parser's limit ends this
    if (parser_.started() && !deadline) deadline = SteadyClock::now() + limits.head_timeout;
    auto filled = co_await fill(input_, used_, deadline.value_or(SteadyClock::now() + limits.keep_alive_timeout));
    if (filled) continue;
    // Nothing of a request has come: there is nobody to answer.
    if (!parser_.started() && used_ == 0) co_return client_error(ErrorKind::kClientGone, "idle for too long");
    co_return filled;
  }
  taken_ = parser_.consumed();
  body_begin_ = taken_;
  co_return Result<void>();
}

net::Task<bool> Session::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::array<net::asio::const_buffer, 1> buffers{net::asio::buffer(kContinue)};
  const net::IoResult result = co_await stream_.write_all(buffers);
  co_return !result.error;
}

// The common case: no body, or all of a short one arrived with the head.
bool Session::take_buffered_body() {
  const http::RequestHead& head = parser_.head();
  if (!head.has_body()) return true;
  if (head.framing != http::BodyFraming::kLength || head.content_length > used_ - body_begin_) return false;
  if (head.content_length > body_limit()) return false;
  body_size_ = static_cast<std::size_t>(head.content_length);
  taken_ = body_begin_ + body_size_;
  return true;
}

net::Task<Result<void>> Session::read_body(std::size_t limit) {
  const http::RequestHead& head = parser_.head();
  if (head.framing == http::BodyFraming::kLength && head.content_length > limit) {
    co_return client_error(ErrorKind::kPayloadTooLarge,
                           "the request body is larger than the limit of " + std::to_string(limit) + " bytes");
  }
  // Everything that can be refused without the body has been: now the client may send it.
  if (head.expect_continue && used_ == taken_ && !co_await send_continue()) {
    co_return client_error(ErrorKind::kClientGone, "the client closed the connection");
  }
  if (head.framing == http::BodyFraming::kLength) {
    co_return co_await read_sized_body(static_cast<std::size_t>(head.content_length));
  }
  co_return co_await read_chunked_body(limit);
}

// The latest moment for the next piece of a body that began at `began` and has `received` bytes by now.
TimePoint body_deadline(const config::Limits& limits, TimePoint began, std::size_t received) {
  const TimePoint idle = SteadyClock::now() + limits.body_idle_timeout;
  if (limits.body_min_rate == 0) return idle;
  const auto earned = std::chrono::milliseconds(received * 1000 / limits.body_min_rate);
  return std::min(idle, began + kRateGrace + earned);
}

net::Task<Result<void>> Session::read_sized_body(std::size_t size) {
  const auto& limits = snapshot_->config().limits;
  const TimePoint began = SteadyClock::now();
  body_size_ = size;
  if (body_begin_ + size <= input_.capacity()) {
    while (used_ - body_begin_ < size) {
      auto filled = co_await fill(input_, used_, body_deadline(limits, began, used_ - body_begin_));
      if (!filled) co_return filled;
    }
    taken_ = body_begin_ + size;
    co_return Result<void>();
  }
  large_body_.emplace(size);
  std::size_t have = std::min(size, used_ - body_begin_);
  std::memcpy(large_body_->data(), input_.data() + body_begin_, have);
  taken_ = body_begin_ + have;
  Buffer& body = *large_body_;
  while (have < size) {
    auto filled = co_await fill(body, have, body_deadline(limits, began, have));
    if (!filled) co_return filled;
  }
  co_return Result<void>();
}

net::Task<Result<void>> Session::read_chunked_body(std::size_t limit) {
  const auto& limits = snapshot_->config().limits;
  const TimePoint began = SteadyClock::now();
  http::ChunkedDecoder decoder(http::ChunkedDecoder::Role::kRequest);
  large_body_.emplace();
  for (;;) {
    if (used_ == taken_) {
      // Behind the head, which views point into; a request's own head never moves while it is read.
      used_ = taken_ = body_begin_;
      if (used_ == input_.capacity()) co_return client_error(ErrorKind::kHeadTooLarge, "the request head is too large");
      auto filled = co_await fill(input_, used_, body_deadline(limits, began, body_size_));
      if (!filled) co_return filled;
    }
    const auto step = decoder.decode(std::span(input_.data() + taken_, used_ - taken_));
    if (step.failed) co_return decoder.error();
    if (body_size_ + step.payload > limit) {
      co_return client_error(ErrorKind::kPayloadTooLarge,
                             "the request body is larger than the limit of " + std::to_string(limit) + " bytes");
    }
    large_body_->grow(body_size_ + step.payload, body_size_);
    std::memcpy(large_body_->data() + body_size_, input_.data() + taken_, step.payload);
    body_size_ += step.payload;
    taken_ += step.consumed;
    if (step.done) co_return Result<void>();
  }
}

// ---- answering -----------------------------------------------------------------------------------------------------

net::Task<Session::Outcome> Session::answer(const RouteRow& row) {
  const http::RequestHead& head = parser_.head();
  const auto& limits = snapshot_->config().limits;
  gateway::ClientRequest request;
  request.endpoint = &row.endpoint;
  request.head = &head;
  request.upstream_path = head.path.substr(std::string_view("/v1").size());
  request.body = large_body_ ? large_body_->view(0, body_size_) : input_.view(body_begin_, body_begin_ + body_size_);
  request.client = peer_;
  request.id = telemetry::new_request_id();
  if (const auto parent = head.find("traceparent")) {
    const auto context = telemetry::TraceContext::parse(*parent, head.find("tracestate").value_or(""));
    if (context) request.trace = context->child();
  }
  request.received = SteadyClock::now();
  request.bytes_in = bytes_in_;
  interrupt_.clear_timer();

  gateway::ClientResponse::Terms terms;
  terms.http11 = head.version_minor > 0;
  terms.keep_alive = head.keep_alive && !draining_;
  terms.head_only = head.method == http::Method::kHead;
  terms.write_timeout = limits.write_timeout;
  response_.reset(terms);

  if (row.handler == Handler::kPipeline) {
    gateway::Pipeline pipeline(state_, interrupt_, request, response_);
    co_await pipeline.run();
  } else {
    LocalAnswer local = row.handler == Handler::kFeedback ? answer_feedback(request, state_)
                                                          : answer_models(row, request, *snapshot_);
    co_await send_local_answer(std::move(local), request, response_, state_);
  }

  if (interrupt_.reason() == Reason::kClientGone) co_return Outcome::kDrop;
  co_return response_.keep_alive() ? Outcome::kKeep : Outcome::kClose;
}

net::Task<Session::Outcome> Session::refuse(const Error& error, std::string_view allow) {
  state_.shard.rejected.add(telemetry::reject_reason(error.kind));
  gateway::ClientResponse::Terms terms;
  terms.keep_alive = false;  // what follows on the connection may be the rest of what was refused
  terms.write_timeout = snapshot_->config().limits.write_timeout;
  response_.reset(terms);
  const int status = dialects::openai::http_status(error);
  const std::string body = dialects::openai::error_json(error);
  const std::string id = telemetry::new_request_id();
  response_.begin(status, state_.date.now(), "content-type: application/json\r\n");
  response_.field("x-fluxgate-request-id", id);
  if (!allow.empty()) response_.field("allow", allow);
  if (status == 503) response_.field("retry-after", "1");
  interrupt_.clear_timer();
  if (!co_await response_.send_whole(body)) co_return Outcome::kDrop;
  if (state_.access_log.enabled()) {
    telemetry::AccessRecord line;
    line.time = std::chrono::system_clock::now();
    line.request_id = id;
    line.client = peer_;
    line.status = status;
    line.bytes_in = bytes_in_;
    line.bytes_out = response_.bytes_sent();
    line.error = to_string(error.kind);
    state_.access_log.write(line);
  }
  co_return Outcome::kClose;
}

net::Task<void> Session::linger() {
  stream_.shutdown_send();
  interrupt_.reset();
  interrupt_.arm(SteadyClock::now() + kLinger);
  std::size_t dropped = 0;
  while (interrupt_.reason() == Reason::kNone && dropped < kLingerBytes) {
    const net::IoResult result = co_await stream_.read_some(input_.data(), input_.capacity());
    if (result.error) break;
    dropped += result.size;
  }
}

}  // namespace fluxgate::server
