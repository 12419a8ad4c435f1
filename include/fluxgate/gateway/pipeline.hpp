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
#include "fluxgate/gateway/facts_builder.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/gateway/request.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/interrupt.hpp"
#include "fluxgate/resilience/classify.hpp"
#include "fluxgate/telemetry/shard.hpp"

namespace fluxgate::gateway {

class Attempt;
class HedgeRace;

// One attempt, as settle and the decision log tell of it.
struct Tried {
  std::uint32_t target = 0;
  telemetry::AttemptOutcome outcome = telemetry::AttemptOutcome::kSuccess;
  int status = 0;                // HTTP; 0 if none came
  Duration time_to_first_token{};
  Duration elapsed{};
  bool hedge = false;            // sent beside another one
};

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
    bool final;                  // the client's own mistake: trying again is pointless
  };

  // admit (pipeline.cpp)
  Result<void> admit();
  Result<void> read_json();
  Result<void> read_form(std::string_view boundary);

  // plan (planning.cpp)
  Result<void> make_plan();
  Result<void> plan_once();
  Result<void> trim_to_fit();
  Error nobody() const;
  bool sheds();
  net::Task<Result<void>> wait_for_room();
  net::Task<bool> wait_for_slot(std::uint32_t target, TimePoint until);
  std::optional<std::uint32_t> fullest_target() const;
  const config::Route& route() const { return *snapshot_->routes().routes()[plan_.route].config; }

  // attempt (attempts.cpp, hedging.cpp): leaves a successful attempt_, or says what failed
  net::Task<Result<void>> try_candidates();
  net::Task<Result<void>> try_target(const api::Candidate& candidate);
  net::Task<Result<void>> try_once(const api::Candidate& candidate, HealthClaim claim);
  net::Task<Result<void>> try_hedged(const api::Candidate& first, const api::Candidate& second);
  Result<void> finish_race(HedgeRace& race);
  Duration hedge_delay(const api::Candidate& first) const;
  net::Task<bool> wait_before_retry(std::size_t again, std::optional<std::chrono::milliseconds> retry_after);
  std::unique_ptr<Attempt> new_attempt(std::uint32_t target, net::Interrupt& interrupt, bool first_content);
  HealthClaim enter(const api::Candidate& candidate);
  bool may_hedge() const;
  bool may_try_again();
  resilience::Verdict conclude(const Attempt& attempt, const api::Candidate& candidate, HealthClaim& claim,
                               const Result<void>& result, bool hedge);
  void keep_failed_answer(const Attempt& attempt, bool final);

  // A copy for other targets, if the route wants one of this request (shadow.cpp).
  void send_shadow();

  // relay (relay.cpp)
  net::Task<void> relay();
  net::Task<Result<void>> relay_events();
  net::Task<Result<void>> relay_bytes();
  net::Task<void> break_stream(const Error& error);

  // answers of our own (answer.cpp)
  void begin_response(int status, std::string_view content_type, std::string_view upstream_fields);
  net::Task<void> answer_failure(const Error& error);

  // settle (settle.cpp)
  void settle();
  void count_decision(const std::optional<telemetry::TokenCounts>& usage);
  void settle_health(TimePoint now, const std::optional<telemetry::TokenCounts>& usage);
  void learn(TimePoint now);
  void log_decision(TimePoint now, const telemetry::RequestSample& sample);
  void fail(const Error& error);
  std::optional<telemetry::TokenCounts> usage() const;

  WorkerState& state_;
  net::Interrupt& interrupt_;
  ClientRequest& request_;
  ClientResponse& response_;
  std::shared_ptr<const Snapshot> snapshot_;  // pinned
  OwnFields own_;
  BuiltFacts built_;
  api::RoutePlan plan_;
  bool planned_ = false;
  TimePoint deadline_{};
  std::size_t trimmed_messages_ = 0;

  std::unique_ptr<Attempt> attempt_;          // the last one
  HealthClaim claim_;                         // of attempt_, from its start until settle
  HealthClaim granted_;                       // a slot that was waited for
  std::shared_ptr<HedgeRace> race_;           // may still end after its winner was found
  const api::Candidate* served_ = nullptr;    // whose answer attempt_ is
  boost::container::small_vector<Tried, 4> tried_;
  std::optional<FailedAnswer> failed_answer_;
  std::optional<std::uint64_t> window_above_; // only targets with a larger window can help
  resilience::Verdict verdict_;               // on attempt_
  bool stop_trying_ = false;
  bool budget_spent_ = false;
  Duration upstream_time_{};
  std::optional<Duration> time_to_first_token_;
  std::optional<Error> error_;                // how the request failed, for the log
  bool broken_stream_ = false;
};

}  // namespace fluxgate::gateway
