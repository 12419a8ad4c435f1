#include "row.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "fluxgate/catalogue/litellm.hpp"

namespace fluxgate::catalogue {
namespace {

using nlohmann::json;

// The dearest models cost a few hundred dollars per million tokens; more is a mistaken unit.
constexpr double kMaxPrice = 5000;
constexpr std::uint64_t kMaxTokens = 100'000'000;
constexpr std::string_view kModes[] = {"chat",   "responses",  "completion", "embedding",
                                       "rerank", "moderation", "image",      "audio"};

// Collects the members of one object, remembering the first fault; every member must be asked for.
class Members {
 public:
  Members(const json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

  const json* take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) return nullptr;
    ++taken_;
    known_.push_back(key);
    return &*found;
  }

  std::string text(const char* key) {
    const json* value = take(key);
    if (value == nullptr) return {};
    if (value->is_string() && !value->get_ref<const std::string&>().empty()) return value->get<std::string>();
    fail(key, "must be a text that is not empty");
    return {};
  }

  std::optional<double> price(const char* key) {
    const json* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_number()) return value->get<double>();
    fail(key, "must be a number of dollars per million tokens");
    return std::nullopt;
  }

  std::optional<std::uint64_t> tokens(const char* key) {
    const json* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_unsigned()) return value->get<std::uint64_t>();
    fail(key, "must be a whole number of tokens");
    return std::nullopt;
  }

  void fail(std::string_view key, std::string message) {
    if (!fault_) fault_ = RowFault{prefix_ + std::string(key), std::move(message)};
  }

  // The first fault, or an unknown key if there is one.
  std::optional<RowFault> fault() {
    if (fault_ || taken_ == object_.size()) return fault_;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) return RowFault{prefix_ + key, "unknown key"};
    }
    return fault_;
  }

 private:
  const json& object_;
  std::string prefix_;
  std::size_t taken_ = 0;
  std::vector<std::string> known_;
  std::optional<RowFault> fault_;
};

std::optional<config::Price> read_price(Members& members) {
  const auto input = members.price("input");
  const auto output = members.price("output");
  config::Price price;
  price.cached_input = members.price("cached_input");
  price.cache_write = members.price("cache_write");
  if (input.has_value() != output.has_value()) {
    members.fail(input ? "output" : "input", "a price needs both input and output");
  }
  const bool cache = price.cached_input || price.cache_write;
  if (!input && cache) members.fail("input", "missing beside a price of cached input");
  if (!input || !output) return std::nullopt;
  price.input = *input;
  price.output = *output;
  return price;
}

void read_abilities(Members& members, const char* key, bool can, api::Abilities& abilities) {
  const json* list = members.take(key);
  if (list == nullptr) return;
  if (!list->is_array()) return members.fail(key, "must be a list of abilities");
  for (const json& item : *list) {
    const auto ability = item.is_string() ? api::parse_ability(item.get_ref<const std::string&>()) : std::nullopt;
    if (!ability) return members.fail(key, "not an ability: " + item.dump());
    if (abilities.yes.has(*ability) || abilities.no.has(*ability)) {
      return members.fail(key, "said twice: " + std::string(api::to_string(*ability)));
    }
    abilities.set(*ability, can);
  }
}

std::optional<RowFault> read_tiers(Members& members, std::vector<Tier>& tiers) {
  const json* list = members.take("tiers");
  if (list == nullptr) return std::nullopt;
  if (!list->is_array()) return RowFault{"tiers", "must be a list"};
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string prefix = "tiers[" + std::to_string(i) + "].";
    if (!(*list)[i].is_object()) return RowFault{prefix, "must be an object"};
    Members tier((*list)[i], prefix);
    const auto above = tier.tokens("above");
    const auto price = read_price(tier);
    if (!above) tier.fail("above", "missing");
    if (!price) tier.fail("input", "missing");
    if (auto fault = tier.fault()) return fault;
    tiers.push_back({*above, *price});
  }
  return std::nullopt;
}

std::optional<RowFault> check_price(const config::Price& price, const std::string& prefix) {
  const auto bad = [](double value) { return !std::isfinite(value) || value < 0 || value > kMaxPrice; };
  const std::string most = std::to_string(static_cast<int>(kMaxPrice));
  const std::string message = "must be 0 to " + most + " dollars per million tokens";
  if (bad(price.input)) return RowFault{prefix + "input", message};
  if (bad(price.output)) return RowFault{prefix + "output", message};
  if (price.cached_input && bad(*price.cached_input)) return RowFault{prefix + "cached_input", message};
  if (price.cache_write && bad(*price.cache_write)) return RowFault{prefix + "cache_write", message};
  return std::nullopt;
}

std::optional<RowFault> check_tokens(const std::optional<std::uint64_t>& value, const char* key) {
  if (!value || (*value > 0 && *value <= kMaxTokens)) return std::nullopt;
  return RowFault{key, "must be 1 to " + std::to_string(kMaxTokens) + " tokens"};
}

void append_number(std::string& out, const char* key, double value) {
  // Ten digits: what multiplying a price per token by a million adds behind them is noise.
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "\"%s\":%.10g", key, value);
  out += buffer;
}

void append_price(std::string& out, const config::Price& price) {
  append_number(out, "input", price.input);
  append_number(out += ',', "output", price.output);
  if (price.cached_input) append_number(out += ',', "cached_input", *price.cached_input);
  if (price.cache_write) append_number(out += ',', "cache_write", *price.cache_write);
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out += '"';
  out += key;
  out += "\":\"";
  out += value;
  out += '"';
}

void append_tokens(std::string& out, std::string_view key, const std::optional<std::uint64_t>& value) {
  if (value) out += ",\"" + std::string(key) + "\":" + std::to_string(*value);
}

void append_abilities(std::string& out, std::string_view key, api::AbilitySet set) {
  if (set.empty()) return;
  out += ",\"" + std::string(key) + "\":[";
  for (; !set.empty(); set.remove(set.first())) out += "\"" + std::string(api::to_string(set.first())) + "\",";
  out.back() = ']';
}

}  // namespace

std::string_view to_string(Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }

std::optional<Mode> parse_mode(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kModes); ++i) {
    if (kModes[i] == text) return static_cast<Mode>(i);
  }
  return std::nullopt;
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\';
  });
}

bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  const int month = (text[5] - '0') * 10 + text[6] - '0';
  const int day = (text[8] - '0') * 10 + text[9] - '0';
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

std::optional<RowFault> check_row(const ModelInfo& info) {
  if (!info.provider.empty() && !is_plain_name(info.provider)) {
    return RowFault{"provider", "must be a name without blanks, quotes and backslashes"};
  }
  if (!is_plain_name(info.model)) return RowFault{"model", "must be a name without blanks, quotes and backslashes"};
  if (info.price) {
    if (auto fault = check_price(*info.price, {})) return fault;
  } else if (!info.tiers.empty()) {
    return RowFault{"tiers", "without a price"};
  }
  for (std::size_t i = 0; i < info.tiers.size(); ++i) {
    const std::string prefix = "tiers[" + std::to_string(i) + "].";
    if (auto fault = check_price(info.tiers[i].price, prefix)) return fault;
    if (info.tiers[i].above == 0 || (i > 0 && info.tiers[i].above <= info.tiers[i - 1].above)) {
      return RowFault{prefix + "above", "must rise from tier to tier"};
    }
  }
  if (auto fault = check_tokens(info.context_window, "context_window")) return fault;
  if (auto fault = check_tokens(info.max_output_tokens, "max_output_tokens")) return fault;
  if (info.context_window && info.max_output_tokens && *info.max_output_tokens > *info.context_window) {
    return RowFault{"max_output_tokens", "more than context_window"};
  }
  if (!info.tokenizer.empty() && info.tokenizer != "o200k_base" && info.tokenizer != "cl100k_base") {
    return RowFault{"tokenizer", "must be o200k_base or cl100k_base"};
  }
  if (!info.deprecation.empty() && !is_date(info.deprecation)) {
    return RowFault{"deprecation", "must be a date, YYYY-MM-DD"};
  }
  return std::nullopt;
}

std::variant<ModelInfo, RowFault> parse_row(std::string_view line) {
  const json row = json::parse(line, nullptr, false);
  if (row.is_discarded()) return RowFault{{}, "not JSON"};
  if (!row.is_object()) return RowFault{{}, "not a JSON object"};
  Members members(row, {});
  ModelInfo info;
  if (const json* provider = members.take("provider")) {
    if (provider->is_string()) {
      info.provider = provider->get<std::string>();  // empty: for any provider
    } else {
      members.fail("provider", "must be a text");
    }
  }
  info.model = members.text("model");
  if (info.model.empty()) members.fail("model", "missing");
  const std::string mode = members.text("mode");
  const auto known_mode = parse_mode(mode);
  if (!known_mode) members.fail("mode", mode.empty() ? "missing" : "unknown mode " + mode);
  info.mode = known_mode.value_or(Mode::kChat);
  info.price = read_price(members);
  if (auto fault = read_tiers(members, info.tiers)) return *fault;
  info.context_window = members.tokens("context_window");
  info.max_output_tokens = members.tokens("max_output_tokens");
  read_abilities(members, "can", true, info.abilities);
  read_abilities(members, "cannot", false, info.abilities);
  info.tokenizer = members.text("tokenizer");
  info.deprecation = members.text("deprecation");
  if (auto fault = members.fault()) return *fault;
  if (auto fault = check_row(info)) return *fault;
  return info;
}

std::string to_line(const ModelInfo& info) {
  std::string out = "{";
  append_text(out, "provider", info.provider);
  append_text(out += ',', "model", info.model);
  append_text(out += ',', "mode", to_string(info.mode));
  if (info.price) append_price(out += ',', *info.price);
  if (!info.tiers.empty()) {
    out += ",\"tiers\":[";
    for (const Tier& tier : info.tiers) {
      out += "{\"above\":" + std::to_string(tier.above) + ",";
      append_price(out, tier.price);
      out += "},";
    }
    out.back() = ']';
  }
  append_tokens(out, "context_window", info.context_window);
  append_tokens(out, "max_output_tokens", info.max_output_tokens);
  append_abilities(out, "can", info.abilities.yes);
  append_abilities(out, "cannot", info.abilities.no);
  if (!info.tokenizer.empty()) append_text(out += ',', "tokenizer", info.tokenizer);
  if (!info.deprecation.empty()) append_text(out += ',', "deprecation", info.deprecation);
  return out + "}";
}

std::pair<std::string_view, std::string_view> names_of(std::string_view line) {
  constexpr std::string_view kOpen = R"({"provider":")";
  constexpr std::string_view kBetween = R"(","model":")";
  line.remove_prefix(kOpen.size());
  const std::size_t provider = line.find('"');
  const std::string_view rest = line.substr(provider + kBetween.size());
  return {line.substr(0, provider), rest.substr(0, rest.find('"'))};
}

}  // namespace fluxgate::catalogue
