#include "fluxgate/policies/estimates.hpp"

#include <algorithm>
#include <cmath>

namespace fluxgate::policies {
namespace {

constexpr double kMillion = 1e6;
// How long an answer is before any was seen: in proportion to the prompt, within bounds.
constexpr double kOutputPerInput = 1.5;
constexpr double kLeastOutput = 16;
constexpr double kMostOutput = 1024;

double input_tokens(const api::RequestFacts& facts, const api::TargetStatus& status) {
  return std::round(facts.tokens_exact ? facts.input_tokens : facts.input_tokens * status.input_calibration);
}

double within_limit(double tokens, const api::RequestFacts& facts) {
  return facts.max_output_tokens ? std::min(tokens, static_cast<double>(*facts.max_output_tokens)) : tokens;
}

double expected_output(double n_in, const api::RequestFacts& facts, const api::TargetStatus& status) {
  const double guess = std::clamp(kOutputPerInput * n_in, kLeastOutput, kMostOutput);
  return within_limit(status.output_median > 0 ? status.output_median : guess, facts);
}

// Never below the expected output: one that is learned from few answers may be.
double cautious_output(double n_out, std::uint64_t reserved, const api::RequestFacts& facts,
                       const api::TargetStatus& status) {
  const double most = status.output_p95 > 0 ? status.output_p95 : static_cast<double>(reserved);
  return std::max(n_out, within_limit(most, facts));
}

// The table's value for one target, NaN if it has none.
double table_row(const RouteRules& rules, std::size_t row, std::uint32_t target) {
  if (row >= rules.quality.size() || target >= rules.quality[row].size()) return api::kUnknown;
  return rules.quality[row][target];
}

}  // namespace

double money(const config::Price& price, double input, double cached, double output) {
  const double prompt = (input - cached) * price.input + cached * price.cached_input.value_or(price.input);
  return (prompt + output * price.output) / kMillion;
}

double expected_quality(const api::RequestFacts& facts, const RouteRules& rules, const Traits& traits) {
  double otherwise = table_row(rules, 0, traits.index);
  if (std::isnan(otherwise) && traits.quality) otherwise = *traits.quality;
  if (rules.quality.size() <= 1 || facts.tasks.empty()) return otherwise;

  double known = 0;    // probability of the tasks of which something is known
  double sum = 0;
  double left = 1;     // probability that no task is named for
  for (const api::TaskGuess& guess : facts.tasks) {
    left -= guess.probability;
    double value = table_row(rules, guess.task + std::size_t{1}, traits.index);
    if (std::isnan(value)) value = otherwise;
    if (std::isnan(value)) continue;
    known += guess.probability;
    sum += guess.probability * value;
  }
  if (left > 0 && !std::isnan(otherwise)) {
    known += left;
    sum += left * otherwise;
  }
  return known > 0 ? sum / known : api::kUnknown;
}

void estimate(const api::RequestFacts& facts, const RouteRules& rules, std::uint64_t reserved_output, Option& option) {
  const api::TargetStatus& status = option.status;
  api::Estimate& out = option.estimate;
  const double n_in = input_tokens(facts, status);
  const double n_cached = n_in * status.cached_share;
  const double n_out = expected_output(n_in, facts, status);
  out.input_tokens = static_cast<std::uint32_t>(std::min(n_in, 4e9));
  out.output_tokens = static_cast<std::uint32_t>(std::lround(n_out));

  // A prompt that nobody counted costs something all the same: unknown, not the price of the answer alone.
  if (option.traits->price && facts.input_tokens > 0) {
    const config::Price& price = *option.traits->price;
    out.usd = money(price, n_in, n_cached, n_out);
    out.usd_p95 = money(price, n_in, n_cached, cautious_output(n_out, reserved_output, facts, status));
  }
  if (status.ttft > 0) {
    out.ttft = status.ttft + status.prefill * (n_in - n_cached);
    if (status.tpot > 0) out.total = out.ttft + n_out * status.tpot;
  }
  out.quality = expected_quality(facts, rules, *option.traits);
}

}  // namespace fluxgate::policies
