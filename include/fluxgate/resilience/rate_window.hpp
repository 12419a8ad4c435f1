// How much of a provider's rate limit is left, from what we sent and from what the provider says.
//
// Requests and tokens per minute are sliding windows of two buckets: used = previous x (1 - elapsed share) + current.
// What the provider's x-ratelimit headers say replaces our own count until its reset, less what was sent since. Not
// thread-safe; its owner locks.
#pragma once

#include <cstdint>
#include <optional>

#include "fluxgate/base/clock.hpp"

namespace fluxgate::resilience {

class SlidingMinute {
 public:
  // May be negative: a correction of what was added before.
  void add(TimePoint now, double amount);
  double used(TimePoint now) const;

 private:
  void turn(std::int64_t minute);
  std::int64_t minute_ = INT64_MIN;
  double previous_ = 0;
  double current_ = 0;
};

// One x-ratelimit-{limit,remaining,reset}-{requests,tokens} triple.
struct RemoteRate {
  std::uint64_t remaining = 0;
  std::optional<std::uint64_t> limit;   // unset: the configured one, if any
  Duration reset{};                     // until the window is full again
};

class RateWindow {
 public:
  RateWindow(std::optional<std::uint64_t> requests_per_minute, std::optional<std::uint64_t> tokens_per_minute);
  void apply(std::optional<std::uint64_t> requests_per_minute, std::optional<std::uint64_t> tokens_per_minute);

  void sent(TimePoint now, std::uint64_t tokens);
  // The attempt used `actual` tokens where `estimated` were counted.
  void settled(TimePoint now, std::uint64_t estimated, std::uint64_t actual);
  void note_remote(TimePoint now, const std::optional<RemoteRate>& requests, const std::optional<RemoteRate>& tokens);

  // Share of the tighter limit that is left, 0..1; 1 without limits.
  double headroom(TimePoint now) const;

 private:
  struct Limit {
    std::optional<std::uint64_t> per_minute;
    SlidingMinute window;
    std::optional<RemoteRate> remote;
    TimePoint remote_until{};
    double sent_since = 0;              // since `remote` was heard

    void add(TimePoint now, double amount);
    double left(TimePoint now) const;
  };
  Limit requests_;
  Limit tokens_;
};

}  // namespace fluxgate::resilience
