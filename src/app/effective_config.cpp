#include "effective_config.hpp"

#include <nlohmann/json.hpp>
#include <span>

namespace fluxgate::app {
namespace {

using Json = nlohmann::ordered_json;

std::string address(const config::Address& value) { return value.host + ":" + std::to_string(value.port); }

// The key is left out where `value` is what it is by default.
template <class T, class Default>
void put(Json& json, const char* key, const T& value, const Default& initial) {
  if (!(value == initial)) json[key] = value;
}

void put(Json& json, const char* key, config::milliseconds value, config::milliseconds initial) {
  put(json, key, value.count(), initial.count());
}

template <class T>
void put(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

template <class Enum>
void put_word(Json& json, const char* key, std::span<const char* const> words, Enum value, Enum initial) {
  if (value != initial) json[key] = words[static_cast<std::size_t>(value)];
}

// A section that says nothing beyond its defaults is not shown.
void put_section(Json& json, const char* key, Json section) {
  if (!section.empty()) json[key] = std::move(section);
}

// Sections that are on by being there are shown even if empty.
void put_present(Json& json, const char* key, Json section) {
  json[key] = section.empty() ? Json::object() : std::move(section);
}

Json provider_json(const config::Provider& provider) {
  static constexpr const char* kKinds[] = {"openai", "openai_compatible", "sim"};
  Json json;
  json["kind"] = kKinds[static_cast<int>(provider.kind)];
  if (!provider.base_url.empty()) json["base_url"] = provider.base_url;
  if (provider.api_keys.empty()) {
    json["api_key"] = provider.api_key.empty() ? "none" : "***";
  } else {
    json["api_keys"] = std::vector<std::string>(provider.api_keys.size(), "***");
  }
  for (const auto& [name, value] : provider.headers) json["headers"][name] = "***";
  json["allow_private"] = provider.allow_private;
  json["stream_usage"] = provider.stream_usage;
  if (!provider.labels.empty()) json["labels"] = provider.labels;
  put(json, "region", provider.region, "");
  return json;
}

Json price_json(const config::Price& price) {
  Json json = {{"input", price.input}, {"output", price.output}};
  put(json, "cached_input", price.cached_input);
  put(json, "cache_write", price.cache_write);
  return json;
}

Json target_json(const config::Target& target) {
  Json json;
  json["provider"] = target.provider;
  json["model"] = target.model;
  put(json, "strip_prefix", target.strip_prefix, "");
  put(json, "catalogue", target.catalogue, "");
  json["weight"] = target.weight;
  if (target.price) json["price"] = price_json(*target.price);
  put(json, "context_window", target.context_window);
  put(json, "max_output_tokens", target.max_output_tokens);
  if (!target.abilities.empty()) json["abilities"] = target.abilities;
  put(json, "tokenizer", target.tokenizer, "");
  put(json, "quality", target.quality);
  if (!target.labels.empty()) json["labels"] = target.labels;
  put(json, "max_concurrency", target.max_concurrency);
  put(json, "requests_per_minute", target.requests_per_minute);
  put(json, "tokens_per_minute", target.tokens_per_minute);
  return json;
}

Json match_json(const config::Match& match) {
  Json json;
  if (match.is_default) {
    json["model"] = "default";
  } else if (!match.models.empty()) {
    json["model"] = match.models;
  }
  if (!match.headers.empty()) json["headers"] = match.headers;
  if (!match.tasks.empty()) json["task"] = match.tasks;
  if (!match.sensitivity.empty()) json["sensitivity"] = match.sensitivity;
  if (!match.needs.empty()) json["needs"] = match.needs;
  if (match.min_tokens) json["tokens"]["min"] = *match.min_tokens;
  if (match.max_tokens) json["tokens"]["max"] = *match.max_tokens;
  return json;
}

Json policy_json(const config::Policy& policy) {
  static constexpr const char* kOrders[] = {"listed", "cost", "latency", "quality", "weighted", "adaptive"};
  const config::Policy initial;
  Json json;
  put_word(json, "order_by", kOrders, policy.order_by, initial.order_by);
  put(json, "near", policy.near);
  put(json, "quality_floor", policy.quality_floor, initial.quality_floor);
  put(json, "quality_slack", policy.quality_slack, initial.quality_slack);
  const config::ScoreWeights& weights = policy.weights;
  if (policy.order_by == config::OrderBy::kWeighted) {
    json["weights"] = {{"quality", weights.quality},
                       {"latency", weights.latency},
                       {"cost", weights.cost},
                       {"load", weights.load}};
  }
  put(json, "slo_ttft_ms", policy.slo_ttft, initial.slo_ttft);
  put(json, "exploration", policy.exploration, initial.exploration);
  put(json, "max_cost", policy.max_cost);
  put(json, "sticky", policy.sticky, initial.sticky);
  put(json, "switch_margin", policy.switch_margin, initial.switch_margin);
  if (!policy.quality.empty()) json["quality"] = policy.quality;
  return json;
}

Json require_json(const config::Require& require) {
  Json json;
  if (!require.labels.empty()) json["labels"] = require.labels;
  if (!require.regions.empty()) json["regions"] = require.regions;
  put(json, "known_abilities", require.known_abilities, false);
  put(json, "known_price", require.known_price, false);
  if (require.max_input_price) json["max_price"]["input"] = *require.max_input_price;
  if (require.max_output_price) json["max_price"]["output"] = *require.max_output_price;
  return json;
}

Json experiment_json(const config::Experiment& experiment) {
  static constexpr const char* kUnits[] = {"session", "user", "request"};
  Json json = {{"name", experiment.name}, {"unit", kUnits[static_cast<int>(experiment.unit)]}};
  for (const config::Variant& variant : experiment.variants) {
    json["variants"].push_back({{"name", variant.name}, {"share", variant.share}, {"targets", variant.targets}});
  }
  return json;
}

Json canary_json(const config::Canary& canary) {
  const config::Canary initial;
  Json json = {{"targets", canary.targets}, {"steps", canary.steps}};
  json["step_duration_ms"] = canary.step_duration.count();
  put(json, "min_requests", canary.min_requests, initial.min_requests);
  put(json, "max_error_increase", canary.max_error_increase, initial.max_error_increase);
  put(json, "max_ttft_ratio", canary.max_ttft_ratio, initial.max_ttft_ratio);
  put(json, "confidence", canary.confidence, initial.confidence);
  return json;
}

Json hedge_json(const config::Hedge& hedge) {
  Json json;
  if (hedge.delay) json["delay_ms"] = hedge.delay->count();
  put(json, "min_delay_ms", hedge.min_delay, config::Hedge{}.min_delay);
  return json;
}

// What happens when targets fail or have no room.
void put_resilience(Json& json, const config::Route& route) {
  static constexpr const char* kPriorities[] = {"batch", "low", "normal", "high"};
  static constexpr const char* kExhausted[] = {"reject", "least_bad", "queue"};
  const config::Route initial;
  put_word(json, "priority", kPriorities, route.priority, initial.priority);
  put_word(json, "on_exhausted", kExhausted, route.on_exhausted, initial.on_exhausted);
  if (route.on_exhausted == config::OnExhausted::kQueue) {
    json["queue"] = {{"max", route.queue.max}, {"timeout_ms", route.queue.timeout.count()}};
  }
  Json budget;
  put(budget, "ratio", route.retry_budget.ratio, initial.retry_budget.ratio);
  put(budget, "floor", route.retry_budget.floor, initial.retry_budget.floor);
  put_section(json, "retry_budget", std::move(budget));
  put(json, "content_filter_fallback", route.content_filter_fallback, false);
  if (route.hedge) put_present(json, "hedge", hedge_json(*route.hedge));
}

Json route_json(const config::Route& route) {
  static constexpr const char* kBalances[] = {"ordered", "weighted", "round_robin", "least_outstanding",
                                              "p2c",     "session",  "prefix"};
  static constexpr const char* kOverflows[] = {"reject", "trim"};
  Json json;
  json["name"] = route.name;
  put(json, "precedence", route.precedence, 0);
  json["match"] = match_json(route.match);
  json["balance"] = kBalances[static_cast<int>(route.balance)];
  put_section(json, "policy", policy_json(route.policy));
  json["targets"] = route.targets;
  json["fallback"] = route.fallback;
  json["retries"] = route.retries.value_or(0);
  const config::Attempts& attempts = route.attempts;
  json["attempts"] = {{"max", attempts.max},
                      {"deadline_ms", attempts.deadline.count()},
                      {"connect_timeout_ms", attempts.connect_timeout.count()},
                      {"first_token_timeout_ms", attempts.first_token_timeout.count()},
                      {"idle_timeout_ms", attempts.idle_timeout.count()},
                      {"stream_timeout_ms", attempts.stream_timeout.count()}};
  put_section(json, "require", require_json(route.require));
  const config::ContextRules initial;
  Json context;
  put_word(context, "on_overflow", kOverflows, route.context.on_overflow, initial.on_overflow);
  put(context, "default_output", route.context.default_output, initial.default_output);
  put_section(json, "context", std::move(context));
  put_resilience(json, route);
  if (route.experiment) json["experiment"] = experiment_json(*route.experiment);
  if (route.canary) json["canary"] = canary_json(*route.canary);
  if (route.shadow) {
    json["shadow"] = {{"targets", route.shadow->targets},
                      {"share", route.shadow->share},
                      {"max_in_flight", route.shadow->max_in_flight}};
  }
  return json;
}

Json breaker_json(const config::Breaker& breaker) {
  const config::Breaker initial;
  Json json;
  put(json, "enabled", breaker.enabled, initial.enabled);
  put(json, "consecutive", breaker.consecutive, initial.consecutive);
  put(json, "success_rate", breaker.success_rate, initial.success_rate);
  put(json, "min_requests", breaker.min_requests, initial.min_requests);
  put(json, "backoff_ms", breaker.backoff, initial.backoff);
  put(json, "max_backoff_ms", breaker.max_backoff, initial.max_backoff);
  put(json, "cooldown_ms", breaker.cooldown, initial.cooldown);
  return json;
}

Json sensitivity_json(const config::Sensitivity& sensitivity) {
  Json json;
  if (!sensitivity.detectors.empty()) json["detectors"] = sensitivity.detectors;
  for (const config::SensitivityPattern& pattern : sensitivity.patterns) {
    json["patterns"][pattern.name] = {{"regex", pattern.regex}, {"label", pattern.label}};
  }
  if (!sensitivity.require.empty()) json["require"] = sensitivity.require;
  return json;
}

Json tasks_json(const config::Tasks& tasks) {
  const config::Tasks initial;
  Json json;
  if (!tasks.keywords.empty()) json["keywords"] = tasks.keywords;
  put(json, "structure", tasks.structure, initial.structure);
  put(json, "file", tasks.file, "");
  put(json, "min_confidence", tasks.min_confidence, initial.min_confidence);
  return json;
}

Json decision_log_json(const config::DecisionLog& log) {
  Json json;
  if (log.file.empty()) return json;
  return {{"file", log.file}, {"text", log.text}, {"sample", log.sample}};
}

}  // namespace

std::string effective_config_json(const config::Config& config) {
  Json json;
  json["file"] = config.file;
  json["listen"] = {{"address", address(config.listen.address)}, {"tls", config.listen.tls.has_value()}};
  json["admin"] = {{"address", address(config.admin.address)}};
  json["workers"] = config.workers;
  json["providers"] = Json::object();
  for (const auto& provider : config.providers) json["providers"][provider.name] = provider_json(provider);
  json["targets"] = Json::object();
  for (const auto& target : config.targets) json["targets"][target.name] = target_json(target);
  json["routes"] = Json::array();
  for (const auto& route : config.routes) json["routes"].push_back(route_json(route));
  put_section(json, "breaker", breaker_json(config.breaker));
  put_section(json, "sensitivity", sensitivity_json(config.sensitivity));
  put_section(json, "tasks", tasks_json(config.tasks));
  put_section(json, "decision_log", decision_log_json(config.decision_log));
  if (!config.catalogue_file.empty()) json["catalogue"]["file"] = config.catalogue_file;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fluxgate::app
