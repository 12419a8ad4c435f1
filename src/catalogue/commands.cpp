#include "fluxgate/catalogue/commands.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <ostream>

#include "fluxgate/base/text.hpp"
#include "fluxgate/catalogue/litellm.hpp"
#include "fluxgate/catalogue/providers.hpp"

namespace fluxgate::catalogue {
namespace {

using Cells = std::vector<std::string>;

// Built-in rows and the operator's, which replace those of the same name; in order.
std::vector<ModelInfo> merged(const Catalogue* own) {
  std::vector<ModelInfo> rows = Catalogue::built_in().all();
  if (own == nullptr) return rows;
  std::map<std::pair<std::string, std::string>, ModelInfo> all;
  for (ModelInfo& row : rows) all.insert_or_assign({row.provider, row.model}, row);
  for (ModelInfo& row : own->all()) all.insert_or_assign({row.provider, row.model}, row);
  rows.clear();
  for (auto& [names, row] : all) rows.push_back(std::move(row));
  return rows;
}

std::string lower_name(const ModelInfo& row) { return to_lower(row.provider + "/" + row.model); }

bool wanted(const ModelInfo& row, const ListOptions& options) {
  if (!options.provider.empty() && row.provider != canonical_provider(options.provider)) return false;
  for (const api::Ability ability : options.abilities) {
    if (!row.abilities.yes.has(ability)) return false;
  }
  return options.text.empty() || lower_name(row).find(to_lower(options.text)) != std::string::npos;
}

// "?" is what nobody stated.
std::string dollars(std::optional<double> price) {
  if (!price) return "?";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", *price);
  return buffer;
}

std::string tokens(const std::optional<std::uint64_t>& count) { return count ? std::to_string(*count) : "?"; }

std::string abilities_text(const api::Abilities& abilities) {
  std::string out;
  for (std::size_t i = 0; i < api::kAbilityCount; ++i) {
    const auto ability = static_cast<api::Ability>(i);
    if (abilities.yes.has(ability)) out += " " + std::string(api::to_string(ability));
    if (abilities.no.has(ability)) out += " !" + std::string(api::to_string(ability));
  }
  return out.empty() ? "?" : out.substr(1);
}

Cells cells_of(const ModelInfo& row) {
  const auto& price = row.price;
  return {row.provider.empty() ? "*" : row.provider,
          row.model,
          dollars(price ? std::optional(price->input) : std::nullopt),
          dollars(price ? std::optional(price->output) : std::nullopt),
          dollars(price ? price->cached_input : std::nullopt),
          dollars(price ? price->cache_write : std::nullopt),
          tokens(row.context_window),
          tokens(row.max_output_tokens),
          abilities_text(row.abilities)};
}

void write_table(std::ostream& out, const std::vector<Cells>& rows) {
  constexpr std::size_t kFirstNumber = 2;  // numbers stand to the right of their column
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Cells& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      const bool last = i + 1 == row.size();
      if (i >= kFirstNumber && !last) line += blanks;
      line += row[i];
      if (i < kFirstNumber) line += blanks;
      if (!last) line += "  ";
    }
    out << line << "\n";
  }
}

void write_price(std::ostream& out, const config::Price& price) {
  out << dollars(price.input) << " in, " << dollars(price.output) << " out, " << dollars(price.cached_input)
      << " cached read, " << dollars(price.cache_write) << " cache write\n";
}

void write_row(std::ostream& out, const ModelInfo& row) {
  out << (row.provider.empty() ? "*" : row.provider) << "/" << row.model << "\n";
  out << "  mode        " << to_string(row.mode) << "\n";
  out << "  price       ";
  if (row.price) {
    write_price(out, *row.price);
  } else {
    out << "?\n";
  }
  for (const Tier& tier : row.tiers) {
    out << "              above " << tier.above << " input tokens: ";
    write_price(out, tier.price);
  }
  out << "  window      " << tokens(row.context_window) << "\n";
  out << "  max output  " << tokens(row.max_output_tokens) << "\n";
  out << "  abilities   " << abilities_text(row.abilities) << "\n";
  out << "  tokenizer   " << (row.tokenizer.empty() ? "?" : row.tokenizer) << "\n";
  if (!row.deprecation.empty()) out << "  retired on  " << row.deprecation << "\n";
}

// The same reason of many entries is said once with some of their names.
void write_remarks(std::ostream& report, std::string_view heading, const std::vector<Remark>& remarks) {
  constexpr std::size_t kNamed = 8;
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const Remark& remark : remarks) by_reason[remark.reason].push_back(remark.key);
  report << heading << ": " << remarks.size() << "\n";
  for (const auto& [reason, keys] : by_reason) {
    report << "  " << keys.size() << "  " << reason << ": ";
    for (std::size_t i = 0; i < std::min(kNamed, keys.size()); ++i) report << (i == 0 ? "" : ", ") << keys[i];
    report << (keys.size() > kNamed ? ", ...\n" : "\n");
  }
}

}  // namespace

int list_models(std::ostream& out, const Catalogue* own, const ListOptions& options) {
  std::vector<Cells> table{{"PROVIDER", "MODEL", "IN", "OUT", "CACHED", "WRITE", "WINDOW", "MAX OUT", "ABILITIES"}};
  std::size_t count = 0;
  for (const ModelInfo& row : merged(own)) {
    if (!wanted(row, options)) continue;
    ++count;
    if (options.json) {
      out << to_line(row) << "\n";
    } else {
      table.push_back(cells_of(row));
    }
  }
  if (options.json) return 0;
  if (count > 0) write_table(out, table);
  out << count << " models; prices in US dollars per million tokens; ? is unknown, ! is no\n";
  return 0;
}

int show_model(std::ostream& out, std::ostream& errors, const Catalogue* own, std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string_view provider = slash == std::string_view::npos ? name : canonical_provider(name.substr(0, slash));
  const std::string_view rest = slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
  std::vector<std::string> similar;
  bool found = false;
  for (const ModelInfo& row : merged(own)) {
    if (row.model == name || (row.provider == provider && row.model == rest)) {
      if (found) out << "\n";
      write_row(out, row);
      found = true;
    } else if (lower_name(row).find(to_lower(name)) != std::string::npos) {
      similar.push_back(row.provider + "/" + row.model);
    }
  }
  if (found) return 0;
  errors << "the catalogue has no model " << name << "\n";
  // The shortest names are the plainest models.
  constexpr std::size_t kSimilar = 10;
  std::stable_sort(similar.begin(), similar.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (similar.size() > kSimilar) similar.resize(kSimilar);
  for (const std::string& one : similar) errors << "  similar: " << one << "\n";
  return 1;
}

int import_models(std::ostream& out, std::ostream& report, std::string_view text, std::string_view file,
                  std::string_view today) {
  const auto converted = convert_litellm(text, file, today);
  if (!converted) {
    report << converted.error().message << "\n";
    return 1;
  }
  for (const ModelInfo& info : converted->models) out << to_line(info) << "\n";
  report << "models: " << converted->models.size() << "\n";
  write_remarks(report, "skipped", converted->skipped);
  write_remarks(report, "left out of a row", converted->remarks);
  return converted->models.empty() ? 1 : 0;
}

}  // namespace fluxgate::catalogue
