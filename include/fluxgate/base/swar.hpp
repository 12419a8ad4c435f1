// Eight characters in one register: what a scanner of text asks of a whole word before it looks at single characters.
// The answers are masks: 0 if no character of the word has the property, anything else if one has. Which one is not
// told, so the order of bytes on the machine does not matter.
#pragma once

#include <cstdint>
#include <cstring>

namespace fluxgate::swar {

constexpr std::uint64_t repeat(std::uint8_t byte) { return 0x0101010101010101ULL * byte; }

// 8 bytes, at any alignment.
inline std::uint64_t load(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}
inline void store(char* at, std::uint64_t word) { std::memcpy(at, &word, sizeof word); }

// A character below `limit`, which is at most 0x80.
constexpr std::uint64_t any_below(std::uint64_t word, std::uint8_t limit) {
  return (word - repeat(limit)) & ~word & repeat(0x80);
}
constexpr std::uint64_t any_equal(std::uint64_t word, std::uint8_t byte) { return any_below(word ^ repeat(byte), 1); }
// A character above `limit`, which is at most 0x7f.
constexpr std::uint64_t any_above(std::uint64_t word, std::uint8_t limit) {
  return (((word & repeat(0x7f)) + repeat(static_cast<std::uint8_t>(0x7f - limit))) | word) & repeat(0x80);
}

}  // namespace fluxgate::swar
