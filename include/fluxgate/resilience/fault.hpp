// Whose fault the end of an attempt was. Classifying gives it, health state reads it.
#pragma once

#include <cstdint>
#include <string_view>

namespace fluxgate::resilience {

enum class Fault : std::uint8_t {
  kNone,         // the answer came, complete
  kTarget,       // the provider failed: no connection, 5xx, broken or empty answer. Counts for the breaker
  kRateLimited,  // 429: it is well but has had enough. Cools the target; counts in the success rate only
  kTimeout,      // no answer, first token or event in time. Counts like kTarget; the wait is its latency sample
  kCredential,   // 401, 402, 403: this key is refused or out of money. The key rests, the target is not blamed
  kModel,        // the provider does not have the model. The target rests when it repeats
  kClient,       // what was asked for cannot be served: invalid, too long, filtered. Nobody is blamed
  kCancelled,    // we stopped it: client gone, hedge lost, deadline, shutdown. Nobody is blamed
};

constexpr std::string_view to_string(Fault fault) {
  constexpr std::string_view kNames[] = {"none",       "target", "rate_limited", "timeout",
                                         "credential", "model",  "client",       "cancelled"};
  return kNames[static_cast<std::size_t>(fault)];
}

}  // namespace fluxgate::resilience
