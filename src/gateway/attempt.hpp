// One try at one target: connect, send, and wait until it is certain what the answer is.
//
// start() ends when the answer can be relied on: a plain answer has been read whole and checked, a stream has shown its
// first real event, anything else has its head. Until then the client has seen nothing and the pipeline may go on to
// another target; from then on the relay (relay.cpp) passes on what this attempt reads.
// Lives in the pipeline's coroutine; one worker thread.
#pragma once

#include <optional>
#include <string>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/interrupt.hpp"
#include "fluxgate/upstream/exchange.hpp"
#include "upstream_request.hpp"

namespace fluxgate::gateway {

class Attempt {
 public:
  struct Terms {
    const config::Attempts& budget;
    const config::Limits& limits;
    TimePoint deadline;
    // A stream has begun only when it has shown text or a call: an announcement of the role wins no race.
    bool first_content = false;
  };
  Attempt(WorkerState& state, net::Interrupt& interrupt, const ClientRequest& request, const TargetRuntime& target,
          Terms terms);

  // An error of kind kUpstreamStatus means a complete answer that is not success: status(), fields() and whole() hold it.
  net::Task<Result<void>> start();

  enum class Shape : std::uint8_t {
    kWhole,   // whole() is the body
    kEvents,  // a stream of events, metered and relayed in whole events
    kBytes,   // anything else, relayed as it comes
  };
  Shape shape() const { return shape_; }
  int status() const { return status_; }
  // What the client gets to see of the upstream's head, as ready lines.
  const std::string& fields() const { return fields_; }
  const std::string& content_type() const { return content_type_; }
  bool json() const { return json_; }  // by its Content-Type
  const std::string& should_retry() const { return should_retry_; }  // the upstream's x-should-retry; may be empty
  std::string_view whole() const { return buffer_.view(0, ready_); }
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

  // Streams: bytes that may go to the client now, and the next ones after those were sent. `done` means that the
  // upstream's message ended as its framing promised.
  std::string_view ready() const { return buffer_.view(0, ready_); }
  bool done() const { return done_; }
  net::Task<Result<void>> read_more();
  void consume_ready();  // they were sent
  const dialects::openai::StreamMeter& meter() const { return *meter_; }
  // Usage and finish reason of a plain answer.
  const std::optional<json::Scanner::ResponseScan>& scan() const { return scan_; }

  // The answer is well-formed and says nothing: no token, no reason why it ended.
  bool empty_answer() const { return empty_answer_; }
  // KeyRing::Pick::id of the credential that was used, for the report; 0: none.
  std::uint64_t key() const { return key_ ? key_->id : 0; }

  const TargetRuntime& target() const { return target_; }
  // What a success status came with instead of an answer, if that was an error.
  std::string_view in_band_error() const { return ready(); }

  TimePoint began_at() const { return began_at_; }
  TimePoint sent_at() const { return sent_at_; }                // the request had left
  TimePoint answered_at() const { return answered_at_; }        // start() had its answer
  Duration upstream_time() const { return upstream_time_; }     // spent waiting for the upstream

  bool connected() const { return exchange_.has_value(); }
  net::Stream& stream() { return exchange_->stream(); }
  // Gives the connection back if it may be reused, or closes it. To be called once the answer is read to its end.
  void finish();
  // The same if it already is: a plain answer or a failed one.
  void finish_if_done();

 private:
  net::Task<Result<void>> send_and_read_head();
  net::Task<Result<void>> connect();
  void keep_head();
  Result<void> take_early_answer();
  net::Task<Result<void>> read_answer();
  Result<void> check_answer();
  Result<void> check_plain_answer();
  Result<void> check_stream_start();
  Error empty();
  std::size_t whole_limit() const;
  bool stream_has_begun() const;
  Result<void> note_piece(upstream::Exchange::Piece piece);
  Result<void> close_stream();
  // Arms the interrupt for `limit` from now, at most until the request's deadline.
  void arm(Duration limit);
  // The error of an operation that ended because the interrupt said so, else `error` itself.
  Error explain(Error error, const char* waiting_for) const;

  WorkerState& state_;
  net::Interrupt& interrupt_;
  const ClientRequest& request_;
  const TargetRuntime& target_;
  Terms terms_;
  TimePoint began_at_ = SteadyClock::now();
  // Whose turn it is among the provider's keys, one or several: a refusal is reported on it.
  std::optional<resilience::KeyRing::Pick> key_;
  UpstreamRequest upstream_request_;

  std::optional<upstream::Exchange> exchange_;
  Buffer buffer_;
  std::size_t ready_ = 0;     // bytes at the start of the buffer that are to be forwarded
  std::size_t pending_ = 0;   // bytes of an unfinished event behind them
  bool done_ = false;
  bool empty_answer_ = false;
  bool saw_content_ = false;  // asked only with first_content
  bool answered_ = false;     // nothing more needs to be read to know what the answer is
  Shape shape_ = Shape::kWhole;
  int status_ = 0;
  bool event_stream_ = false;  // by the answer's Content-Type
  bool json_ = false;
  std::string fields_;
  std::string content_type_;
  std::string should_retry_;
  std::optional<std::uint64_t> body_length_;
  std::optional<std::chrono::milliseconds> retry_after_;
  std::optional<dialects::openai::StreamMeter> meter_;
  std::optional<json::Scanner::ResponseScan> scan_;
  TimePoint sent_at_{};
  TimePoint answered_at_{};
  Duration upstream_time_{};
};

}  // namespace fluxgate::gateway
