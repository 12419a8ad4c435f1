#include <algorithm>
#include <cmath>

#include "fluxgate/policies/adaptive.hpp"
#include "policies/hash.hpp"

namespace fluxgate::policies {
namespace {

constexpr double kHalfLifeDays = 14;
constexpr double kMostObservations = 200;
constexpr double kMostOfOneSender = kMostObservations / 10;
constexpr std::size_t kMostSenders = 64;     // remembered by one cell
constexpr double kForgotten = 0.01;          // an observation's rest that no longer counts
constexpr double kLatencyStep = 0.1;         // share of a new sample in the average

double decay(Duration age) {
  const double days = to_seconds(age) / 86400;
  return days <= 0 ? 1 : std::exp2(-days / kHalfLifeDays);
}

api::QualityCell scaled(api::QualityCell counts, double factor) {
  counts.good *= factor;
  counts.underpowered *= factor;
  counts.overprovisioned *= factor;
  counts.failed *= factor;
  return counts;
}

double& count_of(api::QualityCell& counts, Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood: return counts.good;
    case Verdict::kUnderpowered: return counts.underpowered;
    case Verdict::kOverprovisioned: return counts.overprovisioned;
    case Verdict::kFailed: return counts.failed;
  }
  return counts.failed;
}

}  // namespace

std::size_t AdaptiveCells::KeyHash::operator()(const Key& key) const {
  return mix(mix(key.route, key.task), key.target);
}

void AdaptiveCells::scale(Cell& cell, double factor) {
  if (factor >= 1) return;
  cell.counts = scaled(cell.counts, factor);
  for (auto& [sender, given] : cell.senders) given *= factor;
}

AdaptiveCells::Cell& AdaptiveCells::aged(const Key& key, TimePoint now) {
  const auto [found, made] = cells_.try_emplace(key);
  Cell& cell = found->second;
  if (!made) scale(cell, decay(now - cell.updated));
  if (made || now > cell.updated) cell.updated = now;
  return cell;
}

// What of `weight` this sender may still give to the cell; notes it as given.
double AdaptiveCells::allow(Cell& cell, std::uint64_t sender, double weight) {
  if (sender == 0) return weight;
  const auto found = cell.senders.find(sender);
  if (found != cell.senders.end()) {
    const double allowed = std::clamp(kMostOfOneSender - found->second, 0.0, weight);
    found->second += allowed;
    return allowed;
  }
  if (cell.senders.size() >= kMostSenders) {
    std::erase_if(cell.senders, [](const auto& entry) { return entry.second < kForgotten; });
  }
  // Forgetting the one that gave least loses the least: it may give that little once more.
  if (cell.senders.size() >= kMostSenders) {
    cell.senders.erase(std::min_element(cell.senders.begin(), cell.senders.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  const double allowed = std::min(weight, kMostOfOneSender);
  cell.senders.emplace(sender, allowed);
  return allowed;
}

void AdaptiveCells::note(const Key& key, Verdict verdict, double weight, std::uint64_t sender, TimePoint now) {
  if (!(weight > 0)) return;  // nor NaN
  Cell& cell = aged(key, now);
  count_of(cell.counts, verdict) += allow(cell, sender, std::min(weight, 1.0));
  const double total = cell.counts.observations();
  if (total > kMostObservations) scale(cell, kMostObservations / total);
}

void AdaptiveCells::note_score(const Key& key, double score, double weight, std::uint64_t sender, TimePoint now) {
  if (std::isnan(score) || !(weight > 0)) return;
  const double good = std::clamp(score, 0.0, 1.0);
  const double whole = std::min(weight, 1.0);
  note(key, Verdict::kGood, whole * good, sender, now);
  note(key, Verdict::kUnderpowered, whole * (1 - good), sender, now);
}

void AdaptiveCells::note_latency(const Key& key, double relative, TimePoint now) {
  if (std::isnan(relative)) return;
  Cell& cell = aged(key, now);
  const double sample = std::clamp(relative, 0.0, 1.0);
  cell.counts.latency = cell.has_latency ? cell.counts.latency + kLatencyStep * (sample - cell.counts.latency) : sample;
  cell.has_latency = true;
}

api::QualityCell AdaptiveCells::read(const Key& key, TimePoint now) const {
  const auto found = cells_.find(key);
  if (found == cells_.end()) return {};
  return scaled(found->second.counts, decay(now - found->second.updated));
}

}  // namespace fluxgate::policies
