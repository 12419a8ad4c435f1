// weighted: one number from quality, time, money and load. routing.md 3.0.
//
// Every term is on an absolute scale, so that a candidate's score does not depend on who else is there: with min-max
// over the candidates, one more bad target would change the order of the good ones. A term that is unknown counts as
// 0.5, for 0 would mean that a new model never gets a request; option.terms keeps NaN, so that explanations can say so.
#include <algorithm>
#include <cmath>

#include "policies/load.hpp"
#include "policies/ranking.hpp"

namespace fluxgate::policies {
namespace {

constexpr double kLeastUsd = 1e-5;           // a request for so much or less is as cheap as can be
const double kLogLeastUsd = std::log(kLeastUsd);  // the dear end is one dollar, whose logarithm is 0

double clamp01(double value) { return std::clamp(value, 0.0, 1.0); }

api::ScoreTerms terms_of(const Option& option, double slo_seconds) {
  api::ScoreTerms terms;
  const api::Estimate& estimate = option.estimate;
  if (!std::isnan(estimate.quality)) terms.quality = clamp01(estimate.quality);
  if (!std::isnan(estimate.ttft)) terms.latency = 1 - clamp01(estimate.ttft / slo_seconds);
  if (!std::isnan(estimate.usd)) {
    terms.cost = estimate.usd <= kLeastUsd ? 1 : clamp01(std::log(estimate.usd) / kLogLeastUsd);
  }
  terms.load = 1 - clamp01(load(option.status));
  return terms;
}

double or_neutral(double term) { return std::isnan(term) ? 0.5 : term; }

}  // namespace

Ordered order_by_weighted(const OrderInput& input, Options& options) {
  const config::Policy& policy = input.rules.config->policy;
  const config::ScoreWeights& weights = policy.weights;
  const double slo_seconds = std::max(0.001, std::chrono::duration<double>(policy.slo_ttft).count());
  const double total = weights.quality + weights.latency + weights.cost + weights.load;
  for (Option& option : options) {
    option.terms = terms_of(option, slo_seconds);
    const double sum = weights.quality * or_neutral(option.terms.quality) +
                       weights.latency * or_neutral(option.terms.latency) +
                       weights.cost * or_neutral(option.terms.cost) + weights.load * option.terms.load;
    option.score = total > 0 ? sum / total : 0;
  }
  sort_by_score(options);
  if (options.empty()) return {};
  return {count_from(options, options.front().score - near_of(input))};
}

}  // namespace fluxgate::policies
