// A route with targets to try policies on.
#pragma once

#include <deque>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "fluxgate/policies/balances.hpp"
#include "fluxgate/policies/orders.hpp"
#include "policies/hash.hpp"

namespace fluxgate::policies {

struct World {
  config::Route route;
  RouteRules rules;
  api::RequestFacts facts;
  std::deque<Traits> traits;  // Options point into it
  Options options;
  Random random{7};

  World() { rules.config = &route; }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // `name` must be a literal.
  Option& add(std::string_view name, double weight = 1) {
    Traits& made = traits.emplace_back();
    made.index = static_cast<std::uint32_t>(traits.size() - 1);
    made.name = name;
    made.hash = hash_text(name);
    made.weight = weight;
    Option& option = options.emplace_back();
    option.traits = &made;
    return option;
  }
  Traits& traits_of(std::size_t index) { return traits[index]; }
  OrderInput order_input() const { return {facts, rules}; }
  BalanceInput balance_input(std::uint64_t turn = 0) const { return {facts, turn}; }
  std::span<const Option> equals() const { return {options.data(), options.size()}; }

  std::string names() const {
    std::string text;
    for (const Option& option : options) text += (text.empty() ? "" : " ") + std::string(option.traits->name);
    return text;
  }
};

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace fluxgate::policies
