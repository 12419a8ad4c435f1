#include "fluxgate/catalogue/catalogue.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "embedded.hpp"
#include "fluxgate/catalogue/litellm.hpp"
#include "fluxgate/catalogue/providers.hpp"
#include "row.hpp"

namespace fluxgate::catalogue {
namespace {

using Names = std::pair<std::string_view, std::string_view>;  // provider, model

std::string_view line_at(std::string_view text, std::size_t begin) {
  return text.substr(begin, text.find('\n', begin) - begin);
}

// Offset of the first line whose names are not before `names`; the size of the text if there is none.
std::size_t lower_bound(std::string_view text, const Names& names) {
  std::size_t low = 0;
  std::size_t high = text.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::size_t before = middle == 0 ? std::string_view::npos : text.rfind('\n', middle - 1);
    const std::size_t begin = std::max(low, before == std::string_view::npos ? 0 : before + 1);
    const std::string_view line = line_at(text, begin);
    if (names_of(line) < names) {
      low = std::min(begin + line.size() + 1, text.size());
    } else {
      high = begin;
    }
  }
  return low;
}

// Only for lines that were checked before: those of the program, and those parse() took.
ModelInfo read(std::string_view line) {
  auto row = parse_row(line);
  return std::get<ModelInfo>(std::move(row));
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "-2024-08-06" at the end of a name goes, as in LiteLLM, which takes a snapshot for its undated model.
std::string_view without_date(std::string_view model) {
  constexpr std::size_t kSize = 11;
  if (model.size() <= kSize || model[model.size() - kSize] != '-') return model;
  return is_date(model.substr(model.size() - kSize + 1)) ? model.substr(0, model.size() - kSize) : model;
}

// "-001" and the like, which Google and Databricks hang on stable versions.
std::string_view without_version(std::string_view model) {
  const std::size_t dash = model.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || !all_digits(model.substr(dash + 1))) return model;
  return model.substr(0, dash);
}

// "ft:gpt-4o-2024-08-06:org:suffix:id" is charged as "ft:gpt-4o-2024-08-06".
std::string_view without_fine_tune(std::string_view model) {
  const std::size_t first = model.find(':');
  const std::size_t second = model.find(':', first + 1);
  return second == std::string_view::npos ? model : model.substr(0, second);
}

std::string_view stripped(std::string_view provider, std::string_view model) {
  if (provider == "gemini" || provider == "vertex_ai" || provider == "databricks") return without_version(model);
  if (model.starts_with("ft:")) return without_fine_tune(model);
  return without_date(model);
}

// The two sources of rows, the operator's first.
class Search {
 public:
  Search(const Catalogue* own, std::string_view provider) : own_(own), provider_(provider) {}

  // A row of the operator's file for this provider under its key in the configuration, or for any provider.
  std::optional<ModelInfo> own_row(std::string_view key, std::string_view model, MatchedAs matched_as) const {
    auto found = own_ != nullptr ? own_->row(key, model) : std::nullopt;
    if (found) found->matched_as = matched_as;
    return found;
  }

  std::optional<ModelInfo> row(std::string_view provider, std::string_view model, MatchedAs matched_as) const {
    if (provider.empty() || model.empty()) return std::nullopt;
    auto found = own_ != nullptr ? own_->row(provider, model) : std::nullopt;
    if (!found) found = Catalogue::built_in().row(provider, model);
    if (!found) return std::nullopt;
    found->matched_as = matched_as;
    if (provider != provider_ && sets_its_own_price()) {
      found->price.reset();
      found->tiers.clear();
    }
    return found;
  }

 private:
  bool sets_its_own_price() const {
    return provider_ == kLocal || is_free_provider(provider_) || Catalogue::built_in().has_provider(provider_) ||
           (own_ != nullptr && own_->has_provider(provider_));
  }

  const Catalogue* own_;
  std::string_view provider_;
};

std::string fault_text(std::string_view file, std::size_t line, const RowFault& fault) {
  std::string out = std::string(file) + ":" + std::to_string(line) + ": ";
  if (!fault.key.empty()) out += fault.key + ": ";
  return out + fault.message;
}

}  // namespace

const config::Price& ModelInfo::price_at(std::uint64_t input_tokens) const {
  const auto beyond = [&](const Tier& tier) { return tier.above >= input_tokens; };
  const auto first_beyond = std::find_if(tiers.begin(), tiers.end(), beyond);
  return first_beyond == tiers.begin() ? price.value() : std::prev(first_beyond)->price;
}

std::string_view to_string(MatchedAs matched_as) {
  constexpr std::array<std::string_view, 5> kNames{"exact", "any_provider", "provider_in_name", "stripped_name",
                                                   "bare_model"};
  return kNames[static_cast<std::size_t>(matched_as)];
}

const Catalogue& Catalogue::built_in() {
  static const Catalogue instance{embedded_models()};
  return instance;
}

Result<Catalogue> Catalogue::parse(std::string_view text, std::string_view file) {
  const auto refuse = [&](std::size_t line, const RowFault& fault) {
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, fault_text(file, line, fault));
  };
  struct Line {
    std::string text;
    std::size_t number;
  };
  std::vector<Line> lines;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::string_view line = line_at(text, begin);
    begin += line.size() + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    auto row = parse_row(line);
    if (auto* fault = std::get_if<RowFault>(&row)) {
      const bool litellm = lines.empty() && line == "{";
      if (litellm) fault->message += "; a price file of LiteLLM becomes one by `fluxgate models import`";
      return refuse(number, *fault);
    }
    auto& info = std::get<ModelInfo>(row);
    info.provider = canonical_provider(info.provider);
    lines.push_back({to_line(info), number});
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return names_of(a.text) < names_of(b.text); });
  Catalogue result{std::string_view()};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0 && names_of(lines[i].text) == names_of(lines[i - 1].text)) {
      return refuse(lines[i].number, {"model", "also in line " + std::to_string(lines[i - 1].number)});
    }
    result.owned_ += lines[i].text + '\n';
  }
  return result;
}

std::optional<ModelInfo> Catalogue::row(std::string_view provider, std::string_view model) const {
  const std::size_t begin = lower_bound(text(), {provider, model});
  if (begin >= text().size()) return std::nullopt;
  const std::string_view line = line_at(text(), begin);
  if (names_of(line) != Names(provider, model)) return std::nullopt;
  return read(line);
}

bool Catalogue::has_provider(std::string_view provider) const {
  const std::size_t begin = lower_bound(text(), {provider, {}});
  return begin < text().size() && names_of(line_at(text(), begin)).first == provider;
}

std::vector<ModelInfo> Catalogue::all() const {
  std::vector<ModelInfo> out;
  for (std::size_t begin = 0; begin < text().size();) {
    const std::string_view line = line_at(text(), begin);
    out.push_back(read(line));
    begin += line.size() + 1;
  }
  return out;
}

std::size_t Catalogue::size() const { return static_cast<std::size_t>(std::count(text().begin(), text().end(), '\n')); }

std::optional<ModelInfo> find(const Catalogue* own, std::string_view provider, std::string_view model,
                              std::string_view key) {
  provider = canonical_provider(provider);
  const Search search(own, provider);
  if (!key.empty()) {
    if (auto found = search.own_row(key, model, MatchedAs::kExact)) return found;
  }
  if (own != nullptr && !provider.empty()) {
    if (auto found = search.own_row(provider, model, MatchedAs::kExact)) return found;
  }
  if (auto found = search.own_row({}, model, MatchedAs::kAnyProvider)) return found;
  if (auto found = search.row(provider, model, MatchedAs::kExact)) return found;
  if (const std::size_t slash = model.find('/'); slash != std::string_view::npos) {
    const std::string_view named = canonical_provider(model.substr(0, slash));
    if (auto found = search.row(named, model.substr(slash + 1), MatchedAs::kProviderInName)) return found;
  }
  if (const std::string_view shorter = stripped(provider, model); shorter != model) {
    if (auto found = search.row(provider, shorter, MatchedAs::kStrippedName)) return found;
  }
  for (const std::string_view home : home_providers()) {
    if (auto found = search.row(home, model, MatchedAs::kBareModel)) return found;
  }
  return std::nullopt;
}

}  // namespace fluxgate::catalogue
