// Replay: what another configuration would have done with the requests of a decision log, and what that is worth.
//
//   read_decisions   the log's lines as values, feedback joined to the decisions it is about
//   facts_of         a logged request in the vocabulary of another table
//   replay_log       level 1, the decision diff: exact, says nothing about answers
//                    level 2, the counterfactual value: how good the answers would have been; refuses without support
//   replay_outcomes  where every target's outcome is known for every prompt, nothing has to be estimated
//
// Pure but for the streams it reads. Planning is RouteTable::plan, the code that serves. docs/replay.md and
// docs/decision-log.md are the operator's pages.
#pragma once

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fluxgate/routing/decision.hpp"
#include "fluxgate/routing/estimators.hpp"
#include "fluxgate/tasks/tagger.hpp"
#include "fluxgate/tasks/train.hpp"

namespace fluxgate::routing {

// ---- the log
// ---------------------------------------------------------------------------------------------------------

struct LoggedTask {
  std::string name;
  float probability = 1;
};

struct LoggedCandidate {
  std::string target;
  std::string by;
  double propensity = api::kUnknown;
  double score = api::kUnknown;
  double usd = api::kUnknown;
  double quality = api::kUnknown;
  double ttft = api::kUnknown;
};

struct LoggedRejection {
  std::string target;
  std::string code;
};

struct LoggedAttempt {
  std::string target;
  std::string outcome;
  int status = 0;
  double ttft = 0;  // seconds; 0: none
  double elapsed = 0;
  bool hedge = false;
};

struct LoggedOutcome {
  int status = 0;
  std::string served;  // empty: nobody's answer
  bool aborted = false;
  std::string error;
  double elapsed = 0;
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> cached_tokens;
  std::optional<std::uint64_t> output_tokens;
  double usd = api::kUnknown;
};

struct LoggedDecision {
  std::size_t line = 0;
  double time = 0;
  std::string id;
  std::string config;
  std::uint64_t seed = 0;
  std::string endpoint;
  std::string model;
  api::RequestFacts facts;  // without what only names can say: model, tasks, labels, headers
  std::vector<LoggedTask> tasks;
  std::vector<std::string> labels;
  std::vector<std::string> headers;  // "name: value", the conditions that held
  std::string route;
  std::string order_by;
  std::string variant;
  bool canary = false;
  bool least_bad = false;
  std::vector<LoggedCandidate> candidates;
  std::vector<LoggedRejection> rejected;
  std::vector<LoggedAttempt> attempts;
  LoggedOutcome outcome;
  std::string prompt;
  std::optional<double> feedback;  // the last score of each channel, averaged

  // The first choice; empty if everybody was ruled out.
  const std::string& pick() const;
};

struct DecisionLog {
  std::vector<LoggedDecision> decisions;
  std::size_t feedback_lines = 0;
  std::size_t feedback_unmatched = 0;  // on requests that the log does not have
  bool cut = false;                    // the last line was not whole, as after a crash; it is left out
};

struct ReadLimits {
  std::size_t line = std::size_t{4} << 20;  // bytes
  std::size_t decisions = 2'000'000;
};

// Members that are not known are ignored, empty lines too. Errors are kConfig and name the line.
Result<DecisionLog> read_decisions(std::istream& in, const ReadLimits& limits = {});

// Tasks, labels and header conditions by name; what the table does not know is left out. Views into `decision`.
api::RequestFacts facts_of(const LoggedDecision& decision, const RouteTable& table);

// The world as the log shows it, for every plan alike: lengths and speeds of answers by target, and what feedback says
// of them. Nobody is unwell. Turns of round robin count on with each plan that is noted.
class LogView final : public api::LiveView {
 public:
  LogView(const RouteTable& table, const std::vector<LoggedDecision>& decisions);
  api::TargetStatus status(std::uint32_t target) const override { return status_[target]; }
  api::QualityCell cell(std::uint32_t route, std::uint16_t task, std::uint32_t target) const override;
  std::uint64_t turn(std::uint32_t route) const override { return turns_[route]; }
  double canary_share(std::uint32_t route) const override { return canary_share_[route]; }
  void note(const api::RoutePlan& plan) { ++turns_[plan.route]; }

 private:
  void learn_status(const RouteTable& table, const std::vector<LoggedDecision>& decisions);
  void learn_cells(const RouteTable& table, const std::vector<LoggedDecision>& decisions);

  std::vector<api::TargetStatus> status_;
  std::vector<std::uint64_t> turns_;
  std::vector<double> canary_share_;
  std::map<std::tuple<std::uint32_t, std::uint16_t, std::uint32_t>, api::QualityCell> cells_;
};

// ---- another configuration over a log
// ----------------------------------------------------------------------------------

// What counts as a good answer.
enum class Reward : std::uint8_t {
  kFeedback,  // the score that came for it; requests without one are left out
  kSuccess,   // 1 if the first choice answered and the answer was whole
};

struct ReplayOptions {
  std::optional<std::uint64_t> seed;  // of the draws; unset: those of the log
  double min_ess = 100;
  double clip = 10;
  Reward reward = Reward::kFeedback;
  std::size_t samples = 5;  // changed decisions to show
};

struct Changed {
  std::string id;
  std::string from;
  std::string to;      // empty: nobody
  std::string reason;  // why not the logged choice
};

struct Share {
  std::size_t rows = 0;
  std::size_t changed = 0;
};

struct DecisionDiff {
  Share all;
  std::size_t no_route = 0;                                          // no route takes the model
  std::size_t nobody = 0;                                            // a route, but every target is ruled out
  std::map<std::string, Share> routes;                               // by the new route
  std::map<std::pair<std::string, std::string>, std::size_t> moves;  // from, to
  std::map<std::string, std::size_t> violations;                     // why the new rules rule the logged choice out
  std::vector<Changed> samples;
  // At the new table's prices, over the rows where both choices have one.
  std::size_t priced = 0;
  double usd_old = 0;
  double usd_new = 0;
  double usd_logged = 0;  // what the log says was paid, over the rows that say
};

// A policy's value beside the others.
struct Rival {
  std::string name;
  Measured value;
  double usd = api::kUnknown;  // mean per request
  double ess = 0;              // 0: not estimated but seen
};

struct Counterfactual {
  std::string refused;   // why there is no estimate; empty: there is one
  std::size_t rows = 0;  // with a reward and a propensity
  std::size_t left_out = 0;
  double unsupported = 0;  // share of the new choices that the log never makes in such a case
  OffPolicyValue value;
  double usd = api::kUnknown;
  Rival current;
  Rival random;
  std::vector<Rival> singles;  // those with enough support, best first
  double oracle_bound = 0;     // the best cell mean in each row: more than any policy can be known to give
  std::optional<double> hull;  // best random mix of two of `singles` at the new policy's price
};

struct LogReplay {
  DecisionDiff diff;
  Counterfactual value;
};
LogReplay replay_log(const RouteTable& table, const DecisionLog& log, const ReplayOptions& options);

std::string to_text(const LogReplay& replay);
std::string to_json(const LogReplay& replay);

// ---- full information
// --------------------------------------------------------------------------------------------------

struct OutcomesOptions {
  std::string model = "auto";  // the name the requests ask for
  std::uint64_t seed = 1;
  std::size_t resamples = 1000;
};

struct Chooser {
  std::string name;
  double value = 0;  // mean outcome
  double price = 0;  // mean input price, dollars per million tokens
};

struct OutcomesReplay {
  std::size_t rows = 0;
  std::size_t left_out = 0;  // without a route, a choice, or all outcomes
  Chooser router;
  Chooser best_single;
  Chooser mix;                  // best random mix of two at the router's price
  std::vector<Chooser> others;  // task named, task table, length rule, random, oracle, each single
  Interval against_best;        // 95 % of router - best_single
  Interval against_mix;
  std::map<std::string, std::size_t> picks;
  std::vector<PriceAndValue> singles;  // for the hull
};

// Each row is a request with that prompt as its only message. Targets are those of the table that the rows have
// outcomes for; each needs a price. A row counts at the list price of one input token of its target: outcome sets do
// not say how long answers were. kConfig if nothing can be compared.
Result<OutcomesReplay> replay_outcomes(const RouteTable& table, const tasks::Tagger& tagger,
                                       const std::vector<tasks::LabelledRow>& rows, const OutcomesOptions& options);

std::string to_text(const OutcomesReplay& replay);
std::string to_json(const OutcomesReplay& replay);

}  // namespace fluxgate::routing
