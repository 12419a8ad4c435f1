// The features of the task classifier: which buckets of a large table a text falls into.
//
// Tokens are words (ASCII letters in lower case; two-byte UTF-8 characters count as letters), single digits, single
// punctuation marks, and single characters of three or four bytes (so that scripts without blanks have tokens at all).
// Each of the first kMaxTokens tokens and each pair of neighbours is one feature, hashed by CRC-32 (IEEE 802.3) into
// kBuckets; one more says how long the text is, in powers of two. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fluxgate::tasks {

inline constexpr std::uint32_t kBucketBits = 18;
inline constexpr std::uint32_t kBuckets = 1U << kBucketBits;
inline constexpr std::size_t kMaxTokens = 400;
inline constexpr std::size_t kMaxTokenBytes = 64;   // of one token; what is longer (base64) is cut into several
inline constexpr std::size_t kMaxTextBytes = 64 * 1024;
inline constexpr std::size_t kMaxFeatures = 2 * kMaxTokens;  // tokens, pairs and the length

// CRC-32 as in zlib. `seed` is the value of what came before.
std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0);

// The buckets of a text, in its order; the same one may come more than once. On the stack: 3.2 KB.
struct Features {
  std::array<std::uint32_t, kMaxFeatures> buckets;
  std::size_t size = 0;
  const std::uint32_t* begin() const { return buckets.data(); }
  const std::uint32_t* end() const { return buckets.data() + size; }
};
// Looks at the first kMaxTextBytes at most.
Features features_of(std::string_view text);

}  // namespace fluxgate::tasks
