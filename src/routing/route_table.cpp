#include "fluxgate/routing/route_table.hpp"

#include <algorithm>

#include "fluxgate/base/text.hpp"

namespace fluxgate::routing {
namespace {

template <class Item>
std::uint32_t index_of(const std::vector<Item>& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return static_cast<std::uint32_t>(found - items.begin());
}

// Draws the order of `candidates` by weight without replacement: each next one in proportion to what is left.
void draw_by_weight(boost::container::small_vector<api::Candidate, 8>& candidates, const config::Config& config,
                    Random& random) {
  const auto weight = [&](const api::Candidate& candidate) { return config.targets[candidate.target].weight; };
  for (std::size_t i = 0; i + 1 < candidates.size(); ++i) {
    double total = 0;
    for (std::size_t k = i; k < candidates.size(); ++k) total += weight(candidates[k]);
    double point = random.unit() * total;
    std::size_t pick = i;
    while (pick + 1 < candidates.size() && point >= weight(candidates[pick])) point -= weight(candidates[pick++]);
    candidates[pick].chosen = api::ChosenBy::kWeight;
    candidates[pick].propensity = weight(candidates[pick]) / total;
    // Rotated, not swapped: those not drawn keep the order of the file.
    std::rotate(candidates.begin() + static_cast<std::ptrdiff_t>(i), candidates.begin() + static_cast<std::ptrdiff_t>(pick),
                candidates.begin() + static_cast<std::ptrdiff_t>(pick) + 1);
  }
}

}  // namespace

RouteTable::RouteTable(const config::Config& config) : config_(config) {
  for (const config::Target& target : config.targets) {
    target_labels_.push_back(&config.providers[index_of(config.providers, target.provider)].labels);
  }
  for (const config::Route& route : config.routes) {
    const auto index = static_cast<std::uint32_t>(routes_.size());
    CompiledRoute compiled;
    compiled.config = &route;
    for (const std::string& name : route.targets) compiled.targets.push_back(index_of(config.targets, name));
    for (const std::string& name : route.fallback) compiled.fallback.push_back(index_of(config.targets, name));
    routes_.push_back(std::move(compiled));
    if (route.match.is_default) default_ = index;
    for (const std::string& model : route.match.models) {
      if (model.find('*') == std::string::npos) {
        exact_.emplace(model, index);
      } else {
        wildcards_.push_back({model, index});
      }
    }
  }
}

const CompiledRoute* RouteTable::match(std::string_view model) const {
  if (const auto found = exact_.find(model); found != exact_.end()) return &routes_[found->second];
  for (const Wildcard& wildcard : wildcards_) {
    if (wildcard_match(wildcard.pattern, model)) return &routes_[wildcard.route];
  }
  return default_ ? &routes_[*default_] : nullptr;
}

bool RouteTable::filter(const CompiledRoute& route, std::uint32_t target, api::RoutePlan& plan) const {
  const auto& has = *target_labels_[target];
  for (const std::string& label : route.config->require_labels) {
    if (std::find(has.begin(), has.end(), label) != has.end()) continue;
    plan.rejected.push_back({target, api::RejectCode::kMissingLabel});
    return false;
  }
  return true;
}

Result<api::RoutePlan> RouteTable::plan(const api::RequestFacts& facts, Random& random) const {
  const CompiledRoute* route = match(facts.model);
  if (route == nullptr) {
    return client_error(ErrorKind::kModelNotFound, "The model '" + std::string(facts.model) + "' does not exist: no route takes it")
        .with_param("model");
  }
  api::RoutePlan plan;
  plan.route = static_cast<std::uint32_t>(route - routes_.data());
  plan.attempts = &route->config->attempts;
  plan.tries_per_target = 1 + route->config->retries.value_or(0);
  for (const std::uint32_t target : route->targets) {
    if (filter(*route, target, plan)) plan.candidates.push_back({target, api::ChosenBy::kOrder, 1});
  }
  if (route->config->balance == config::Balance::kWeighted) draw_by_weight(plan.candidates, config_, random);
  const auto listed = [&](std::uint32_t target) {
    return std::any_of(plan.candidates.begin(), plan.candidates.end(),
                       [&](const api::Candidate& candidate) { return candidate.target == target; });
  };
  for (const std::uint32_t target : route->fallback) {
    if (!listed(target) && filter(*route, target, plan)) {
      plan.candidates.push_back({target, api::ChosenBy::kFallback, 1});
    }
  }
  return plan;
}

}  // namespace fluxgate::routing
