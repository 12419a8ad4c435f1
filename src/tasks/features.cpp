#include "fluxgate/tasks/features.hpp"

#include <algorithm>
#include <bit>

#include "fluxgate/base/text.hpp"

namespace fluxgate::tasks {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? (value >> 1) ^ 0xedb88320U : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

constexpr std::uint32_t step(std::uint32_t state, char byte) {
  return kTable[(state ^ static_cast<unsigned char>(byte)) & 0xff] ^ (state >> 8);
}

enum class Kind : std::uint8_t {
  kBlank,   // white space, control characters
  kLetter,  // part of a word
  kSingle,  // a token by itself: digits, punctuation
  kLead,    // first byte of a character of three or four bytes
};

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z') || (i >= 0x80 && i < 0xe0);
    kinds[i] = i <= ' ' || i == 0x7f ? Kind::kBlank : letter ? Kind::kLetter : i >= 0xe0 ? Kind::kLead : Kind::kSingle;
  }
  return kinds;
}
constexpr auto kKinds = make_kinds();

Kind kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

// How many bytes the token at the front of `rest` may have; one of letters may end before.
std::size_t longest_token(Kind kind, std::string_view rest) {
  std::size_t size = 1;
  if (kind == Kind::kLetter) size = kMaxTokenBytes;
  if (kind == Kind::kLead) size = static_cast<unsigned char>(rest.front()) >= 0xf0 ? 4 : 3;
  return std::min(size, rest.size());
}

constexpr std::uint32_t bucket(std::uint32_t state) { return ~state & (kBuckets - 1); }

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t state = ~seed;
  for (const char byte : bytes) state = step(state, byte);
  return ~state;
}

Features features_of(std::string_view text) {
  Features out;
  const std::size_t whole_size = text.size();
  text = text.substr(0, kMaxTextBytes);
  std::size_t tokens = 0;
  std::uint32_t before = 0;  // the state after the token before and a blank
  for (std::size_t at = 0; at < text.size() && tokens < kMaxTokens;) {
    const Kind kind = kind_of(text[at]);
    if (kind == Kind::kBlank) {
      ++at;
      continue;
    }
    const std::size_t limit = at + longest_token(kind, text.substr(at));
    // Both hashes in one pass: the token's, and the pair's, which goes on from the token before.
    std::uint32_t single = ~0U;
    std::uint32_t pair = before;
    do {
      const char c = ascii_lower(text[at]);
      single = step(single, c);
      pair = step(pair, c);
      ++at;
    } while (at < limit && (kind != Kind::kLetter || kind_of(text[at]) == Kind::kLetter));
    out.buckets[out.size++] = bucket(single);
    if (tokens > 0) out.buckets[out.size++] = bucket(pair);
    before = step(single, ' ');
    ++tokens;
  }
  const std::string_view name = "\x01length";
  const char length = static_cast<char>('0' + std::bit_width(whole_size));
  out.buckets[out.size++] = crc32({&length, 1}, crc32(name)) & (kBuckets - 1);
  return out;
}

}  // namespace fluxgate::tasks
