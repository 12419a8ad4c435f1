// model_list: one provider and one target for each entry.
#include <algorithm>
#include <array>

#include "fluxgate/base/text.hpp"
#include "fluxgate/config/address.hpp"
#include "importers/litellm_import.hpp"

namespace fluxgate::importers {
namespace {

// Keys of litellm_params that are read elsewhere in this file.
constexpr std::array<std::string_view, 26> kRead{"model",
                                                 "custom_llm_provider",
                                                 "api_base",
                                                 "base_url",
                                                 "api_key",
                                                 "api_version",
                                                 "organization",
                                                 "region_name",
                                                 "extra_headers",
                                                 "rpm",
                                                 "tpm",
                                                 "weight",
                                                 "order",
                                                 "max_parallel_requests",
                                                 "tags",
                                                 "timeout",
                                                 "stream_timeout",
                                                 "max_retries",
                                                 "num_retries",
                                                 "silent_model",
                                                 "input_cost_per_token",
                                                 "output_cost_per_token",
                                                 "cache_read_input_token_cost",
                                                 "cache_creation_input_token_cost",
                                                 "litellm_credential_name",
                                                 "mock_response"};

// Of the characters of an HTTP token, those that anybody uses.
bool in_header_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// What a server that wants no key is often given instead of one.
bool no_key(std::string_view text) {
  constexpr std::array<std::string_view, 11> kWords{"",         "none",     "null",       "empty",  "dummy", "fake",
                                                    "fake-key", "fake_key", "not-needed", "no-key", "na"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return iequals(word, text); });
}

std::string upper_name(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool fits = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out.push_back(letter ? static_cast<char>(c - 32) : fits ? c : '_');
  }
  return out;
}

}  // namespace

void LiteLlmImport::read_models() {
  const Value* list = root_.find("model_list");
  if (list == nullptr || !list->is_list()) {
    note(Status::kManual, "model_list", list == nullptr ? 1 : list->line,
         "there is none: add providers, targets and routes");
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    read_model(list->items[i], "model_list[" + std::to_string(i) + "]");
  }
}

void LiteLlmImport::read_model(const Value& entry, const std::string& path) {
  const std::string name = text_of(entry.find("model_name"));
  const Value* written = entry.find("litellm_params");
  if (name.empty() || written == nullptr || !written->is_map() || text_of(written->find("model")).empty()) {
    note(Status::kManual, path, entry.line, "needs model_name and litellm_params.model; left out");
    return;
  }
  if (has_control(name) || has_control(text_of(written->find("model")))) {
    note(Status::kManual, path, entry.line, "a name with line breaks or control characters; left out");
    return;
  }
  if (name == "default") {
    note(Status::kManual, path + ".model_name", entry.line,
         "\"default\" takes what no route takes here; left out: give the model another name");
    return;
  }
  const Value* info = entry.find("model_info");
  if (info != nullptr && info->find("blocked") != nullptr && info->find("blocked")->is_true()) {
    note(Status::kExact, path + ".model_info.blocked", entry.line, "blocked, so left out");
    return;
  }
  const Value params = with_credential(*written, path + ".litellm_params");
  Group& group = group_of(name, entry.line);
  const Value* organization = params.find("organization");
  if (organization != nullptr && organization->is_list()) {
    note(Status::kExact, path + ".litellm_params.organization", organization->line, "one target for each");
    for (const Value& one : organization->items) read_deployment(entry, params, path, group, one.text);
  } else {
    read_deployment(entry, params, path, group, text_of(organization));
  }
  read_group_keys(params, path + ".litellm_params", group);
  report_rest(*written, path + ".litellm_params");
}

void LiteLlmImport::read_deployment(const Value& entry, const Value& params, const std::string& path, Group& group,
                                    const std::string& organization) {
  const Value& written = *params.find("model");
  std::string model = written.text;
  std::string prefix = text_of(params.find("custom_llm_provider"));
  const auto slash = model.find('/');
  if (prefix.empty() && slash != std::string::npos && find_provider(model.substr(0, slash)) != nullptr) {
    prefix = model.substr(0, slash);
    model.erase(0, slash + 1);
  } else if (prefix.empty()) {
    prefix = provider_of_model(model);
  } else if (model.starts_with(prefix + "/")) {
    model.erase(0, prefix.size() + 1);
  }
  const bool has_base = params.find("api_base") != nullptr || params.find("base_url") != nullptr;
  if (prefix.empty() && has_base) prefix = "custom_openai";
  const LiteLlmProvider* known = find_provider(prefix);
  const std::string where = path + ".litellm_params.model";
  if (known == nullptr || known->speaks == Speaks::kOther || params.find("mock_response") != nullptr) {
    std::string why = known == nullptr ? "no provider that is known here" : "not spoken yet by this version: " + prefix;
    if (params.find("mock_response") != nullptr) why = "a mocked answer; see kind: sim";
    note(Status::kManual, where, written.line, why + "; left out");
    return;
  }
  if (prefix == "fireworks_ai" && model.find('/') == std::string::npos && model.find('*') == std::string::npos) {
    model = "accounts/fireworks/models/" + model;  // as LiteLLM does
  }

  OutProvider provider;
  const bool copied = !environment_name(organization) && !has_control(organization);
  if (copied) provider.organization = organization;
  if (!copied) {
    note(Status::kManual, path + ".litellm_params.organization", written.line,
         "write its value into providers.*.organization");
  }
  if (!place(*known, params, path + ".litellm_params", provider)) return;
  OutTarget target;
  target.model = model;
  const std::string pattern = model;
  if (!wildcard(group.name, model, where, written.line, target)) return;
  target.provider = provider_name(std::move(provider), prefix);

  Deployment deployment;
  read_limits(params, path + ".litellm_params", deployment, target);
  const Value* info = entry.find("model_info");
  read_price(params, info, path, target);
  if (info != nullptr && info->is_map()) read_info(*info, path + ".model_info", target);
  const std::string id = info != nullptr ? text_of(info->find("id")) : std::string();
  const std::string base = id.empty() ? prefix + "-" + (target.model == "*" ? "any" : target.model) : id;
  target.name = unique(target_names_, name_of(base));
  note(Status::kExact, where, written.line, "target " + target.name + " at provider " + target.provider);
  if (group.name.find('*') != std::string::npos) deployment.wildcard = pattern;
  deployment.target = document_.targets.size();
  document_.targets.push_back(std::move(target));
  group.deployments.push_back(std::move(deployment));
}

// Where the provider is and how it is told who asks. False: cannot be said, and a finding says why.
bool LiteLlmImport::place(const LiteLlmProvider& known, const Value& params, const std::string& path,
                          OutProvider& provider) {
  const Value* written = params.find("api_base");
  if (written == nullptr) written = params.find("base_url");
  std::string base = written == nullptr ? std::string(known.base_url) : written->text;
  const int line = written == nullptr ? params.line : written->line;
  const bool unknown = base.empty() || environment_name(base).has_value();
  if (known.speaks == Speaks::kOpenAi && base.empty()) provider.kind = "openai";
  if (unknown && provider.kind != "openai") {
    const auto variable = environment_name(base);
    const std::string was =
        variable ? "the address stands in the variable " + *variable : "LiteLLM takes the address from its environment";
    note(Status::kManual, path + ".api_base", line, was + ": write it into base_url");
    provider.comment = "put its address here";
    base = "https://set-me.invalid/v1";
  } else if (unknown) {
    base.clear();
  } else {
    while (base.ends_with('/')) base.pop_back();
    if (base.ends_with("/chat/completions")) base.erase(base.size() - std::string_view("/chat/completions").size());
    if (known.speaks == Speaks::kOllama && !base.ends_with("/v1")) base += "/v1";
    if (known.speaks == Speaks::kAzure && base.find("/openai/") == std::string::npos) base += "/openai/v1";
  }
  if (!base.empty()) {
    const auto url = config::parse_base_url(base);
    if (!url) {
      note(Status::kManual, path + ".api_base", line, "no address of the form http(s)://host/path; left out");
      return false;
    }
    provider.allow_private = config::is_private_host(url->host);
    if (provider.allow_private && written != nullptr) {
      note(Status::kExact, path + ".api_base", line, "a private address, so allow_private: true");
    }
    if (base == "https://api.openai.com/v1") {
      provider.kind = "openai";
      base.clear();
    }
  }
  provider.base_url = base;
  if (known.speaks == Speaks::kOllama) {
    note(Status::kApproximate, path + ".model", params.line, "asked by its OpenAI-compatible API instead of its own");
  }
  const std::string key = key_variable(known, params, path);
  if (known.speaks == Speaks::kAzure) {
    note(Status::kApproximate, path + ".api_version", params.line,
         "asked by the v1 API, which has no versions; the model is the deployment's name");
    if (!key.empty()) provider.headers.emplace("api-key", key);
  } else {
    provider.key_variable = key;
  }
  if (const Value* region = params.find("region_name")) {
    provider.region = name_of(region->text);
    note(Status::kApproximate, path + ".region_name", region->line,
         "providers.*.region; routes choose by require.regions");
  }
  read_headers(params, path, provider);
  return true;
}

std::string LiteLlmImport::key_variable(const LiteLlmProvider& known, const Value& params, const std::string& path) {
  const Value* key = params.find("api_key");
  if (key == nullptr || key->kind == Value::Kind::kNull) {
    if (!known.key_variable.empty() && (params.find("api_base") != nullptr || params.find("base_url") != nullptr)) {
      note(Status::kApproximate, path + ".api_key", params.line,
           "none here, so ${" + std::string(known.key_variable) +
               "} is sent there, as LiteLLM does; see api_key if that is not meant");
    }
    return std::string(known.key_variable);
  }
  if (auto variable = environment_name(key->text)) return *variable;
  if (no_key(key->text)) return {};
  const std::string base =
      known.key_variable.empty() ? upper_name(known.prefix) + "_API_KEY" : std::string(known.key_variable);
  std::string variable = base;
  for (int i = 2; variables_.contains(variable); ++i) variable = base + "_" + std::to_string(i);
  variables_.insert(variable);
  note(Status::kManual, path + ".api_key", key->line,
       "the key stands in the file and is not copied: put it into ${" + variable + "}");
  return variable;
}

void LiteLlmImport::read_headers(const Value& params, const std::string& path, OutProvider& provider) {
  const Value* headers = params.find("extra_headers");
  if (headers == nullptr) return;
  for (const auto& [name, value] : headers->map) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), in_header_name)) {
      note(Status::kManual, path + ".extra_headers." + name, value.line, "no name of a header; left out");
      continue;
    }
    const auto variable = environment_name(value.text);
    const std::string used = variable ? *variable : upper_name(name);
    provider.headers.emplace(name, used);
    if (variable) {
      note(Status::kExact, path + ".extra_headers." + name, value.line, "providers.*.headers");
    } else {
      note(Status::kManual, path + ".extra_headers." + name, value.line,
           "the value may be a secret and is not copied: put it into ${" + used + "}");
    }
  }
}

std::string LiteLlmImport::provider_name(OutProvider provider, std::string_view prefix) {
  for (const OutProvider& one : document_.providers) {
    if (one.same_place(provider) && one.name.starts_with(name_of(prefix))) return one.name;
  }
  provider.name = unique(provider_names_, name_of(prefix));
  document_.providers.push_back(provider);
  return provider.name;
}

// A '*' in the group's name stands for the same text in the upstream's name. We send the client's name, less a prefix.
bool LiteLlmImport::wildcard(const std::string& name, const std::string& model, const std::string& path, int line,
                             OutTarget& target) {
  const auto stars = [](const std::string& text) { return std::count(text.begin(), text.end(), '*'); };
  if (stars(name) > 1 || stars(model) > 1 || (stars(name) == 0 && stars(model) == 1)) {
    note(Status::kManual, path, line, "only one '*', in both names, can be taken over; left out");
    return false;
  }
  if (stars(model) == 0) return true;
  const std::string front = name.substr(0, name.find('*'));
  const std::string sent_front = model.substr(0, model.find('*'));
  const bool same_end = name.substr(front.size()) == model.substr(sent_front.size());
  if (!same_end || !front.ends_with(sent_front)) {
    note(Status::kManual, path, line, "the provider's name is not the client's less a prefix; left out");
    return false;
  }
  target.model = "*";
  const std::string strip = front.substr(0, front.size() - sent_front.size());
  if (!strip.empty()) target.fields.emplace_back("strip_prefix", scalar(strip));
  return true;
}

// What LiteLLM says of a deployment and we say of a route.
void LiteLlmImport::read_group_keys(const Value& params, const std::string& path, Group& group) {
  const auto longest = [&](std::string_view key, std::optional<double>& into, std::string_view ours) {
    const Value* value = params.find(key);
    if (value == nullptr) return;
    const auto number = value->number();
    if (number && *number >= 0) {
      into = std::max(into.value_or(0), *number);
      note(Status::kApproximate, path + "." + std::string(key), value->line,
           std::string(ours) + ", for the whole route");
    } else {
      note(Status::kManual, path + "." + std::string(key), value->line,
           "no number; left out: see " + std::string(ours));
    }
  };
  longest("timeout", group.timeout, "attempts.deadline");
  longest("stream_timeout", group.stream_timeout, "attempts.first_token_timeout");
  longest("max_retries", group.retries, "attempts.max");
  longest("num_retries", group.retries, "attempts.max");
  if (const Value* silent = params.find("silent_model")) {
    group.silent_model = silent->text;
    note(Status::kApproximate, path + ".silent_model", silent->line, "shadow, with a share of 1");
  }
}

void LiteLlmImport::report_rest(const Value& params, const std::string& path) {
  for (const auto& [key, value] : params.map) {
    if (std::find(kRead.begin(), kRead.end(), key) != kRead.end()) continue;
    if (key.starts_with("aws_") || key.starts_with("vertex_") || key == "drop_params" ||
        key == "additional_drop_params") {
      note(Status::kUnsupported, path + "." + key, value.line, "no counterpart");
    } else if (key == "tag_regex") {
      note(Status::kManual, path + "." + key, value.line, "see routes[].match.headers, which takes wildcards");
    } else {
      note(Status::kUnsupported, path + "." + key, value.line,
           "no counterpart; requests are sent as clients write them");
    }
  }
}

Group& LiteLlmImport::group_of(const std::string& name, int line) {
  if (Group* group = find_group(name)) return *group;
  Group group;
  group.name = name;
  group.line = line;
  groups_.push_back(std::move(group));
  return groups_.back();
}

// litellm_credential_name: values of credential_list stand in for keys that the entry does not have itself.
Value LiteLlmImport::with_credential(const Value& params, const std::string& path) {
  const Value* wanted = params.find("litellm_credential_name");
  if (wanted == nullptr) return params;
  const Value* list = root_.find("credential_list");
  for (const Value& one : list != nullptr ? list->items : std::vector<Value>()) {
    const Value* values = one.find("credential_values");
    if (text_of(one.find("credential_name")) != wanted->text || values == nullptr) continue;
    Value merged = params;
    for (const auto& [key, value] : values->map) {
      if (merged.find(key) == nullptr) merged.map.push_back({key, value});
    }
    note(Status::kExact, path + ".litellm_credential_name", wanted->line, "its values stand at the provider");
    return merged;
  }
  note(Status::kManual, path + ".litellm_credential_name", wanted->line, "credential_list has no such entry");
  return params;
}

}  // namespace fluxgate::importers
