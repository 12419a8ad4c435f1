#include "effective_config.hpp"

#include <nlohmann/json.hpp>

namespace fluxgate::app {
namespace {

using Json = nlohmann::ordered_json;

std::string address(const config::Address& value) { return value.host + ":" + std::to_string(value.port); }

Json provider_json(const config::Provider& provider) {
  static constexpr const char* kKinds[] = {"openai", "openai_compatible", "sim"};
  Json json;
  json["kind"] = kKinds[static_cast<int>(provider.kind)];
  if (!provider.base_url.empty()) json["base_url"] = provider.base_url;
  json["api_key"] = provider.api_key.empty() ? "none" : "***";
  for (const auto& [name, value] : provider.headers) json["headers"][name] = "***";
  json["allow_private"] = provider.allow_private;
  json["stream_usage"] = provider.stream_usage;
  if (!provider.labels.empty()) json["labels"] = provider.labels;
  return json;
}

Json target_json(const config::Target& target) {
  Json json;
  json["provider"] = target.provider;
  json["model"] = target.model;
  json["weight"] = target.weight;
  if (target.price) json["price"] = {{"input", target.price->input}, {"output", target.price->output}};
  if (target.context_window) json["context_window"] = *target.context_window;
  return json;
}

Json route_json(const config::Route& route) {
  Json json;
  json["name"] = route.name;
  if (route.match.is_default) {
    json["match"]["model"] = "default";
  } else {
    json["match"]["model"] = route.match.models;
  }
  json["balance"] = route.balance == config::Balance::kOrdered ? "ordered" : "weighted";
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
  if (!route.require_labels.empty()) json["require"]["labels"] = route.require_labels;
  return json;
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
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fluxgate::app
