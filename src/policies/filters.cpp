#include "fluxgate/policies/filters.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fluxgate::policies {
namespace {

using Verdict = std::optional<api::Rejected>;
using Filter = Verdict (*)(const FilterInput&, const Option&);

api::Rejected because(const Option& option, api::RejectCode code, double needed = 0, double available = 0,
                      std::uint8_t detail = 0) {
  return {option.traits->index, code, needed, available, detail};
}

Verdict lacks_label(const FilterInput& input, const Option& option) {
  const std::uint64_t missing = (input.rules.required_labels | input.sensitivity_labels) & ~option.traits->labels;
  if (missing == 0) return std::nullopt;
  return because(option, api::RejectCode::kMissingLabel, 0, 0, static_cast<std::uint8_t>(std::countr_zero(missing)));
}

// A provider that does not say where it runs is in none of the regions asked for.
Verdict wrong_region(const FilterInput& input, const Option& option) {
  const auto& regions = input.rules.config->require.regions;
  if (regions.empty()) return std::nullopt;
  for (const std::string& region : regions) {
    if (region == option.traits->region) return std::nullopt;
  }
  return because(option, api::RejectCode::kRegion);
}

Verdict lacks_ability(const FilterInput& input, const Option& option) {
  const std::uint32_t needs = input.facts.needs.bits();
  const api::Abilities& has = option.traits->abilities;
  const bool must_be_known = input.rules.config->require.known_abilities;
  const std::uint32_t missing = needs & (must_be_known ? ~has.yes.bits() : has.no.bits());
  if (missing == 0) return std::nullopt;
  return because(option, api::RejectCode::kAbility, 0, 0, static_cast<std::uint8_t>(std::countr_zero(missing)));
}

// Prompts that were not counted are not judged, and a window that is unknown may be large enough.
Verdict too_long(const FilterInput& input, const Option& option) {
  const bool counted = input.facts.input_tokens != 0 && !input.facts.tokens_rough;
  if (!option.traits->context_window || !counted) return std::nullopt;
  const std::uint64_t needed = needed_window(input.facts, option.estimate, input.reserved_output);
  const std::uint64_t window = *option.traits->context_window;
  if (needed <= window) return std::nullopt;
  return because(option, api::RejectCode::kContext, static_cast<double>(needed), static_cast<double>(window));
}

Verdict writes_too_little(const FilterInput& input, const Option& option) {
  const auto& asked = input.facts.max_output_tokens;
  const auto& most = option.traits->max_output_tokens;
  if (!asked || !most || *asked <= *most) return std::nullopt;
  return because(option, api::RejectCode::kMaxOutput, static_cast<double>(*asked), static_cast<double>(*most));
}

// A limit on money needs a price: whether a target without one keeps within it cannot be said.
Verdict has_no_price(const FilterInput& input, const Option& option) {
  if (option.traits->price) return std::nullopt;
  const config::Require& require = input.rules.config->require;
  const bool needed = require.known_price || require.max_input_price || require.max_output_price ||
                      input.rules.config->policy.max_cost;
  return needed ? Verdict(because(option, api::RejectCode::kPriceUnknown)) : std::nullopt;
}

Verdict costs_too_much(const FilterInput& input, const Option& option) {
  if (!option.traits->price) return std::nullopt;
  const config::Require& require = input.rules.config->require;
  const config::Price& price = *option.traits->price;
  if (require.max_input_price && price.input > *require.max_input_price) {
    return because(option, api::RejectCode::kPriceMax, price.input, *require.max_input_price);
  }
  if (require.max_output_price && price.output > *require.max_output_price) {
    return because(option, api::RejectCode::kPriceMax, price.output, *require.max_output_price);
  }
  const auto& most = input.rules.config->policy.max_cost;
  if (most && option.estimate.usd_p95 > *most) {
    return because(option, api::RejectCode::kPriceMax, option.estimate.usd_p95, *most);
  }
  return std::nullopt;
}

// Only what is known to be below: a comparison with NaN is false.
Verdict not_good_enough(const FilterInput& input, const Option& option) {
  const double floor = input.rules.config->policy.quality_floor;
  if (!(option.estimate.quality < floor)) return std::nullopt;
  return because(option, api::RejectCode::kQualityFloor, floor, option.estimate.quality);
}

// On probation the next request is the probe, so it takes part.
Verdict gate_shut(const FilterInput&, const Option& option) {
  const api::Gate gate = option.status.gate;
  if (gate == api::Gate::kOpen || gate == api::Gate::kProbation) return std::nullopt;
  return because(option, api::RejectCode::kGate, 0, 0, static_cast<std::uint8_t>(gate));
}

Verdict no_rate_left(const FilterInput&, const Option& option) {
  if (option.status.headroom > 0) return std::nullopt;
  return because(option, api::RejectCode::kHeadroom, 0, option.status.headroom);
}

Verdict full(const FilterInput&, const Option& option) {
  const api::TargetStatus& status = option.status;
  if (status.concurrency == 0 || status.pending < status.concurrency) return std::nullopt;
  return because(option, api::RejectCode::kConcurrency, status.pending + 1.0, status.concurrency);
}

// A template, so that the compiler sees the list and calls nothing through a pointer.
template <Filter... filters>
Verdict first_of(const FilterInput& input, const Option& option) {
  Verdict verdict;
  static_cast<void>(((verdict = filters(input, option), verdict.has_value()) || ...));
  return verdict;
}

}  // namespace

std::uint64_t needed_window(const api::RequestFacts& facts, const api::Estimate& estimate,
                            std::uint64_t reserved_output) {
  constexpr std::uint64_t kExactMargin = 16;     // what a chat template adds
  constexpr std::uint64_t kEstimateMargin = 64;
  const std::uint64_t share = (std::uint64_t{estimate.input_tokens} + 49) / 50;  // 2 %, rounded up
  const std::uint64_t margin = facts.tokens_exact ? kExactMargin : std::max(kEstimateMargin, share);
  return estimate.input_tokens + margin + reserved_output;
}

std::optional<api::Rejected> ruled_out(const FilterInput& input, const Option& option, bool lift_health) {
  Verdict verdict = first_of<lacks_label, wrong_region, lacks_ability, too_long, writes_too_little, has_no_price,
                             costs_too_much, not_good_enough>(input, option);
  if (verdict || lift_health) return verdict;
  return first_of<gate_shut, no_rate_left, full>(input, option);
}

}  // namespace fluxgate::policies
