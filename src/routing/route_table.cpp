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

// The place of `text` in `items`, which grows if it is new. At most 64: the loader's checks keep it below.
std::size_t intern(std::vector<std::string>& items, const std::string& text) {
  const auto found = std::find(items.begin(), items.end(), text);
  if (found != items.end()) return static_cast<std::size_t>(found - items.begin());
  items.push_back(text);
  return items.size() - 1;
}

// How specific a route's model condition is; the smaller comes first.
enum Kind { kExact, kWildcard, kAnyModel, kDefault };

Kind kind_of(const config::Match& match, std::string_view model) {
  if (match.is_default) return kDefault;
  if (match.models.empty()) return kAnyModel;
  const bool exact = std::any_of(match.models.begin(), match.models.end(),
                                 [&](const std::string& name) { return name == model; });
  return exact ? kExact : kWildcard;
}

constexpr std::uint64_t kProvenCount = 20;  // observations of a target for a task

bool reads_quality(const config::Policy& policy) {
  return policy.order_by == config::OrderBy::kCost || policy.order_by == config::OrderBy::kQuality ||
         policy.order_by == config::OrderBy::kWeighted || policy.order_by == config::OrderBy::kAdaptive ||
         policy.quality_floor > 0;
}

// The row of RouteRules::quality for a task's name; nullopt for a task that no request can have.
std::optional<std::size_t> quality_row(const std::vector<std::string>& names, const std::string& task) {
  if (task == tasks::kDefaultRow) return 0;
  const auto found = std::find(names.begin(), names.end(), task);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin()) + 1;
}

}  // namespace

FactsNeeded& FactsNeeded::operator|=(const FactsNeeded& other) {
  shape |= other.shape;
  tokens |= other.tokens;
  spans |= other.spans;
  tasks |= other.tasks;
  labels |= other.labels;
  headers |= other.headers;
  return *this;
}

// ---- compiling -----------------------------------------------------------------------------------------------------

RouteTable::RouteTable(const config::Config& config, std::vector<policies::Traits> traits, Vocabulary vocabulary)
    : config_(config), traits_(std::move(traits)), vocabulary_(std::move(vocabulary)) {
  for (std::size_t i = 0; i < config.targets.size(); ++i) {
    const config::Target& target = config.targets[i];
    traits_[i].labels = label_bits(target.labels) | label_bits(config.providers[index_of(config.providers, target.provider)].labels);
  }
  for (const std::string& label : vocabulary_.sensitivity_labels) {
    const auto required = config.sensitivity.require.find(label);
    sensitivity_requires_.push_back(required == config.sensitivity.require.end() ? 0 : label_bits(required->second));
  }
  routes_.reserve(config.routes.size());
  for (const config::Route& route : config.routes) {
    routes_.push_back(compile(route));
    index(static_cast<std::uint32_t>(routes_.size() - 1));
  }
  const auto by_precedence = [this](std::uint32_t a, std::uint32_t b) {
    const CompiledRoute& left = routes_[a];
    const CompiledRoute& right = routes_[b];
    if (left.config->precedence != right.config->precedence) return left.config->precedence > right.config->precedence;
    return left.conditional && !right.conditional;
  };
  std::stable_sort(before_.begin(), before_.end(), by_precedence);
  std::stable_sort(after_.begin(), after_.end(), by_precedence);
}

std::uint64_t RouteTable::label_bits(const std::vector<std::string>& names) {
  std::uint64_t bits = 0;
  for (const std::string& name : names) bits |= std::uint64_t{1} << intern(labels_, name);
  return bits;
}

std::vector<std::uint32_t> RouteTable::target_indexes(const std::vector<std::string>& names) const {
  std::vector<std::uint32_t> indexes;
  indexes.reserve(names.size());
  for (const std::string& name : names) indexes.push_back(index_of(config_.targets, name));
  return indexes;
}

CompiledRoute RouteTable::compile(const config::Route& route) {
  CompiledRoute compiled;
  compiled.config = &route;
  compiled.rules.config = &route;
  compiled.rules.required_labels = label_bits(route.require.labels);
  compiled.targets = target_indexes(route.targets);
  compiled.fallback = target_indexes(route.fallback);
  if (route.experiment) {
    for (const config::Variant& variant : route.experiment->variants) {
      compiled.variants.push_back(target_indexes(variant.targets));
    }
  }
  if (route.canary) compiled.canary = target_indexes(route.canary->targets);
  if (route.shadow) compiled.shadow = target_indexes(route.shadow->targets);
  compile_match(route.match, compiled);
  compile_quality(route.policy, compiled);
  compiled.needed = facts_needed(compiled);
  const std::vector<std::uint32_t> all = all_targets(compiled);
  const bool trims = route.context.on_overflow == config::OnOverflow::kTrim;
  for (const std::uint32_t target : all) {
    const auto window = traits_[target].context_window;
    if (!window || (all.size() == 1 && !trims)) continue;
    compiled.smallest_window = compiled.smallest_window == 0 ? *window : std::min(compiled.smallest_window, *window);
  }
  compiled.estimates = reads_estimates(compiled);
  return compiled;
}

void RouteTable::compile_match(const config::Match& match, CompiledRoute& compiled) {
  for (const auto& header : match.headers) {  // no structured binding: clang 14 cannot capture one
    const auto same = [&](const HeaderCondition& known) { return known.name == header.first && known.value == header.second; };
    auto found = std::find_if(header_conditions_.begin(), header_conditions_.end(), same);
    if (found == header_conditions_.end()) found = header_conditions_.insert(found, {header.first, header.second});
    compiled.headers |= std::uint64_t{1} << static_cast<std::size_t>(found - header_conditions_.begin());
  }
  for (const std::string& label : match.sensitivity) {
    const auto& known = vocabulary_.sensitivity_labels;
    const auto found = std::find(known.begin(), known.end(), label);
    // A label that nothing can raise never matches: a bit that no request has.
    const auto bit = found == known.end() ? std::size_t{63} : static_cast<std::size_t>(found - known.begin());
    compiled.sensitivity |= std::uint64_t{1} << bit;
  }
  for (const std::string& need : match.needs) {
    if (const auto ability = api::parse_ability(need)) compiled.needs.add(*ability);
  }
  for (const std::string& task : match.tasks) {
    const auto found = std::find(vocabulary_.tasks.begin(), vocabulary_.tasks.end(), task);
    compiled.tasks.push_back(found == vocabulary_.tasks.end()
                                 ? api::kNoTask
                                 : static_cast<std::uint16_t>(found - vocabulary_.tasks.begin()));
  }
  compiled.conditional = !match.headers.empty() || !match.sensitivity.empty() || !match.needs.empty() ||
                         !match.tasks.empty() || match.min_tokens || match.max_tokens;
}

// First what was measured, then what the operator says over it.
void RouteTable::compile_quality(const config::Policy& policy, CompiledRoute& compiled) const {
  const bool measured = vocabulary_.quality != nullptr && !vocabulary_.quality->empty() && reads_quality(policy);
  if (policy.quality.empty() && !measured) return;
  auto& table = compiled.rules.quality;
  table.assign(vocabulary_.tasks.size() + 1, std::vector<double>(traits_.size(), api::kUnknown));
  if (measured) add_measured_quality(table);
  for (const auto& [task, row] : policy.quality) {
    const auto index = quality_row(vocabulary_.tasks, task);
    if (!index) continue;
    for (const auto& [target, quality] : row) table[*index][index_of(config_.targets, target)] = quality;
  }
}

// Few observations prove nothing: the target then counts as it does over all tasks. The operator's own judgement of a
// target (target.quality) stands before its measured default, not before what was measured for a task.
void RouteTable::add_measured_quality(std::vector<std::vector<double>>& table) const {
  for (const auto& [task, row] : *vocabulary_.quality) {
    const auto index = quality_row(vocabulary_.tasks, task);
    if (!index) continue;
    for (const auto& [target, quality] : row) {
      const std::uint32_t column = index_of(config_.targets, target);
      if (column >= traits_.size() || quality.count < kProvenCount) continue;
      if (*index == 0 && traits_[column].quality) continue;
      table[*index][column] = quality.mean;
    }
  }
}

std::vector<std::uint32_t> RouteTable::all_targets(const CompiledRoute& route) const {
  std::vector<std::uint32_t> all = route.targets;
  for (const auto* more : {&route.fallback, &route.canary, &route.shadow}) all.insert(all.end(), more->begin(), more->end());
  for (const auto& variant : route.variants) all.insert(all.end(), variant.begin(), variant.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// What a route's own rules need to know. A route with a single target has nothing to choose: its provider is the judge.
FactsNeeded RouteTable::facts_needed(const CompiledRoute& route) const {
  const config::Route& rules = *route.config;
  const std::vector<std::uint32_t> all = all_targets(route);
  const bool choice = all.size() > 1;
  FactsNeeded needed;
  needed.labels = !rules.match.sensitivity.empty() || !config_.sensitivity.require.empty();
  needed.headers = !rules.match.headers.empty();
  needed.tasks = !rules.match.tasks.empty() || rules.policy.order_by == config::OrderBy::kAdaptive ||
                 (choice && !route.rules.quality.empty());
  needed.shape = !rules.match.needs.empty() || rules.require.known_abilities ||
                 rules.balance == config::Balance::kSession || rules.balance == config::Balance::kPrefix ||
                 rules.policy.order_by == config::OrderBy::kAdaptive || rules.experiment || rules.canary ||
                 rules.hedge;  // which is not for requests with tools
  for (const std::uint32_t target : all) needed.shape = needed.shape || (choice && !traits_[target].abilities.no.empty());
  needed.tokens = rules.match.min_tokens || rules.match.max_tokens || rules.policy.max_cost;
  return needed;
}

// A route that counts no tokens and orders nothing has no use for what a target is expected to cost or take.
bool RouteTable::reads_estimates(const CompiledRoute& route) const {
  const config::Policy& policy = route.config->policy;
  const config::Balance balance = route.config->balance;
  return route.needed.tokens || route.smallest_window != 0 || policy.order_by != config::OrderBy::kListed ||
         policy.quality_floor > 0 || policy.max_cost || balance == config::Balance::kP2c || balance == config::Balance::kLeastOutstanding ||
         balance == config::Balance::kPrefix || !config_.decision_log.file.empty();
}

void RouteTable::index(std::uint32_t route) {
  const CompiledRoute& compiled = routes_[route];
  if (compiled.conditional || compiled.config->precedence != 0) {
    (compiled.config->precedence < 0 ? after_ : before_).push_back(route);
    return;
  }
  const config::Match& match = compiled.config->match;
  if (match.is_default && !default_) default_ = route;
  for (const std::string& model : match.models) {
    if (model.find('*') == std::string::npos) {
      exact_.emplace(model, route);
    } else {
      wildcards_.push_back({model, route});
    }
  }
}

// ---- matching ------------------------------------------------------------------------------------------------------

FactsNeeded RouteTable::needed_for(const CompiledRoute& route, std::size_t body_bytes, std::optional<std::uint64_t> max_output) {
  FactsNeeded needed = route.needed;
  if (route.smallest_window == 0) return needed;
  const std::uint64_t answer = max_output.value_or(route.config->context.default_output);
  const bool may_be_too_long = body_bytes + answer > route.smallest_window;
  needed.tokens = needed.tokens || may_be_too_long;
  needed.spans = may_be_too_long && route.config->context.on_overflow == config::OnOverflow::kTrim;
  return needed;
}

FactsNeeded RouteTable::needed(std::string_view model, std::size_t body_bytes, std::optional<std::uint64_t> max_output) const {
  FactsNeeded needed;
  for (const auto& list : {&before_, &after_}) {
    for (const std::uint32_t route : *list) {
      if (takes_model(routes_[route], model)) needed |= needed_for(routes_[route], body_bytes, max_output);
    }
  }
  if (const CompiledRoute* plain = plain_match(model)) needed |= needed_for(*plain, body_bytes, max_output);
  // A log is replayed on tables that ask for other facts than this one does.
  if (!config_.decision_log.file.empty()) needed |= FactsNeeded{.shape = true, .tokens = true, .tasks = true, .labels = true, .headers = true};
  return needed;
}

bool RouteTable::takes_model(const CompiledRoute& route, std::string_view model) {
  const config::Match& match = route.config->match;
  if (match.is_default || match.models.empty()) return true;
  return std::any_of(match.models.begin(), match.models.end(),
                     [&](const std::string& pattern) { return wildcard_match(pattern, model); });
}

bool RouteTable::takes_model(std::string_view model) const {
  return plain_match(model) != nullptr ||
         std::any_of(routes_.begin(), routes_.end(), [&](const CompiledRoute& route) { return takes_model(route, model); });
}

bool RouteTable::conditions_hold(const CompiledRoute& route, const api::RequestFacts& facts) const {
  if ((facts.header_matches & route.headers) != route.headers) return false;
  if (route.sensitivity != 0 && (facts.labels & route.sensitivity) == 0) return false;
  if (!route.needs.without(facts.needs).empty()) return false;
  const auto& match = route.config->match;
  if (match.min_tokens && facts.input_tokens < *match.min_tokens) return false;
  if (match.max_tokens && facts.input_tokens > *match.max_tokens) return false;
  if (route.tasks.empty()) return true;
  const std::uint16_t task = facts.top_task();
  const bool sure = task != api::kNoTask && facts.tasks.front().probability >= config_.tasks.min_confidence;
  return sure && std::find(route.tasks.begin(), route.tasks.end(), task) != route.tasks.end();
}

const CompiledRoute* RouteTable::plain_match(std::string_view model) const {
  if (const auto found = exact_.find(model); found != exact_.end()) return &routes_[found->second];
  for (const Wildcard& wildcard : wildcards_) {
    if (wildcard_match(wildcard.pattern, model)) return &routes_[wildcard.route];
  }
  return default_ ? &routes_[*default_] : nullptr;
}

const CompiledRoute* RouteTable::match(const api::RequestFacts& facts) const {
  const auto first_of = [&](const std::vector<std::uint32_t>& list) -> const CompiledRoute* {
    const CompiledRoute* best = nullptr;
    for (const std::uint32_t index : list) {
      const CompiledRoute& route = routes_[index];
      // The list is sorted but for how well the model's name fits, which depends on the name.
      if (best != nullptr && (route.config->precedence != best->config->precedence || route.conditional != best->conditional)) break;
      if (!takes_model(route, facts.model) || !conditions_hold(route, facts)) continue;
      if (best == nullptr || kind_of(route.config->match, facts.model) < kind_of(best->config->match, facts.model)) best = &route;
    }
    return best;
  };
  if (!before_.empty()) {
    if (const CompiledRoute* route = first_of(before_)) return route;
  }
  if (const CompiledRoute* route = plain_match(facts.model)) return route;
  return after_.empty() ? nullptr : first_of(after_);
}

std::vector<std::uint32_t> RouteTable::all_matches(const api::RequestFacts& facts) const {
  std::vector<std::uint32_t> matches;
  const CompiledRoute* winner = match(facts);
  if (winner == nullptr) return matches;
  matches.push_back(static_cast<std::uint32_t>(winner - routes_.data()));
  for (std::uint32_t i = 0; i < routes_.size(); ++i) {
    if (&routes_[i] == winner || !takes_model(routes_[i], facts.model) || !conditions_hold(routes_[i], facts)) continue;
    matches.push_back(i);
  }
  return matches;
}

std::uint64_t RouteTable::labels_required(std::uint64_t sensitivity) const {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sensitivity_requires_.size(); ++i) {
    if ((sensitivity >> i) & 1u) bits |= sensitivity_requires_[i];
  }
  return bits;
}

}  // namespace fluxgate::routing
