// The one place where this room hashes: rendezvous, experiments and canaries, each under a salt of its own, so that
// who is in an experiment says nothing about which target a session lives on.
#pragma once

#include <cstdint>

#include "fluxgate/base/hash.hpp"

namespace fluxgate::policies {

enum class Salt : std::uint64_t {
  kSession = 0x5e5510,   // balance session
  kPrefix = 0x93ef1c,    // balance prefix
  kIncumbent = 0x14c33b, // adaptive: which of the near-best a conversation stays with
  kDraw = 0xd4a3,        // adaptive: a conversation's own draws
  kExperiment = 0xab7e57,
  kCanary = 0xca4a41,
};

// Both values are finalised in turn: neither small integers nor related hashes cancel each other out.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return mix_bits(mix_bits(a + 0x9e3779b97f4a7c15ULL) ^ b);
}
constexpr std::uint64_t mix(Salt salt, std::uint64_t a) { return mix(static_cast<std::uint64_t>(salt), a); }

}  // namespace fluxgate::policies
