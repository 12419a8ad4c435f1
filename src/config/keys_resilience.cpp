#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Range kDelayRange{1, 600000};  // milliseconds

void read_delay(Reader& reader, const Node& node, Hedge& out) {
  if (node.kind == Node::Kind::kScalar && node.text == kMeasuredDelay) {
    out.delay.reset();
  } else {
    out.delay = reader.duration(node, kDelayRange);
  }
}

}  // namespace

const Section<Attempts>& attempts_section() {
  static const Section<Attempts> section = [] {
    Section<Attempts> s("routes[].attempts", "One budget of tries and time for a whole request.");
    s.integer("max", &Attempts::max, {1, 20}, "Tries at providers, the first included.");
    s.duration("deadline", &Attempts::deadline, milliseconds(1), hours(24),
               "The whole request: to the end of a plain answer, or to the first event of a stream.");
    s.duration("connect_timeout", &Attempts::connect_timeout, milliseconds(1), minutes(10),
               "Name look-up, TCP and TLS of one try.");
    s.duration("first_token_timeout", &Attempts::first_token_timeout, milliseconds(1), hours(1),
               "Streams: from the request sent to the first event.");
    s.duration("idle_timeout", &Attempts::idle_timeout, milliseconds(1), hours(1),
               "Streams: between two reads from the provider.");
    s.duration("stream_timeout", &Attempts::stream_timeout, milliseconds(1), hours(24),
               "Streams: the longest one may last in all.");
    s.duration("backoff", &Attempts::backoff, milliseconds(0), minutes(1),
               "Wait before the same target is tried again; doubles each time, with jitter.");
    return s;
  }();
  return section;
}

const Section<Queue>& queue_section() {
  static const Section<Queue> section = [] {
    Section<Queue> s("routes[].queue", "For `on_exhausted: queue`: requests that wait for a target to have room. Those "
                                       "of higher `priority` go first.");
    s.integer("max", &Queue::max, {1, 100000}, "Requests waiting on this route, over all workers; more: 503.");
    s.duration("timeout", &Queue::timeout, milliseconds(1), minutes(10), "The longest wait: 503.");
    return s;
  }();
  return section;
}

const Section<RetryBudget>& retry_budget_section() {
  static const Section<RetryBudget> section = [] {
    Section<RetryBudget> s("routes[].retry_budget", "Bounds retries, fallbacks and hedges together, so that a failing "
                                                    "provider is not hit harder still.");
    s.number("ratio", &RetryBudget::ratio, kShare, "They may be this share of the route's requests ...");
    s.number("floor", &RetryBudget::floor, {0, 1000000}, "... and so many a second at least.");
    return s;
  }();
  return section;
}

const Section<Hedge>& hedge_section() {
  static const Section<Hedge> section = [] {
    Section<Hedge> s("routes[].hedge", "A stream that has not begun after a while is asked for at a second target too; "
                                       "the first content wins, and both are paid for. On if present, even if empty.");
    s.add({.name = "delay", .shape = Shape::kDelay,
           .doc = "How long a while: `p95`, the 95th percentile of the target's own time to first token, or a fixed "
                  "time.",
           .fallback = kMeasuredDelay, .range = kDelayRange},
          read_delay);
    s.duration("min_delay", &Hedge::min_delay, milliseconds(0), minutes(1), "Never sooner than this.");
    return s;
  }();
  return section;
}

const Section<Breaker>& breaker_section() {
  static const Section<Breaker> section = [] {
    Section<Breaker> s("breaker", "When a target that fails is left alone, and for how long. A client's own mistakes "
                                  "do not count against a target. One setting for all targets.");
    s.boolean("enabled", &Breaker::enabled, "`false`: failing targets are asked all the same.");
    s.integer("consecutive", &Breaker::consecutive, {1, 1000}, "Shut after so many failures in a row ...");
    s.number("success_rate", &Breaker::success_rate, kShare,
             "... or when a smaller share than this went well in the last 10 s.");
    s.integer("min_requests", &Breaker::min_requests, {1, 1000000}, "Requests those 10 s must hold for that.");
    s.duration("backoff", &Breaker::backoff, milliseconds(1), hours(1),
               "How long it is shut the first time; doubles each time a probe fails, with jitter.");
    s.duration("max_backoff", &Breaker::max_backoff, milliseconds(1), hours(24), "And at most.");
    s.duration("cooldown", &Breaker::cooldown, milliseconds(0), hours(1),
               "How long a target rests after a 429 that does not say how long.");
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
