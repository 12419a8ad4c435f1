// The one way of a request through the gateway: admit, plan, attempt, relay, settle.
//
// A Pipeline is made for each request on its worker and answers it on the client's connection. Everything that can be
// decided without I/O is decided by pure code elsewhere (routing, resilience, dialects); this is the order of things.
// docs/life-of-a-request.md walks through it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>
#include <string>

#include "fluxgate/api/plan.hpp"
#include "fluxgate/gateway/client_response.hpp"
#include "fluxgate/gateway/request.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/interrupt.hpp"
#include "fluxgate/telemetry/shard.hpp"

namespace fluxgate::gateway {

class Attempt;

class Pipeline {
 public:
  Pipeline(WorkerState& state, net::Interrupt& interrupt, ClientRequest& request, ClientResponse& response);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  net::Task<void> run();

 private:
  // A complete upstream answer that was not success: what the client gets if nothing better comes.
  struct FailedAnswer {
    int status;
    std::string fields;
    std::string content_type;
    std::string should_retry;
    bool retry_after;            // among the fields
    std::string body;
  };

  // admit
  Result<void> admit();
  Result<void> read_json();
  Result<void> read_form(std::string_view boundary);
  // plan
  Result<void> make_plan();
  // attempt: leaves a successful attempt_, or says what failed
  net::Task<Result<void>> try_candidates();
  net::Task<Result<void>> try_once(std::uint32_t target);
  net::Task<bool> wait_before_retry(std::size_t again, std::optional<std::chrono::milliseconds> retry_after);
  void keep_failed_answer();
  // relay
  net::Task<void> relay();
  net::Task<Result<void>> relay_events();
  net::Task<Result<void>> relay_bytes();
  net::Task<void> break_stream(const Error& error);
  void begin_response(int status, std::string_view content_type, std::string_view upstream_fields);
  net::Task<void> answer_failure(const Error& error);
  // settle
  void settle();
  void fail(const Error& error);
  std::optional<telemetry::TokenCounts> usage() const;

  WorkerState& state_;
  net::Interrupt& interrupt_;
  ClientRequest& request_;
  ClientResponse& response_;
  std::shared_ptr<const Snapshot> snapshot_;  // pinned
  api::RoutePlan plan_;
  bool planned_ = false;
  TimePoint deadline_{};

  std::unique_ptr<Attempt> attempt_;
  boost::container::small_vector<telemetry::AttemptSample, 4> tried_;
  std::optional<FailedAnswer> failed_answer_;
  Duration upstream_time_{};
  std::optional<Duration> time_to_first_token_;
  std::optional<Error> error_;                // how the request failed, for the log
  bool broken_stream_ = false;
};

}  // namespace fluxgate::gateway
