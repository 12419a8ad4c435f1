// The learned cells of order_by adaptive: what feedback and outcomes say about each target for each sort of request.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "fluxgate/api/live.hpp"
#include "fluxgate/base/clock.hpp"

namespace fluxgate::policies {

enum class Verdict : std::uint8_t {
  kGood,             // the answer fitted
  kUnderpowered,     // not good enough
  kOverprovisioned,  // good, but a smaller model would have done
  kFailed,           // no answer
};

// Decayed counts by (route, task, target): half-life 14 days, at most 200 observations a cell, and at most a tenth of
// that from one sender. Not thread-safe; its owner locks. Keys are hashes of names, so that a reload keeps what was
// learned.
class AdaptiveCells {
 public:
  struct Key {
    std::uint64_t route = 0;
    std::uint64_t task = 0;
    std::uint64_t target = 0;
    auto operator<=>(const Key&) const = default;
  };
  // `weight` 0..1. `sender`: a hash of who says so, for the bound; 0: the gateway's own observation, which is not
  // bounded.
  void note(const Key& key, Verdict verdict, double weight, std::uint64_t sender, TimePoint now);
  // A score between 0 and 1: weight x score good, the rest underpowered.
  void note_score(const Key& key, double score, double weight, std::uint64_t sender, TimePoint now);
  // 0 (as fast as any) .. 1 (as slow as the route bears); an average that moves by a tenth of the difference.
  void note_latency(const Key& key, double relative, TimePoint now);
  api::QualityCell read(const Key& key, TimePoint now) const;
  std::size_t size() const { return cells_.size(); }

 private:
  struct Cell {
    api::QualityCell counts;
    std::map<std::uint64_t, double> senders;  // weight given, bounded
    bool has_latency = false;
    TimePoint updated{};
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  static void scale(Cell& cell, double factor);
  static double allow(Cell& cell, std::uint64_t sender, double weight);
  Cell& aged(const Key& key, TimePoint now);

  std::unordered_map<Key, Cell, KeyHash> cells_;
};

}  // namespace fluxgate::policies
