// The one place where this room hashes: rendezvous, experiments and canaries, each under a salt of its own, so that
// who is in an experiment says nothing about which target a session lives on.
#pragma once

#include <cstdint>
#include <string_view>

namespace fluxgate::policies {

enum class Salt : std::uint64_t {
  kSession = 0x5e5510,   // balance session
  kPrefix = 0x93ef1c,    // balance prefix
  kIncumbent = 0x14c33b, // adaptive: which of the near-best a conversation stays with
  kDraw = 0xd4a3,        // adaptive: a conversation's own draws
  kExperiment = 0xab7e57,
  kCanary = 0xca4a41,
};

// Stafford's variant 13 of the 64-bit finaliser: every input bit moves every output bit with a chance of about one
// half.
constexpr std::uint64_t finalise(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Both values are finalised in turn: neither small integers nor related hashes cancel each other out.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return finalise(finalise(a + 0x9e3779b97f4a7c15ULL) ^ b);
}
constexpr std::uint64_t mix(Salt salt, std::uint64_t a) { return mix(static_cast<std::uint64_t>(salt), a); }

// In (0, 1), both ends out: 52 bits and a half.
constexpr double unit_of(std::uint64_t hash) { return (static_cast<double>(hash >> 12) + 0.5) * 0x1.0p-52; }

// FNV-1a, finalised: names are short.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return finalise(hash);
}

}  // namespace fluxgate::policies
