#include <bit>
#include <cstring>

#include "fluxgate/dialects/openai/request_facts.hpp"

namespace fluxgate::dialects::openai {
namespace {

// Odd, with bits everywhere: 2^64 over the golden ratio, as in Knuth's multiplicative hashing.
constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ULL;

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t word) { return (std::rotl(hash, 23) ^ word) * kFactor; }

}  // namespace

std::uint64_t fact_hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix(seed, text.size());
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    hash = mix(hash, word);
  }
  if (at < text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, text.size() - at);
    hash = mix(hash, word);
  }
  // The end of SplitMix64: every bit of the result depends on every bit of the state.
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  hash ^= hash >> 31;
  return hash == 0 ? 1 : hash;
}

}  // namespace fluxgate::dialects::openai
