#include "fluxgate/sensitivity/detectors.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "sensitivity/patterns.hpp"
#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {
namespace {

constexpr std::size_t kMostLabels = 64;

Error refuse(std::string message) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, std::move(message)};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

Error unknown(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const auto shown = name.substr(0, kLongest);
  std::string_view best = "all";
  std::size_t best_distance = edit_distance(shown, best);
  for (const Builtin& one : builtins()) {
    const std::size_t distance = edit_distance(shown, one.name);
    // "card" for credit_card is far by edits and near by sense.
    const bool part = shown.size() >= 3 && one.name.find(shown) != std::string_view::npos;
    if (const std::size_t effective = part ? 1 : distance; effective < best_distance) {
      best = one.name;
      best_distance = effective;
    }
  }
  std::string message = "sensitivity.detectors: there is no detector \"" + std::string(shown) + "\"";
  if (best_distance <= std::max<std::size_t>(2, shown.size() / 3)) {
    message += " (did you mean \"" + std::string(best) + "\"?)";
  }
  return refuse(std::move(message));
}

Result<KindSet> enabled_kinds(const std::vector<std::string>& names) {
  KindSet enabled;
  for (const auto& name : names) {
    bool known = name == "all";
    for (std::size_t i = 0; i < kKindCount; ++i) {
      if (name != "all" && builtins()[i].name != name) continue;
      enabled.add(static_cast<Kind>(i));
      known = true;
    }
    if (!known) return unknown(name);
  }
  return enabled;
}

}  // namespace

struct Detectors::Plan {
  KindSet enabled;
  AnchorTable anchors{};
  std::array<std::size_t, kKindCount> index{};  // in detectors(), of those that are enabled
  std::size_t first_pattern = 0;                // in detectors()
  Patterns patterns;
};

Detectors::Detectors() = default;
Detectors::Detectors(Detectors&&) noexcept = default;
Detectors& Detectors::operator=(Detectors&&) noexcept = default;
Detectors::~Detectors() = default;

Result<Detectors> Detectors::make(const config::Sensitivity& config) {
  auto enabled = enabled_kinds(config.detectors);
  if (!enabled) return std::move(enabled).error();
  auto patterns = Patterns::make(config.patterns);
  if (!patterns) return std::move(patterns).error();

  Detectors made;
  made.labels_ = {"pii", "secret"};
  const auto bit = [&](const std::string& label) {
    const auto found = std::find(made.labels_.begin(), made.labels_.end(), label);
    const auto index = static_cast<std::size_t>(found - made.labels_.begin());
    if (found == made.labels_.end()) made.labels_.push_back(label);
    return index < kMostLabels ? std::uint64_t{1} << index : 0;
  };
  auto plan = std::make_unique<Plan>();
  plan->enabled = *enabled;
  plan->anchors = anchor_table(*enabled);
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (!enabled->has(static_cast<Kind>(i))) continue;
    const Builtin& builtin = builtins()[i];
    plan->index[i] = made.detectors_.size();
    made.detectors_.push_back({std::string(builtin.name), std::string(builtin.label), bit(std::string(builtin.label))});
  }
  plan->first_pattern = made.detectors_.size();
  for (const auto& pattern : config.patterns)
    made.detectors_.push_back({pattern.name, pattern.label, bit(pattern.label)});
  for (const auto& [label, required] : config.require) bit(label);
  if (made.labels_.size() > kMostLabels) {
    return refuse("sensitivity: " + std::to_string(made.labels_.size()) + " labels; 64 are possible");
  }
  plan->patterns = std::move(patterns).value();
  made.plan_ = std::move(plan);
  return made;
}

void Detectors::scan(std::string_view text, Findings& findings) const {
  const auto add = [&](std::size_t detector, std::uint32_t count) {
    if (findings.counts_.empty()) findings.counts_.resize(detectors_.size());
    auto& total = findings.counts_[detector];
    total += std::min(count, std::numeric_limits<std::uint32_t>::max() - total);
    findings.labels_ |= detectors_[detector].bit;
  };
  if (!plan_->enabled.empty()) {
    const Counts counts = Scanner(text, plan_->enabled, plan_->anchors).run();
    for (std::size_t i = 0; i < kKindCount; ++i) {
      if (counts[i] != 0) add(plan_->index[i], counts[i]);
    }
  }
  if (plan_->patterns.empty()) return;
  for (const int pattern : plan_->patterns.matching(text))
    add(plan_->first_pattern + static_cast<std::size_t>(pattern), 1);
}

}  // namespace fluxgate::sensitivity
