// The credentials of one provider, used in turn.
//
// A key that was refused (401, 402, 403) rests: 1 min, doubling each time it is refused again, up to 1 h. One that met
// a 429 cools: others go first, but if every key that does not rest is cooling, the one that is ready soonest is used
// all the same, because whether the *target* is left alone is the breaker's cool-down to say. When every key rests
// there is none: Gate::kNoCredential.
//
// Thread-safe by a short mutex; usable() takes none. Keys have numbers that are never reused, so a report about a key
// that a reload has taken away is ignored. Keys are compared and copied, never printed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/base/secret.hpp"
#include "fluxgate/resilience/fault.hpp"

namespace fluxgate::resilience {

class KeyRing {
 public:
  struct Pick {
    std::uint64_t id = 0;                    // for the report; never 0
    std::shared_ptr<const Secret> secret;
  };
  // For people: which key is meant is its place in the configuration.
  struct KeyState {
    std::uint64_t id = 0;
    bool resting = false;
    bool cooling = false;
    std::uint32_t refusals = 0;              // in a row
  };

  explicit KeyRing(const std::vector<Secret>& keys);
  // New keys from a reload; those that stay keep their state.
  void apply(const std::vector<Secret>& keys);

  bool empty() const;                        // the provider needs no credential
  std::optional<Pick> next(TimePoint now);   // nullopt: none configured, or all rest
  // How an attempt with this key ended. kNone: it is good; kCredential: it rests; kRateLimited: it cools.
  void report(TimePoint now, std::uint64_t id, Fault fault, std::optional<std::chrono::milliseconds> retry_after);

  bool usable(TimePoint now) const noexcept; // some key does not rest, or there are none
  bool has_fresh(TimePoint now) const;       // some key neither rests nor cools
  std::vector<KeyState> states(TimePoint now) const;

 private:
  struct Key {
    std::uint64_t id = 0;
    std::shared_ptr<const Secret> secret;
    TimePoint rest_until = TimePoint::min();
    TimePoint cool_until = TimePoint::min();
    std::uint32_t refusals = 0;
  };
  void note_rest();

  mutable std::mutex mutex_;
  std::vector<Key> keys_;
  std::size_t turn_ = 0;
  std::uint64_t last_id_ = 0;
  // When the first key stops resting, in ticks of the steady clock: usable() is asked for every target of every plan.
  std::atomic<Duration::rep> all_rest_until_{TimePoint::min().time_since_epoch().count()};
};

}  // namespace fluxgate::resilience
