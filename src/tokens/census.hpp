// Counts what a text consists of, as the estimate needs it: words, digits, punctuation and characters of each script.
//
// ASCII goes 16 bytes at a time without a branch on what they are; only characters beyond it are looked at one by one.
// Fed in chunks, which should not cut a character (one that is cut counts as one of its script nonetheless, at most off
// by a neighbouring script).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fluxgate::tokens {

enum class Feature : std::uint8_t {
  kLetters,            // ASCII letters
  kCapitals,           // ... that are capitals
  kHumps,              // capitals behind a small letter
  kWords,              // first character of a run of letters, of whatever script
  kWordsAfterSymbol,   // ... behind punctuation, which is then often part of the word's token
  kDigits,
  kNumbers,            // first digit of a run
  kNumbersAfterSpace,  // ... behind a space, which is then a token of its own
  kSymbols,            // ASCII punctuation and controls, but for NUL
  kSymbolRuns,         // the first of a run
  kLines,              // first line break of a run
  kMoreSpace,          // white space behind white space
  kLatin,              // from here on characters beyond ASCII by script; accented and further Latin letters
  kGreek,
  kCyrillic,
  kCaucasian,          // Armenian, Georgian
  kHebrew,
  kArabic,
  kIndic,
  kThai,
  kSoutheast,          // Burmese, Khmer, Tibetan
  kKana,
  kHangul,
  kIdeographs,
  kWideSymbols,        // general and wide punctuation, arrows, mathematics, boxes
  kEmoji,              // and what else stands beyond U+1F000
  kOther,              // Ethiopic, Lao, Thaana, Yi, ...
};
inline constexpr std::size_t kFeatures = static_cast<std::size_t>(Feature::kOther) + 1;

class Census {
 public:
  void add(std::string_view chunk);
  const std::array<std::uint64_t, kFeatures>& counts() const { return counts_; }

 private:
  void add_wide(const char* at, const char* end);

  std::array<std::uint64_t, kFeatures> counts_{};
  char previous_ = 0;  // last byte of the chunk before
};

}  // namespace fluxgate::tokens
