// Hard filters: what makes a target no candidate at all, whatever it costs and however fast it is.
#pragma once

#include <optional>

#include "fluxgate/policies/traits.hpp"

namespace fluxgate::policies {

struct FilterInput {
  const api::RequestFacts& facts;
  const RouteRules& rules;
  std::uint64_t sensitivity_labels = 0;     // labels that the request's sensitivity requires of a target
  std::uint64_t reserved_output = 0;        // tokens kept free for the answer
};

// The reason why `option` may not serve the request, or nothing. The filters in their fixed order, which is that of
// api::RejectCode: labels, region, ability, context, max output, price, quality floor; then, unless `lift_health`,
// gate, headroom, concurrency. `option.estimate` must be filled.
std::optional<api::Rejected> ruled_out(const FilterInput& input, const Option& option, bool lift_health = false);

// Input tokens plus reserve must fit; the margin covers what counting misses: max(64, 2 %) for estimates, 16 for exact
// counts.
std::uint64_t needed_window(const api::RequestFacts& facts, const api::Estimate& estimate,
                            std::uint64_t reserved_output);

}  // namespace fluxgate::policies
