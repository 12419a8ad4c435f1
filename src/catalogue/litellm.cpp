#include "fluxgate/catalogue/litellm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "fluxgate/base/text.hpp"
#include "fluxgate/catalogue/providers.hpp"
#include "row.hpp"

namespace fluxgate::catalogue {
namespace {

using api::Ability;
using nlohmann::json;

struct ModeName {
  std::string_view theirs;
  Mode ours;
};
// Not here, and so skipped: realtime, video_generation, search, ocr and the like, which fluxgate does not route.
constexpr std::array<ModeName, 10> kModeNames{{{"chat", Mode::kChat},
                                               {"responses", Mode::kResponses},
                                               {"completion", Mode::kCompletion},
                                               {"embedding", Mode::kEmbedding},
                                               {"rerank", Mode::kRerank},
                                               {"moderation", Mode::kModeration},
                                               {"image_generation", Mode::kImage},
                                               {"image_edit", Mode::kImage},
                                               {"audio_transcription", Mode::kAudio},
                                               {"audio_speech", Mode::kAudio}}};

struct AbilityName {
  const char* theirs;
  Ability ours;
};
constexpr std::array<AbilityName, 14> kAbilityNames{{{"supports_vision", Ability::kVision},
                                                     {"supports_image_input", Ability::kVision},
                                                     {"supports_audio_input", Ability::kAudioInput},
                                                     {"supports_audio_output", Ability::kAudioOutput},
                                                     {"supports_pdf_input", Ability::kFiles},
                                                     {"supports_function_calling", Ability::kTools},
                                                     {"supports_parallel_function_calling", Ability::kParallelTools},
                                                     {"supports_tool_choice", Ability::kToolChoiceRequired},
                                                     {"supports_response_schema", Ability::kJsonSchema},
                                                     {"supports_system_messages", Ability::kSystemPrompt},
                                                     {"supports_assistant_prefill", Ability::kPrefill},
                                                     {"supports_prompt_caching", Ability::kPromptCaching},
                                                     {"supports_reasoning", Ability::kReasoning},
                                                     {"supports_native_streaming", Ability::kStreaming}}};

// Which vocabulary counts a model's tokens: OpenAI's own table (tiktoken 0.14.0, MIT), by prefix. Its o200k_harmony has
// the ranks of o200k_base for ordinary text.
struct TokenizerName {
  std::string_view prefix;
  std::string_view tokenizer;
};
constexpr std::array<TokenizerName, 19> kTokenizers{{{"gpt-oss-", "o200k_base"},
                                                     {"o1-", "o200k_base"},
                                                     {"o3-", "o200k_base"},
                                                     {"o4-mini", "o200k_base"},
                                                     {"gpt-5", "o200k_base"},
                                                     {"gpt-4.5-", "o200k_base"},
                                                     {"gpt-4.1", "o200k_base"},
                                                     {"chatgpt-4o-", "o200k_base"},
                                                     {"gpt-4o", "o200k_base"},
                                                     {"gpt-4-", "cl100k_base"},
                                                     {"gpt-3.5", "cl100k_base"},
                                                     {"gpt-35-turbo", "cl100k_base"},
                                                     {"davinci-002", "cl100k_base"},
                                                     {"babbage-002", "cl100k_base"},
                                                     {"text-embedding-ada-002", "cl100k_base"},
                                                     {"text-embedding-3-", "cl100k_base"},
                                                     {"o1", "o200k_base"},
                                                     {"o3", "o200k_base"},
                                                     {"gpt-4", "cl100k_base"}}};

bool produces_no_tokens(Mode mode) {
  return mode == Mode::kEmbedding || mode == Mode::kRerank || mode == Mode::kModeration;
}

// One entry on its way to a row. A fault ends it; remarks do not.
class Entry {
 public:
  Entry(const std::string& key, const json& value, std::vector<Remark>& remarks)
      : key_(key), value_(value), remarks_(remarks) {}

  // The row, or why there is none.
  std::variant<ModelInfo, std::string> convert(std::string_view today) {
    if (!value_.is_object()) return "not an object";
    if (auto reason = identify(today)) return *reason;
    read_limits();
    read_price();
    read_abilities();
    if (!fault_.empty()) return fault_;
    if (const auto fault = check_row(info_)) return fault->key + ": " + fault->message;
    return std::move(info_);
  }

 private:
  void remark(std::string text) { remarks_.push_back({key_, std::move(text)}); }

  void fail(const std::string& field, const std::string& what, const json& value) {
    if (fault_.empty()) fault_ = field + ": " + what + ": " + value.dump(-1, ' ', true, json::error_handler_t::replace);
  }

  std::string text(const char* field) const {
    const auto found = value_.find(field);
    return found != value_.end() && found->is_string() ? found->get<std::string>() : std::string();
  }

  std::optional<double> number(const json& object, const std::string& field) {
    const auto found = object.find(field);
    if (found == object.end() || found->is_null()) return std::nullopt;
    const bool negative = found->is_number() && found->get<double>() < 0;
    if (found->is_number() && !negative) return found->get<double>();
    fail(field, negative ? "negative" : "not a number", *found);
    return std::nullopt;
  }

  // Dollars per token become dollars per million.
  std::optional<double> price(const json& object, const std::string& field) {
    const auto value = number(object, field);
    return value ? std::optional(*value * 1e6) : std::nullopt;
  }

  std::optional<std::uint64_t> tokens(const std::string& field) {
    const auto value = number(value_, field);
    if (!value || *value == 0) return std::nullopt;  // a limit of zero tokens says that there is none to state
    if (*value > 1e15 || *value != std::floor(*value)) {
      fail(field, "not a count of tokens", value_[field]);
      return std::nullopt;
    }
    return static_cast<std::uint64_t>(*value);
  }

  std::optional<std::string> identify(std::string_view today) {
    const std::string theirs = text("litellm_provider");
    if (theirs.empty()) return "no litellm_provider";
    const std::string mode = text("mode");
    const auto known = std::find_if(kModeNames.begin(), kModeNames.end(),
                                    [&](const ModeName& name) { return name.theirs == mode; });
    if (known == kModeNames.end()) return mode.empty() ? "no mode" : "mode " + mode + " is not routed";
    info_.mode = known->ours;
    info_.provider = canonical_provider(theirs);
    const std::size_t slash = key_.find('/');
    const bool prefixed = slash != std::string::npos && canonical_provider(key_.substr(0, slash)) == info_.provider;
    info_.model = prefixed ? key_.substr(slash + 1) : key_;
    info_.deprecation = text("deprecation_date");
    if (!info_.deprecation.empty() && !is_date(info_.deprecation)) {
      remark("deprecation_date is not a date");
      info_.deprecation.clear();
    }
    if (!info_.deprecation.empty() && !today.empty() && info_.deprecation < today) return "retired";
    info_.tokenizer = tokenizer();
    return std::nullopt;
  }

  std::string tokenizer() const {
    std::string_view name = info_.model;
    if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
    for (const std::string_view prefix : {"databricks-", "openai."}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    if (name.starts_with("ft:")) name.remove_prefix(3);
    const auto found = std::find_if(kTokenizers.begin(), kTokenizers.end(),
                                    [&](const TokenizerName& n) { return name.starts_with(n.prefix); });
    return found == kTokenizers.end() ? std::string() : std::string(found->tokenizer);
  }

  void read_limits() {
    auto window = tokens("max_input_tokens");
    auto output = tokens("max_output_tokens");
    const auto legacy = tokens("max_tokens");
    if (!output && !value_.contains("max_output_tokens")) output = legacy;
    if (produces_no_tokens(info_.mode) || info_.mode == Mode::kImage) output.reset();
    // OpenAI's newer models: the source states the room for input, the provider a window for input and output together.
    if (output == 128000 && (window == 272000 || window == 922000)) window = *window + *output;
    if (window && output && *output > *window) {
      remark("max_output_tokens is more than the window");
      output.reset();
    }
    info_.context_window = window;
    info_.max_output_tokens = output;
  }

  void read_price() {
    auto input = price(value_, "input_cost_per_token");
    auto output = price(value_, "output_cost_per_token");
    if (!output && produces_no_tokens(info_.mode)) output = 0;
    config::Price base;
    base.cached_input = price(value_, "cache_read_input_token_cost");
    if (!base.cached_input) base.cached_input = price(value_, "input_cost_per_token_cache_hit");
    base.cache_write = price(value_, "cache_creation_input_token_cost");
    std::vector<Tier> tiers = ranges();
    if (!input && !output && !tiers.empty() && tiers.front().above == 0) {
      base = tiers.front().price;
      input = base.input;
      output = base.output;
    }
    if (!input || !output) {
      if (input) remark("a price of input alone");
      return;
    }
    base.input = *input;
    base.output = *output;
    const bool free = is_free_provider(info_.provider) || info_.mode == Mode::kModeration;
    const bool output_for_nothing = base.output == 0 && !produces_no_tokens(info_.mode);
    if (!free && (base.input == 0 || output_for_nothing)) {
      return remark("a price of zero from a provider that is not free");
    }
    check_cache_prices(base, {});
    info_.price = base;
    for (Tier& tier : tiers) {
      if (tier.above > 0) info_.tiers.push_back(tier);
    }
    if (info_.tiers.empty()) info_.tiers = above_tiers(base);
  }

  void check_cache_prices(config::Price& price, const std::string& where) {
    // Zero means here that the provider does not bill it apart: what is written is paid as input.
    if (price.cache_write == 0.0) price.cache_write.reset();
    if (price.cached_input == 0.0 && price.input > 0) price.cached_input.reset();
    if (price.cached_input && *price.cached_input > price.input) {
      remark("cached input costs more than input" + where);
      price.cached_input.reset();
    }
    if (price.cache_write && *price.cache_write > price.input * 4) {
      remark("a cache write costs more than four times the input" + where);
      price.cache_write.reset();
    }
  }

  // tiered_pricing: a list of prices with the range of input tokens each is for.
  std::vector<Tier> ranges() {
    std::vector<Tier> out;
    const auto list = value_.find("tiered_pricing");
    if (list == value_.end() || !list->is_array()) return out;
    for (const json& item : *list) {
      const json range = item.is_object() ? item.value("range", json()) : json();
      if (!range.is_array() || range.empty() || !range.front().is_number()) {
        remark("tiered_pricing without ranges of tokens");
        return {};
      }
      const auto input = price(item, "input_cost_per_token");
      const auto output = price(item, "output_cost_per_token");
      const double from = range.front().get<double>();
      if (!input || !output || from < 0 || from > 1e12) {
        remark("a tier without input and output price");
        return {};
      }
      Tier tier{static_cast<std::uint64_t>(from), {}};
      tier.price.input = *input;
      tier.price.output = *output;
      tier.price.cached_input = price(item, "cache_read_input_token_cost");
      check_cache_prices(tier.price, " above " + std::to_string(tier.above));
      out.push_back(tier);
    }
    return out;
  }

  // input_cost_per_token_above_200k_tokens and its like; a price that a tier does not state stays as below it.
  std::vector<Tier> above_tiers(const config::Price& base) {
    constexpr std::string_view kBefore = "input_cost_per_token_above_";
    constexpr std::string_view kAfter = "k_tokens";
    std::vector<Tier> out;
    for (const auto& [field, unused] : value_.items()) {
      if (!field.starts_with(kBefore) || !field.ends_with(kAfter)) continue;
      const std::size_t size = field.size() - kBefore.size() - kAfter.size();
      const auto thousands = parse_decimal(std::string_view(field).substr(kBefore.size(), size));
      if (!thousands || *thousands == 0 || *thousands > 100'000) continue;
      const std::string suffix = field.substr(std::string_view("input_cost_per_token").size());
      Tier tier{*thousands * 1000, base};
      tier.price.input = price(value_, field).value_or(base.input);
      tier.price.output = price(value_, "output_cost_per_token" + suffix).value_or(base.output);
      if (const auto read = price(value_, "cache_read_input_token_cost" + suffix)) tier.price.cached_input = read;
      if (const auto write = price(value_, "cache_creation_input_token_cost" + suffix)) tier.price.cache_write = write;
      check_cache_prices(tier.price, suffix);
      out.push_back(tier);
    }
    std::sort(out.begin(), out.end(), [](const Tier& a, const Tier& b) { return a.above < b.above; });
    return out;
  }

  // What a list of modalities names is there; what it leaves out stays unknown.
  bool lists(const char* field, std::string_view modality) const {
    const auto list = value_.find(field);
    return list != value_.end() && list->is_array() &&
           std::any_of(list->begin(), list->end(), [&](const json& item) { return item == modality; });
  }

  void read_abilities() {
    api::Abilities& abilities = info_.abilities;
    for (const AbilityName& name : kAbilityNames) {
      const auto found = value_.find(name.theirs);
      if (found == value_.end() || found->is_null()) continue;
      if (!found->is_boolean()) return fail(name.theirs, "neither true nor false", *found);
      abilities.set(name.ours, found->get<bool>());
    }
    const auto learn = [&](bool stated, Ability ability) {
      if (stated && !abilities.no.has(ability)) abilities.set(ability, true);
    };
    learn(lists("supported_modalities", "image"), Ability::kVision);
    learn(lists("supported_modalities", "audio"), Ability::kAudioInput);
    learn(lists("supported_output_modalities", "audio"), Ability::kAudioOutput);
    learn(lists("supported_output_modalities", "image") || info_.mode == Mode::kImage, Ability::kImageOutput);
    learn(text("mode") == "audio_speech", Ability::kAudioOutput);
    learn(text("mode") == "audio_transcription", Ability::kAudioInput);
    learn(info_.mode == Mode::kEmbedding, Ability::kEmbeddings);
    // OpenAI's own models that take a schema all take plain JSON mode too.
    learn((info_.provider == "openai" || info_.provider == "azure") && abilities.yes.has(Ability::kJsonSchema),
          Ability::kJsonObject);
  }

  const std::string& key_;
  const json& value_;
  std::vector<Remark>& remarks_;
  ModelInfo info_;
  std::string fault_;
};

// The entry an alias stands for; the entry itself if it is none.
const json* target_of(const json& all, const json& value) {
  if (!value.is_object() || value.contains("litellm_provider")) return &value;
  const auto alias = value.find("alias_of");
  if (alias == value.end() || !alias->is_string()) return &value;
  const auto target = all.find(alias->get_ref<const std::string&>());
  return target == all.end() ? &value : &*target;
}

}  // namespace

Result<Converted> convert_litellm(std::string_view text, std::string_view file, std::string_view today) {
  const auto refuse = [&](const std::string& message) {
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, std::string(file) + ": " + message);
  };
  json all;
  try {
    all = json::parse(text);
  } catch (const json::parse_error& error) {
    const auto line = std::count(text.begin(), text.begin() + std::min(error.byte, text.size()), '\n') + 1;
    return refuse(std::to_string(line) + ": not JSON");
  }
  if (!all.is_object()) return refuse("not an object of models, which LiteLLM's price file is");
  Converted out;
  // By provider and model; with the key of the entry.
  std::map<std::pair<std::string, std::string>, std::pair<std::string, ModelInfo>> rows;
  for (const auto& [key, value] : all.items()) {
    if (key == "sample_spec") {
      out.skipped.push_back({key, "explains the fields"});
      continue;
    }
    auto converted = Entry(key, *target_of(all, value), out.remarks).convert(today);
    if (const auto* reason = std::get_if<std::string>(&converted)) {
      out.skipped.push_back({key, *reason});
      continue;
    }
    auto& info = std::get<ModelInfo>(converted);
    auto names = std::make_pair(info.provider, info.model);
    const auto found = rows.find(names);
    if (found == rows.end()) {
      rows.emplace(std::move(names), std::make_pair(key, std::move(info)));
      continue;
    }
    // The longer key names its provider, so it is the more definite of the two.
    auto& [old_key, old_info] = found->second;
    const bool replaces = key.size() > old_key.size();
    out.skipped.push_back({replaces ? old_key : key, "the same model under a longer key"});
    if (replaces) found->second = {key, std::move(info)};
  }
  for (auto& [names, row] : rows) out.models.push_back(std::move(row.second));
  return out;
}

}  // namespace fluxgate::catalogue
