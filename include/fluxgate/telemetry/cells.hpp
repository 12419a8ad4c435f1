// Metric cells: the numbers that one thread writes and the scraping thread reads.
//
// Each cell has exactly one writer, the worker that owns its shard, so an update is a relaxed load, an addition and a
// relaxed store: plain moves on every processor we run on, without a lock prefix. The scraper may read at any moment
// and sees each number whole, if perhaps a few nanoseconds old. A histogram's count is the sum of its buckets, so the
// count and the +Inf bucket of one scrape always agree.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/telemetry/labels.hpp"

namespace fluxgate::telemetry {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  struct Total {
    std::uint64_t value = 0;
    void add(const Counter& cell) { value += cell.value(); }
    bool empty() const { return value == 0; }
  };

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A level. What one worker adds it also takes away, so the sum over the shards is the level of the process.
class Gauge {
 public:
  void add(std::int64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  struct Total {
    std::int64_t value = 0;
    void add(const Gauge& cell) { value += cell.value(); }
    bool empty() const { return value == 0; }
  };

 private:
  std::atomic<std::int64_t> value_{0};
};

// One counter for each value of a label enum.
template <class E>
class EnumCounters {
 public:
  static constexpr std::size_t kSize = LabelValues<E>::values.size();

  void add(E value, std::uint64_t n = 1) noexcept { cells_[static_cast<std::size_t>(value)].add(n); }
  std::uint64_t value(E value) const noexcept { return cells_[static_cast<std::size_t>(value)].value(); }

  struct Total {
    using Enum = E;
    std::array<std::uint64_t, kSize> values{};
    void add(const EnumCounters& cells) {
      for (std::size_t i = 0; i < kSize; ++i) values[i] += cells.cells_[i].value();
    }
    bool empty() const {
      return std::all_of(values.begin(), values.end(), [](std::uint64_t v) { return v == 0; });
    }
  };

 private:
  std::array<Counter, kSize> cells_;
};

// Upper bounds in nanoseconds from upper bounds in seconds.
template <class... Seconds>
constexpr std::array<std::int64_t, sizeof...(Seconds)> bounds_in_seconds(Seconds... seconds) {
  return {static_cast<std::int64_t>(static_cast<double>(seconds) * 1e9 + 0.5)...};
}

// A histogram of durations with fixed bounds (ascending, in nanoseconds). Bounds is a constant with static storage.
template <const auto& Bounds>
class Histogram {
 public:
  static constexpr std::size_t kBounds = Bounds.size();

  void record(Duration duration) noexcept {
    const std::int64_t ns = std::max<std::int64_t>(duration.count(), 0);
    counts_[bucket_of(ns)].add();
    sum_ns_.add(static_cast<std::uint64_t>(ns));
  }

  // The first bucket whose bound is not below ns; kBounds is +Inf. The table skips all bounds of smaller binary
  // magnitude, which leaves a scan of the few bounds within one power of two.
  static constexpr std::size_t bucket_of(std::int64_t ns) noexcept {
    std::size_t i = kFirst[static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(ns)))];
    while (i < kBounds && Bounds[i] < ns) ++i;
    return i;
  }

  struct Total {
    std::array<std::uint64_t, kBounds + 1> counts{};
    std::uint64_t sum_ns = 0;
    void add(const Histogram& cell) {
      for (std::size_t i = 0; i <= kBounds; ++i) counts[i] += cell.counts_[i].value();
      sum_ns += cell.sum_ns_.value();
    }
    bool empty() const {
      return std::all_of(counts.begin(), counts.end(), [](std::uint64_t v) { return v == 0; });
    }
    static constexpr const auto& bounds() { return Bounds; }
  };

 private:
  static_assert(sizeof(Duration::rep) == 8 && Duration::period::den == 1'000'000'000, "durations are nanoseconds");

  // kFirst[w]: the first bound that a value of bit width w can fall under.
  static constexpr auto kFirst = [] {
    std::array<std::uint8_t, 65> first{};
    for (std::size_t width = 0; width < first.size(); ++width) {
      const std::uint64_t smallest = width == 0 ? 0 : std::uint64_t{1} << (width - 1);
      std::uint8_t i = 0;
      while (i < kBounds && static_cast<std::uint64_t>(Bounds[i]) < smallest) ++i;
      first[width] = i;
    }
    return first;
  }();

  std::array<Counter, kBounds + 1> counts_;
  Counter sum_ns_;
};

}  // namespace fluxgate::telemetry
