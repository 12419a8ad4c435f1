#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

constexpr Range kWeight{0, 1000};

const Section<ScoreWeights>& weights_section() {
  static const Section<ScoreWeights> section = [] {
    Section<ScoreWeights> s("routes[].policy.weights",
                            "For `order_by: weighted`: how much each part of the score counts. They need not add up to "
                            "1, and not all may be 0. What is unknown about a target counts as the middle, 0.5.");
    s.number("quality", &ScoreWeights::quality, kWeight, "Expected quality.");
    s.number("latency", &ScoreWeights::latency, kWeight,
             "Expected time to first token, from 0 s (best) to `slo_ttft` (worst).");
    s.number("cost", &ScoreWeights::cost, kWeight, "Expected money, from $0.00001 (best) to $1 (worst) on a log "
                                                   "scale.");
    s.number("load", &ScoreWeights::load, kWeight, "Tokens in flight, against what the target can take.");
    return s;
  }();
  return section;
}

void add_limits(Section<Policy>& s) {
  s.number("quality_floor", &Policy::quality_floor, kShare,
           "Targets whose expected quality is known to be below it are ruled out.");
  s.number("quality_slack", &Policy::quality_slack, kShare,
           "For `order_by: cost`: only targets within this of the best expected quality compete by price.");
  s.number("max_cost", &Policy::max_cost, {0, 1000000, true},
           "Dollars for one request: a target whose cautious estimate (the 95th percentile of its output) is above it "
           "is ruled out. Absent: no limit.");
}

}  // namespace

const Section<Policy>& policy_section() {
  static const Section<Policy> section = [] {
    Section<Policy> s("routes[].policy", "Which of a route's targets come first. Those about as good as the best are "
                                         "equals, and `balance` spreads the requests over them.");
    s.choice<OrderBy>("order_by", &Policy::order_by,
                      {{"listed", OrderBy::kListed},
                       {"cost", OrderBy::kCost},
                       {"latency", OrderBy::kLatency},
                       {"quality", OrderBy::kQuality},
                       {"weighted", OrderBy::kWeighted},
                       {"adaptive", OrderBy::kAdaptive}},
                      "`listed`: all targets are equals. `cost`: expected money, unpriced targets last. `latency`: "
                      "expected time. `quality`: expected quality. `weighted`: the score of `weights`. `adaptive`: "
                      "learned from feedback and outcomes.");
    s.number("near", &Policy::near, {0, 10},
             "How far from the best still counts as equal: a share of the best for `cost` and `latency`, else a "
             "difference. Absent: `cost` 0, `latency` 0.1, `quality` and `weighted` 0.02; `listed` makes all equal and "
             "`adaptive` none.");
    add_limits(s);
    s.section("weights", &Policy::weights, weights_section());
    s.duration("slo_ttft", &Policy::slo_ttft, milliseconds(1), std::chrono::hours(1),
               "The time to first token that counts as bad as can be in a weighted score.");
    s.number("exploration", &Policy::exploration, kShare,
             "Share of requests that tries a target of which little or nothing recent is known.");
    s.boolean("sticky", &Policy::sticky,
              "For `order_by: adaptive`: a conversation stays with its target unless another is clearly better.");
    s.number("switch_margin", &Policy::switch_margin, kShare, "How much better that is, in expected reward.");
    s.scores("quality", &Policy::quality, kShare,
             "Expected quality by task, then target: `{ default: { gpt: 0.9, llama: 0.7 }, code: { llama: 0.8 } }`. "
             "The row `default` serves for tasks and targets that have no value of their own.");
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
