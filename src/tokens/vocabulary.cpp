#include "tokens/vocabulary.hpp"

#include <bit>
#include <cstdlib>
#include <cstring>

#include "fluxgate/base/swar.hpp"

namespace fluxgate::tokens {

namespace {

// Of a slot, from its low end: length 8 bits, rank 18, offset 21, tag 17. A length is never 0, so neither is a slot.
constexpr unsigned kRankShift = 8;
constexpr unsigned kOffsetShift = 26;
constexpr unsigned kTagShift = 47;
constexpr std::uint64_t kLengthMask = 0xff;
constexpr std::uint64_t kRankMask = (1U << 18) - 1;
constexpr std::uint64_t kOffsetMask = (1U << 21) - 1;

// The filter takes bits of the hash that neither the slot nor the tag is made of.
constexpr std::size_t kFilterBits = std::size_t{1} << 21;
constexpr std::size_t filter_index(std::uint64_t key) { return key >> 26 & (kFilterBits - 1); }
constexpr std::uint64_t filter_bit(std::uint64_t key) { return std::uint64_t{1} << (filter_index(key) % 64); }

constexpr std::size_t kHeaderBytes = 16;
constexpr std::uint8_t kLongToken = 15;

std::uint32_t load32(const char* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Not keyed: nobody but the vocabulary puts anything into the table. The constants are odd and look random.
std::uint64_t hash(std::string_view bytes) {
  constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15ULL;
  constexpr std::uint64_t kSecond = 0xd6e8feb86659fd93ULL;
  const char* at = bytes.data();
  const std::size_t size = bytes.size();
  if (size < 4) {
    const auto byte = [at](std::size_t index) { return std::uint64_t{static_cast<std::uint8_t>(at[index])}; };
    return mix((byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16) ^ kFirst, kSecond ^ size);
  }
  if (size <= 8) return mix((load32(at) | std::uint64_t{load32(at + size - 4)} << 32) ^ kFirst, kSecond ^ size);
  std::uint64_t state = kSecond ^ size;
  for (std::size_t done = 0; done + 8 < size; done += 8) state = mix(swar::load(at + done) ^ kFirst, state);
  return mix(swar::load(at + size - 8) ^ kFirst, state);
}

void require(bool condition) {
  if (!condition) std::abort();  // the file is part of the program: broken at build time or not at all
}

}  // namespace

Vocabulary::Vocabulary(std::string_view file) {
  static_assert(std::endian::native == std::endian::little, "the files are little endian");
  require(file.size() > kHeaderBytes && file.substr(0, 4) == "FXTK");
  size_ = load32(file.data() + 4);
  const std::size_t long_tokens = load32(file.data() + 8);
  const std::size_t byte_count = load32(file.data() + 12);
  const std::string_view short_lengths = file.substr(kHeaderBytes, (size_ + 1) / 2);
  require(size_ <= kRankMask && byte_count <= kOffsetMask);
  require(file.size() == kHeaderBytes + short_lengths.size() + long_tokens + byte_count);
  const char* long_length = short_lengths.data() + short_lengths.size();
  bytes_ = file.substr(file.size() - byte_count);

  slots_.resize(std::bit_ceil(size_ * 2));
  filter_.resize(kFilterBits / 64);
  pairs_.assign(std::size_t{1} << 16, kNone);
  std::size_t offset = 0;
  for (std::size_t rank = 0; rank < size_; ++rank) {
    const auto two = static_cast<std::uint8_t>(short_lengths[rank / 2]);
    std::size_t length = rank % 2 == 0 ? two & 15 : two >> 4;
    if (length == kLongToken) length = static_cast<std::uint8_t>(*long_length++);
    require(length != 0 && offset + length <= byte_count);
    insert(offset, length, static_cast<Rank>(rank));
    offset += length;
  }
}

void Vocabulary::insert(std::size_t offset, std::size_t length, Rank rank) {
  const std::string_view bytes = bytes_.substr(offset, length);
  if (length == 2) pairs_[pair_index(bytes)] = rank;
  if (length > longest_) longest_ = length;
  const std::uint64_t key = hash(bytes);
  filter_[filter_index(key) / 64] |= filter_bit(key);
  std::size_t slot = key & (slots_.size() - 1);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = (key >> kTagShift) << kTagShift | std::uint64_t{offset} << kOffsetShift |
                 std::uint64_t{rank} << kRankShift | length;
}

Vocabulary::Rank Vocabulary::find(std::string_view bytes) const {
  if (bytes.size() > longest_) return kNone;
  const std::uint64_t key = hash(bytes);
  if ((filter_[filter_index(key) / 64] & filter_bit(key)) == 0) return kNone;
  for (std::size_t slot = key & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    const std::uint64_t found = slots_[slot];
    if (found == 0) return kNone;
    if ((found ^ key) >> kTagShift != 0 || (found & kLengthMask) != bytes.size()) continue;
    const char* token = bytes_.data() + (found >> kOffsetShift & kOffsetMask);
    if (std::memcmp(token, bytes.data(), bytes.size()) == 0) return found >> kRankShift & kRankMask;
  }
}

}  // namespace fluxgate::tokens
