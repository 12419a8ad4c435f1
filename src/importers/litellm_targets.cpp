// What an entry of model_list says of the model itself: limits, price, abilities.
#include <algorithm>
#include <array>

#include "importers/litellm_import.hpp"

namespace fluxgate::importers {

void LiteLlmImport::read_limits(const Value& params, const std::string& path, Deployment& deployment,
                                OutTarget& target) {
  const auto limit = [&](std::string_view key, std::string_view ours, double most = 1e9) -> std::optional<double> {
    const Value* value = params.find(key);
    if (value == nullptr) return std::nullopt;
    const auto count = whole(*value, most);
    const std::string at = path + "." + std::string(key);
    if (count) {
      target.fields.emplace_back(ours, number(*count));
      note(Status::kExact, at, value->line, "targets.*." + std::string(ours));
    } else {
      note(Status::kManual, at, value->line, "no number that fits; left out");
    }
    return count;
  };
  deployment.rpm = limit("rpm", "requests_per_minute");
  deployment.tpm = limit("tpm", "tokens_per_minute");
  limit("max_parallel_requests", "max_concurrency", 1e6);
  if (const Value* weight = params.find("weight")) deployment.weight = weight->number();
  if (const Value* order = params.find("order")) {
    deployment.order = order->number().value_or(0);
    note(Status::kExact, path + ".order", order->line, "the lowest are the route's targets, the others its fallback");
  }
  const Value* tags = params.find("tags");
  if (tags == nullptr) return;
  for (const Value& tag : tags->items) {
    if (tag.text.empty() || has_control(tag.text)) continue;
    deployment.tags.push_back(tag.text);
    target.labels.push_back(name_of(tag.text));
  }
  note(Status::kExact, path + ".tags", tags->line, "targets.*.labels");
}

// LiteLLM counts dollars a token, we count dollars a million tokens.
void LiteLlmImport::read_price(const Value& params, const Value* info, const std::string& path, OutTarget& target) {
  const auto find = [&](std::string_view key) -> const Value* {
    const Value* value = params.find(key);
    return value == nullptr && info != nullptr ? info->find(key) : value;
  };
  const auto price = [&](std::string_view key) -> std::optional<double> {
    const Value* value = find(key);
    const auto dollars = value == nullptr ? std::nullopt : value->number();
    return dollars && *dollars >= 0 && *dollars <= 1 ? std::optional(*dollars * 1e6) : std::nullopt;
  };
  const Value* first = find("input_cost_per_token");
  if (first == nullptr) first = find("output_cost_per_token");
  if (first == nullptr) return;
  const auto input = price("input_cost_per_token");
  const auto output = price("output_cost_per_token");
  const std::string at =
      path +
      (params.find("input_cost_per_token") != nullptr || params.find("output_cost_per_token") != nullptr
           ? ".litellm_params"
           : ".model_info") +
      ".input_cost_per_token";
  if (!input || !output) {
    note(Status::kManual, at, first->line, "a price needs both input and output, in dollars a token; left out");
    return;
  }
  std::string text = "{ input: " + number(*input) + ", output: " + number(*output);
  if (const auto cached = price("cache_read_input_token_cost")) text += ", cached_input: " + number(*cached);
  if (const auto written = price("cache_creation_input_token_cost")) text += ", cache_write: " + number(*written);
  target.fields.emplace_back("price", text + " }");
  note(Status::kExact, at, first->line, "targets.*.price, in dollars a million tokens");
}

void LiteLlmImport::read_info(const Value& info, const std::string& path, OutTarget& target) {
  struct Ability {
    std::string_view theirs;
    std::string_view ours;
  };
  constexpr std::array kAbilities{Ability{"supports_vision", "vision"},
                                  Ability{"supports_audio_input", "audio_input"},
                                  Ability{"supports_audio_output", "audio_output"},
                                  Ability{"supports_pdf_input", "files"},
                                  Ability{"supports_function_calling", "tools"},
                                  Ability{"supports_parallel_function_calling", "parallel_tools"},
                                  Ability{"supports_tool_choice", "tool_choice_required"},
                                  Ability{"supports_response_schema", "json_schema"},
                                  Ability{"supports_reasoning", "reasoning"},
                                  Ability{"supports_system_messages", "system_prompt"},
                                  Ability{"supports_assistant_prefill", "prefill"},
                                  Ability{"supports_prompt_caching", "prompt_caching"},
                                  Ability{"supports_native_streaming", "streaming"}};
  std::string abilities;
  for (const Value::Entry& entry : info.map) {
    const std::string& key = entry.first;  // clang 14 lets no lambda capture a structured binding
    const Value& value = entry.second;
    const auto known =
        std::find_if(kAbilities.begin(), kAbilities.end(), [&](const Ability& one) { return one.theirs == key; });
    const std::string at = path + "." + key;
    if (known != kAbilities.end() && (value.is_true() || value.is_false())) {
      abilities +=
          (abilities.empty() ? "{ " : ", ") + std::string(known->ours) + (value.is_true() ? ": true" : ": false");
      note(Status::kExact, at, value.line, "targets.*.abilities");
    } else if (key == "max_input_tokens") {
      if (const auto tokens = whole(value)) {
        target.fields.emplace_back("context_window", number(*tokens));
        note(Status::kApproximate, at, value.line, "targets.*.context_window, which also holds the answer");
      }
    } else if (key == "max_output_tokens" || (key == "max_tokens" && info.find("max_output_tokens") == nullptr)) {
      if (const auto tokens = whole(value)) {
        target.fields.emplace_back("max_output_tokens", number(*tokens));
        note(Status::kExact, at, value.line, "targets.*.max_output_tokens");
      }
    } else if (key == "base_model") {
      const auto slash = value.text.find('/');
      const std::string model = slash == std::string::npos ? value.text : value.text.substr(slash + 1);
      const bool sound = !model.empty() && !has_control(model);
      if (sound) target.fields.emplace_back("catalogue", scalar(model));
      note(sound ? Status::kExact : Status::kManual, at, value.line,
           sound ? "targets.*.catalogue" : "no name of a model; left out");
    } else if (key != "id" && key != "mode" && key != "blocked" && key != "max_tokens" &&
               !key.ends_with("_cost_per_token") && !key.ends_with("_token_cost")) {
      note(Status::kUnsupported, at, value.line, "no counterpart");
    }
  }
  if (!abilities.empty()) target.fields.emplace_back("abilities", abilities + " }");
}

}  // namespace fluxgate::importers
