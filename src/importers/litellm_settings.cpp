// router_settings, litellm_settings, general_settings and the other top-level keys.
#include <algorithm>
#include <array>

#include "importers/litellm_import.hpp"

namespace fluxgate::importers {

void LiteLlmImport::read_settings() {
  // router_settings win over litellm_settings, so they are read later.
  for (const auto& [key, value] : root_.map) {
    if (key == "litellm_settings") read_litellm(value);
    if (key == "general_settings") read_general(value);
    if (key == "router_settings" || key == "model_list" || key == "credential_list") continue;
    if (key == "environment_variables") {
      for (const auto& [name, one] : value.map) {
        note(Status::kManual, key + "." + name, one.line, "not copied: set it in fluxgate's environment");
      }
    } else if (key == "include") {
      note(Status::kManual, key, value.line, "put the files together first, then import the result");
    } else if (key == "guardrails") {
      note(Status::kUnsupported, key, value.line,
           "no counterpart; see sensitivity for detectors that bind where a request may go");
    } else if (key != "litellm_settings" && key != "general_settings") {
      note(Status::kUnsupported, key, value.line, "no counterpart");
    }
  }
  if (const Value* router = root_.find("router_settings")) read_router(*router);
}

void LiteLlmImport::read_router(const Value& router) {
  for (const auto& [key, value] : router.map) {
    const std::string path = "router_settings." + key;
    if (read_shared(key, value, path)) continue;
    if (key == "routing_strategy") {
      read_strategy(value, path);
    } else if (key == "routing_strategy_args") {
      if (const Value* buffer = value.find("lowest_latency_buffer")) settings_.latency_buffer = buffer->number();
      note(Status::kApproximate, path, value.line,
           "lowest_latency_buffer is policy.near; latencies decay by themselves");
    } else if (key == "model_group_alias") {
      read_aliases(value, path);
    } else if (key == "routing_groups") {
      read_routing_groups(value, path);
    } else if (key == "enable_tag_filtering") {
      settings_.tag_filtering = value.is_true();
      note(Status::kApproximate, path, value.line,
           "routes on the header x-litellm-tags with exactly one tag; tags in the body are not read");
    } else if (key == "optional_pre_call_checks") {
      for (const Value& check : value.items) {
        if (check.text == "session_affinity" || check.text == "deployment_affinity") settings_.affinity = "session";
        if (check.text == "prompt_caching") settings_.affinity = "prefix";
      }
      note(Status::kApproximate, path, value.line,
           "affinity is balance: session or prefix; limits are always looked at; the rest has no counterpart");
    } else {
      note(Status::kUnsupported, path, value.line, "no counterpart");
    }
  }
}

// Keys that may stand in router_settings as well as in litellm_settings.
bool LiteLlmImport::read_shared(const std::string& key, const Value& value, const std::string& path) {
  const auto seconds = [&](std::optional<double>& into, std::string_view ours) {
    const auto number = value.number();
    if (number && *number >= 0) into = number;
    note(number ? Status::kApproximate : Status::kManual, path, value.line, std::string(ours));
    return true;
  };
  if (key == "num_retries")
    return seconds(settings_.retries, "attempts.max, one budget for retries and fallbacks together");
  if (key == "retry_after") return seconds(settings_.retry_after, "attempts.backoff, which doubles");
  if (key == "timeout" || key == "request_timeout") {
    return seconds(settings_.timeout, "attempts.deadline, for the whole request with its retries");
  }
  if (key == "stream_timeout") {
    return seconds(settings_.stream_timeout, "attempts.first_token_timeout; attempts.idle_timeout binds from there on");
  }
  if (key == "max_fallbacks") return seconds(settings_.max_fallbacks, "so many groups at most in each fallback list");
  if (key == "fallbacks") return read_fallbacks(value, path, settings_.fallbacks, true), true;
  if (key == "context_window_fallbacks") return read_fallbacks(value, path, settings_.context_window, false), true;
  if (key == "content_policy_fallbacks") return read_fallbacks(value, path, settings_.content_policy, false), true;
  if (key == "default_fallbacks") {
    settings_.default_fallbacks.clear();
    for (const Value& one : value.items) settings_.default_fallbacks.push_back(one.text);
    note(Status::kExact, path, value.line, "at the end of each route's fallback");
    return true;
  }
  if (key == "allowed_fails" || key == "cooldown_time" || key == "disable_cooldowns")
    return read_breaker(key, value, path), true;
  if (key == "enable_pre_call_checks" || key == "enable_pre_call_check") {
    const std::string message = "targets whose window is too small are always passed over";
    note(value.is_true() ? Status::kExact : Status::kApproximate, path, value.line, message);
    return true;
  }
  if (key.ends_with("retry_policy") || key == "allowed_fails_policy") {
    note(Status::kApproximate, path, value.line,
         "not taken over: which errors are tried again is decided by their class");
    return true;
  }
  return false;
}

void LiteLlmImport::read_litellm(const Value& settings) {
  for (const auto& [key, value] : settings.map) {
    const std::string path = "litellm_settings." + key;
    if (read_shared(key, value, path)) continue;
    if (key == "callbacks" || key == "success_callback" || key == "failure_callback") {
      read_callbacks(value, path);
    } else if (key == "json_logs") {
      document_.json_log = value.is_true();
      note(Status::kExact, path, value.line, "log.format");
    } else if (key == "drop_params" || key == "modify_params") {
      note(Status::kUnsupported, path, value.line, "requests are sent as clients write them");
    } else if (key == "set_verbose") {
      note(Status::kApproximate, path, value.line, "see log.level");
    } else {
      note(Status::kUnsupported, path, value.line, "no counterpart");
    }
  }
}

void LiteLlmImport::read_callbacks(const Value& value, const std::string& path) {
  std::vector<std::string> names;
  if (value.kind == Value::Kind::kScalar) names.push_back(value.text);
  for (const Value& one : value.items) names.push_back(one.text);
  for (const auto& name : names) {
    if (name == "prometheus") {
      note(Status::kApproximate, path, value.line,
           "prometheus: always at /metrics of the admin listener, under other names");
    } else {
      note(Status::kUnsupported, path, value.line, name_of(name) + ": no counterpart");
    }
  }
}

void LiteLlmImport::read_general(const Value& settings) {
  for (const auto& [key, value] : settings.map) {
    const std::string path = "general_settings." + key;
    if (key == "master_key") {
      note(Status::kManual, path, value.line,
           "this version asks clients for no key: keep it behind something that does");
    } else {
      note(Status::kUnsupported, path, value.line, "no counterpart");
    }
  }
}

void LiteLlmImport::read_fallbacks(const Value& value, const std::string& path, Fallbacks& into, bool defaults) {
  into.clear();
  if (defaults && !value.is_list()) {
    note(Status::kManual, path, value.line, "not a list of {model: [models]}");
    return;
  }
  for (const Value& entry : value.items) {
    for (const auto& [model, names] : entry.map) {
      std::vector<std::string> list;
      for (const Value& name : names.items) {
        if (name.kind == Value::Kind::kScalar)
          list.push_back(name.text);
        else
          note(Status::kManual, path, name.line, "a fallback with a request of its own has no counterpart");
      }
      if (model == "*") {
        settings_.default_fallbacks = list;
      } else {
        into[model] = std::move(list);
      }
    }
  }
  if (&into == &settings_.fallbacks) {
    note(Status::kExact, path, value.line, "routes[].fallback");
  } else if (&into == &settings_.context_window) {
    note(Status::kApproximate, path, value.line,
         "in routes[].fallback, so also tried after other failures; windows are looked at before anything is sent");
  } else {
    note(Status::kApproximate, path, value.line,
         "content_filter_fallback, and in routes[].fallback, so also tried after other failures");
  }
}

void LiteLlmImport::read_strategy(const Value& value, const std::string& path) {
  struct Row {
    std::string_view theirs;
    Status status;
    std::string_view message;
  };
  static constexpr std::array kRows{
      Row{"simple-shuffle", Status::kExact, "balance: weighted, by weight, else rpm, else tpm"},
      Row{"least-busy", Status::kApproximate,
          "balance: least_outstanding, which counts tokens in flight rather than requests"},
      Row{"latency-based-routing", Status::kApproximate,
          "policy.order_by: latency: time to first token and per token, decayed, with the request's size"},
      Row{"cost-based-routing", Status::kApproximate,
          "policy.order_by: cost: of the request's own mix of tokens; targets without a price come last"},
      Row{"usage-based-routing", Status::kApproximate,
          "balance: least_outstanding; targets without room in their rpm and tpm are passed over"},
      Row{"usage-based-routing-v2", Status::kApproximate,
          "balance: least_outstanding; targets without room in their rpm and tpm are passed over"},
  };
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& one) { return one.theirs == value.text; });
  if (row == kRows.end()) {
    note(Status::kUnsupported, path, value.line, "no such strategy here; balance: weighted instead");
    return;
  }
  settings_.strategy = row->theirs;
  note(row->status, path, value.line, std::string(row->message));
}

void LiteLlmImport::read_aliases(const Value& value, const std::string& path) {
  for (const auto& [alias, target] : value.map) {
    const Value* model = target.is_map() ? target.find("model") : &target;
    Group* group = model == nullptr ? nullptr : find_group(model->text);
    const std::string at = path + "." + alias;
    if (group == nullptr || group->deployments.empty() || alias == "default" || find_group(alias) != nullptr) {
      note(Status::kManual, at, target.line, "stands for no model that is taken over, or is one itself; left out");
      continue;
    }
    group->aliases.push_back(alias);
    const Value* hidden = target.find("hidden");
    const bool shown = hidden != nullptr && hidden->is_true();
    note(shown ? Status::kApproximate : Status::kExact, at, target.line,
         shown ? "routes[].match.model; /v1/models lists it" : "routes[].match.model");
  }
}

void LiteLlmImport::read_routing_groups(const Value& value, const std::string& path) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value& one = value.items[i];
    const std::string at = path + "[" + std::to_string(i) + "]";
    const Value* models = one.find("models");
    const Value* strategy = one.find("routing_strategy");
    if (models == nullptr || strategy == nullptr) continue;
    const std::string before = settings_.strategy;
    read_strategy(*strategy, at + ".routing_strategy");
    for (const Value& model : models->items) {
      if (Group* group = find_group(model.text)) group->strategy = settings_.strategy;
    }
    settings_.strategy = before;
    for (const std::string_view key : {"routing_strategy_args", "model_priorities"}) {
      if (const Value* rest = one.find(key))
        note(Status::kManual, at + "." + std::string(key), rest->line, "see routes[].policy and routes[].fallback");
    }
  }
}

void LiteLlmImport::read_breaker(const std::string& key, const Value& value, const std::string& path) {
  const auto set = [&](std::string_view ours, std::string text) {
    auto& fields = document_.breaker;
    fields.erase(std::remove_if(fields.begin(), fields.end(), [&](const auto& one) { return one.first == ours; }),
                 fields.end());
    fields.emplace_back(ours, std::move(text));
  };
  const auto number_of = value.number();
  if (key == "disable_cooldowns") {
    if (value.is_true()) set("enabled", "false");
    note(Status::kExact, path, value.line, "breaker.enabled");
  } else if (!number_of || *number_of < 0 || *number_of > 3600) {
    note(Status::kManual, path, value.line, "not a number that fits; see breaker");
  } else if (key == "allowed_fails") {
    set("consecutive", number(std::min(1000.0, static_cast<double>(static_cast<int>(*number_of)) + 1)));
    note(Status::kApproximate, path, value.line,
         "breaker.consecutive, which counts failures in a row rather than in a minute");
  } else {
    set("backoff", duration(*number_of, 3600));
    set("cooldown", duration(*number_of, 3600));
    note(Status::kApproximate, path, value.line, "breaker.backoff, which doubles, and breaker.cooldown");
  }
}

}  // namespace fluxgate::importers
