// One route for each group of model_list entries, and one more for each of its tags.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "fluxgate/base/text.hpp"
#include "importers/litellm_import.hpp"

namespace fluxgate::importers {
namespace {

constexpr double kMostTries = 20;

void append(std::vector<std::string>& to, const std::vector<std::string>& names,
            const std::vector<std::string>& not_these) {
  for (const auto& name : names) {
    const bool there = std::find(to.begin(), to.end(), name) != to.end();
    if (!there && std::find(not_these.begin(), not_these.end(), name) == not_these.end()) to.push_back(name);
  }
}

}  // namespace

void LiteLlmImport::make_routes() {
  for (const Group& group : groups_) {
    if (group.deployments.empty()) {
      note(Status::kManual, "model_list", group.line,
           "no entry of " + scalar(group.name) + " can be served; it has no route");
    }
  }
  if (document_.targets.empty()) stand_in();
  // Making a route may add targets, but never groups.
  for (const Group& group : groups_) {
    if (!group.deployments.empty()) make_route(group);
  }
}

// A configuration needs a route.
void LiteLlmImport::stand_in() {
  note(Status::kManual, "model_list", 1,
       "nothing can be taken over: the simulated provider answers until there is another");
  OutProvider provider;
  provider.name = provider.kind = "sim";
  provider.comment = "invented answers";
  OutTarget target;
  target.name = target.provider = "sim";
  target.model = "*";
  OutRoute route;
  route.name = "nothing-yet";
  route.targets = {"sim"};
  document_.providers.push_back(std::move(provider));
  document_.targets.push_back(std::move(target));
  document_.routes.push_back(std::move(route));
}

void LiteLlmImport::make_route(const Group& group) {
  OutRoute route;
  route.name = unique(route_names_, name_of(group.name == "*" ? "everything-else" : group.name));
  if (group.name != "*") {
    route.models = {group.name};
    append(route.models, group.aliases, {});
  }
  std::vector<const Deployment*> sorted;
  for (const Deployment& one : group.deployments) sorted.push_back(&one);
  std::stable_sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->order < b->order; });
  for (const Deployment* one : sorted) {
    auto& list = one->order == sorted.front()->order ? route.targets : route.fallback;
    list.push_back(document_.targets[one->target].name);
  }
  apply_strategy(group, route);
  std::size_t fallback_groups = 0;
  append(route.fallback, fallback_of(group, route, fallback_groups), route.targets);
  apply_times(group, route, fallback_groups);
  if (!group.silent_model.empty()) {
    append(route.shadow, targets_of(group.silent_model), route.targets);
    if (route.shadow.empty())
      note(Status::kManual, "model_list", group.line, "silent_model names no model that is taken over");
  }
  if (settings_.tag_filtering) tag_routes(group, route);
  document_.routes.push_back(std::move(route));
}

void LiteLlmImport::apply_strategy(const Group& group, OutRoute& route) {
  const std::string& strategy = group.strategy.empty() ? settings_.strategy : group.strategy;
  if (route.targets.size() < 2) return;
  if (strategy == "simple-shuffle") {
    route.balance = settings_.affinity.empty() ? "weighted" : settings_.affinity;
    set_weights(group, route);
  } else if (strategy == "latency-based-routing") {
    route.order_by = "latency";
    route.balance = "p2c";
    if (settings_.latency_buffer) route.near = number(std::clamp(*settings_.latency_buffer, 0.0, 10.0));
  } else if (strategy == "cost-based-routing") {
    route.order_by = "cost";
  } else {
    route.balance = "least_outstanding";
  }
}

// By weight, else by rpm, else by tpm: the first that the group's first entry has counts, and there the others that
// lack it have 0.
void LiteLlmImport::set_weights(const Group& group, OutRoute& route) {
  constexpr double kLargest = 1000000;
  constexpr double kSmallest = 0.000001;
  const std::array measures{std::pair{&Deployment::weight, "weight"}, std::pair{&Deployment::rpm, "rpm"},
                            std::pair{&Deployment::tpm, "tpm"}};
  for (const auto& [field, what] : measures) {
    double largest = 0;
    for (const Deployment& one : group.deployments) largest = std::max(largest, (one.*field).value_or(0));
    if (!(group.deployments.front().*field) || largest == 0) continue;
    const double scale = largest > kLargest ? kLargest / largest : 1;
    for (const Deployment& one : group.deployments) {
      OutTarget& target = document_.targets[one.target];
      const double drawn = (one.*field).value_or(0);
      const double weight = drawn > 0 ? std::max(drawn * scale, kSmallest) : 0;
      const auto place = std::find(route.targets.begin(), route.targets.end(), target.name);
      if (place == route.targets.end()) continue;
      if (weight > 0) {
        target.weight = weight;
      } else if (route.targets.size() > 1) {
        note(Status::kApproximate, "model_list", group.line,
             target.name + " has no " + what + ", so LiteLLM never draws it: a fallback here");
        route.targets.erase(place);
        route.fallback.push_back(target.name);
      }
    }
    return;
  }
}

void LiteLlmImport::apply_times(const Group& group, OutRoute& route, std::size_t fallback_groups) {
  constexpr double kHour = 3600;
  const auto retries = group.retries ? group.retries : settings_.retries;
  if (retries) {
    const double tries = std::min(kMostTries, 1 + std::floor(*retries) + static_cast<double>(fallback_groups));
    route.attempts.emplace_back("max", number(tries));
    // With one target, trying again means trying it again.
    if (route.targets.size() == 1) route.retries = static_cast<int>(std::min(10.0, std::floor(*retries)));
  }
  const auto timeout = group.timeout ? group.timeout : settings_.timeout;
  if (timeout && *timeout > 0) route.attempts.emplace_back("deadline", duration(*timeout, 24 * kHour));
  const auto stream = group.stream_timeout ? group.stream_timeout : settings_.stream_timeout;
  if (stream && *stream > 0) route.attempts.emplace_back("first_token_timeout", duration(*stream, kHour));
  if (settings_.retry_after && *settings_.retry_after > 0) {
    route.attempts.emplace_back("backoff", duration(*settings_.retry_after, 60));
  }
}

std::vector<std::string> LiteLlmImport::fallback_of(const Group& group, OutRoute& route, std::size_t& groups) {
  std::vector<std::string> names;
  const auto add = [&](const Fallbacks& fallbacks) {
    const auto found = fallbacks.find(group.name);
    if (found != fallbacks.end()) append(names, found->second, {group.name});
    return found != fallbacks.end();
  };
  add(settings_.fallbacks);
  add(settings_.context_window);
  route.content_filter_fallback = add(settings_.content_policy);
  append(names, settings_.default_fallbacks, {group.name});
  if (settings_.max_fallbacks && names.size() > static_cast<std::size_t>(*settings_.max_fallbacks)) {
    names.resize(static_cast<std::size_t>(*settings_.max_fallbacks));
  }
  std::vector<std::string> targets;
  for (const auto& name : names) {
    const auto served = targets_of(name);
    if (served.empty()) {
      note(Status::kManual, "model_list", group.line,
           "the fallback " + scalar(name) + " of " + scalar(group.name) + " is no model that is taken over");
      continue;
    }
    if (served.size() > 1) {
      note(Status::kApproximate, "model_list", group.line,
           "the targets of the fallback " + scalar(name) + " are tried in order, not balanced");
    }
    append(targets, served, {});
    ++groups;
  }
  return targets;
}

// The targets of a group, by its name, an alias, or a wildcard that takes the name.
std::vector<std::string> LiteLlmImport::targets_of(const std::string& name) {
  std::vector<std::string> out;
  for (const Group& group : groups_) {
    if (group.name != name && std::find(group.aliases.begin(), group.aliases.end(), name) == group.aliases.end())
      continue;
    for (const Deployment& one : group.deployments) out.push_back(document_.targets[one.target].name);
    return out;
  }
  for (const Group& group : groups_) {
    if (group.name.find('*') == std::string::npos || !wildcard_match(group.name, name)) continue;
    const auto star = group.name.find('*');
    const std::string part = name.substr(star, name.size() - (group.name.size() - 1));
    for (const Deployment& one : group.deployments) {
      OutTarget fixed = document_.targets[one.target];
      if (fixed.model == "*") {
        fixed.weight = 1;
        // The client's name is another one by then, so this target needs the provider's name of the model itself.
        fixed.model = one.wildcard;
        fixed.model.replace(fixed.model.find('*'), 1, part);
        std::erase_if(fixed.fields, [](const auto& field) { return field.first == "strip_prefix"; });
        const std::string wanted = name_of(fixed.provider + "-" + fixed.model);
        const auto same = std::find_if(document_.targets.begin(), document_.targets.end(), [&](const OutTarget& other) {
          return other.provider == fixed.provider && other.model == fixed.model;
        });
        if (same != document_.targets.end()) {
          out.push_back(same->name);
          continue;
        }
        fixed.name = unique(target_names_, wanted);
        document_.targets.push_back(fixed);
      }
      out.push_back(fixed.name);
    }
    return out;
  }
  return out;
}

// With enable_tag_filtering a request with a tag goes to the entries that have it, and one without to those tagged
// "default", if there are any.
void LiteLlmImport::tag_routes(const Group& group, OutRoute& base) {
  std::vector<std::string> tags;
  for (const Deployment& one : group.deployments) append(tags, one.tags, {"default"});
  const auto has = [&](const std::string& name, const std::string& tag) {
    return std::any_of(group.deployments.begin(), group.deployments.end(), [&](const Deployment& one) {
      return document_.targets[one.target].name == name &&
             std::find(one.tags.begin(), one.tags.end(), tag) != one.tags.end();
    });
  };
  for (const auto& tag : tags) {
    OutRoute route = base;
    route.name = unique(route_names_, name_of(base.name + "-tag-" + tag));
    route.tag = tag;
    const auto lacks = [&](const std::string& name) { return !has(name, tag); };
    std::erase_if(route.targets, lacks);
    std::erase_if(route.fallback, lacks);
    if (route.targets.empty()) std::swap(route.targets, route.fallback);
    if (route.targets.size() < 2) route.balance.clear();
    document_.routes.push_back(std::move(route));
  }
  const auto not_default = [&](const std::string& name) { return !has(name, "default"); };
  if (std::all_of(base.targets.begin(), base.targets.end(), not_default)) return;
  std::erase_if(base.targets, not_default);
  if (base.targets.size() < 2) base.balance.clear();
}

}  // namespace fluxgate::importers
