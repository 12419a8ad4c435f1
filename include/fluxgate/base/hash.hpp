// Hashes for look-ups, sampling and sticky choices: fast, well mixed, the same on every machine and in every version, so
// that a session stays where it is across restarts. Not for secrets, and not against an adversary.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fluxgate {

// The finaliser of SplitMix64: every input bit moves every output bit.
constexpr std::uint64_t mix_bits(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

constexpr std::uint64_t combine_hashes(std::uint64_t a, std::uint64_t b) {
  return mix_bits(a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2)));
}

// Eight bytes at a time, one multiplication each (Knuth's multiplicative hashing), and the finaliser at the end. Whoever
// knows the function can make two texts collide. Never 0, which callers use for "none".
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ULL;  // 2^64 over the golden ratio, odd
  const auto step = [](std::uint64_t hash, std::uint64_t word) { return (std::rotl(hash, 23) ^ word) * kFactor; };
  std::uint64_t hash = step(seed, text.size());
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = step(hash, word);
  }
  if (!text.empty()) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data(), text.size());
    hash = step(hash, rest);
  }
  hash = mix_bits(hash);
  return hash == 0 ? 1 : hash;
}

// A hash as a number in (0, 1), both ends out, so that its logarithm can be taken: 52 bits and a half.
constexpr double unit_of(std::uint64_t hash) { return (static_cast<double>(hash >> 12) + 0.5) * 0x1.0p-52; }

}  // namespace fluxgate
