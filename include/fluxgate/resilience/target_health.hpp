// Health, load and speed of one target: what the planner reads of it and what the pipeline tells it.
//
// One attempt's way through it:
//
//   Pass pass = health.enter(now, tokens, force);   // kEntered, or why not: kShut, kFull
//   ...
//   health.first_token(now, pass, ttft);            // the first content came: not only when a long stream has ended
//   ...
//   health.leave(now, pass, report);                // on every way out, exactly once per entered pass
//
// A request that met kFull may wait for a slot: wait(), then claim() when it is woken, stop_waiting() when it gives up.
//
// Inside are pure state machines, one file each: Breaker (may it be asked), LatencyEstimate (how fast is it),
// ConcurrencyLimit (how many at once, who waits), RateWindow (how much of the provider's limit is left), UsageHistory
// (how long are its answers). They are shared by all worker threads behind one mutex that is held for some tens of
// nanoseconds, never across I/O and never while a waiter is woken. The key ring has its own mutex, which is never taken
// under this one. Every time is passed in: the same calls give the same state.
#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "fluxgate/api/live.hpp"
#include "fluxgate/base/clock.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/resilience/breaker.hpp"
#include "fluxgate/resilience/concurrency.hpp"
#include "fluxgate/resilience/fault.hpp"
#include "fluxgate/resilience/key_ring.hpp"
#include "fluxgate/resilience/latency.hpp"
#include "fluxgate/resilience/output_lengths.hpp"
#include "fluxgate/resilience/rate_window.hpp"

namespace fluxgate::resilience {

// How an attempt ended. Seconds; 0 where something is not known.
struct AttemptReport {
  Fault fault = Fault::kNone;
  std::optional<std::chrono::milliseconds> retry_after;
  double ttft = 0;                     // request sent to first content
  double tpot = 0;                     // per output token after the first
  double elapsed = 0;                  // of the whole attempt
  std::uint64_t estimated_input = 0;   // tokens; 0 if they were counted exactly: then nothing is to be calibrated
  std::uint64_t input = 0;             // reported by the provider
  std::uint64_t cached_input = 0;
  std::uint64_t output = 0;
  std::uint64_t key = 0;               // KeyRing::Pick::id; 0: without a credential
};

enum class Entry : std::uint8_t {
  kEntered,  // go; leave() must follow
  kShut,     // the gate is not open
  kFull,     // as many in flight as it may have
};

// What enter() gives and leave() takes back. Of one attempt; not shared.
struct Pass {
  Entry entry = Entry::kShut;
  std::uint64_t tokens = 0;
  Breaker::Admission admission;
  bool first_token = false;            // its TTFT has been counted
  bool entered() const { return entry == Entry::kEntered; }
};

class TargetHealth {
 public:
  // `keys` is the ring of its provider; may be null. `seed` feeds the jitter of the breaker's backoff.
  TargetHealth(const config::Target& target, const config::Breaker& breaker, std::shared_ptr<KeyRing> keys,
               std::uint64_t seed);
  // New settings from a reload; everything learned stays.
  void apply(const config::Target& target, const config::Breaker& breaker);

  api::TargetStatus status(TimePoint now) const;
  // The quantile `q` of the time to first token over the last 5 min; nullopt below 20 samples.
  std::optional<double> ttft_percentile(double q, TimePoint now) const;
  std::uint64_t trips() const;
  Breaker::Trip last_trip() const;

  // `tokens`: estimated input and output. `force`: whatever the gate and the learned cap say; the configured cap binds all the same.
  Pass enter(TimePoint now, std::uint64_t tokens, bool force);
  // `ttft` seconds after the request was sent; `estimated_input` tokens. Settles a probe: it need not end first.
  void first_token(TimePoint now, Pass& pass, double ttft, std::uint64_t estimated_input);
  // Counts `pass` out again; one that did not enter is ignored.
  void leave(TimePoint now, const Pass& pass, const AttemptReport& report);
  // What the provider's rate-limit headers say.
  void note_remote(TimePoint now, const std::optional<RemoteRate>& requests, const std::optional<RemoteRate>& tokens);

  // Queue for a slot behind at most `max_waiting` others; see ConcurrencyLimit::Wait.
  ConcurrencyLimit::Wait wait(Waiter& waiter, std::size_t max_waiting);
  // Turns a granted slot into an entry. If the target was shut meanwhile the slot goes to the next waiter: kShut.
  // kFull: nothing was granted, the waiter waits on.
  Pass claim(TimePoint now, Waiter& waiter, std::uint64_t tokens, bool force);
  // Leaves the queue, or gives a granted slot to the next. Does nothing for a waiter that is not in the queue.
  void stop_waiting(Waiter& waiter);

  const std::shared_ptr<KeyRing>& keys() const { return keys_; }

 private:
  using Wakes = boost::container::small_vector<Wake, 4>;

  api::Gate gate(TimePoint now) const;
  Pass admit(TimePoint now, std::uint64_t tokens, bool force);
  void learn(TimePoint now, const Pass& pass, const AttemptReport& report);
  void rest_model(TimePoint now, Fault fault);
  Wakes grants();
  static void call(const Wakes& wakes);

  const std::shared_ptr<KeyRing> keys_;

  mutable std::mutex mutex_;
  bool any_model_ = false;             // the client names the model: not having it is then the client's mistake
  Breaker breaker_;
  LatencyEstimate latency_;
  ConcurrencyLimit limit_;
  RateWindow rate_;
  UsageHistory usage_;
  std::uint32_t pending_ = 0;
  std::uint64_t pending_tokens_ = 0;
  std::uint32_t model_refusals_ = 0;   // in a row
  TimePoint model_rests_until_ = TimePoint::min();
};

}  // namespace fluxgate::resilience
