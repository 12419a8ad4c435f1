#include "tokens/splitter.hpp"

#include "fluxgate/base/text.hpp"
#include "tokens/unicode.hpp"

namespace fluxgate::tokens {

namespace {

constexpr unsigned bit(CharClass kind) { return 1U << static_cast<unsigned>(kind); }

constexpr unsigned kLetters = bit(CharClass::kUpper) | bit(CharClass::kLower) | bit(CharClass::kLetter);
// o200k: a word is a run of the first set and then one of the second; letters without case and marks are in both.
constexpr unsigned kBothCases = bit(CharClass::kLetter) | bit(CharClass::kMark);
constexpr unsigned kHead = bit(CharClass::kUpper) | kBothCases;
constexpr unsigned kTail = bit(CharClass::kLower) | kBothCases;
constexpr unsigned kSymbols = bit(CharClass::kOther) | bit(CharClass::kMark);  // [^\s\p{L}\p{N}]
constexpr unsigned kWhitespace = bit(CharClass::kSpace) | bit(CharClass::kNewline);

bool in(Char c, unsigned set) { return (bit(c.kind) & set) != 0; }

// Offset of the first character at or behind `at` that is not in the set.
std::size_t run_end(std::string_view text, std::size_t at, unsigned set) {
  while (at < text.size()) {
    const Char c = decode_char(text.data() + at);
    if (!in(c, set)) break;
    at += c.size;
  }
  return at;
}

// Size of (?i:'s|'t|'re|'ve|'m|'ll|'d) at `at`, 0 if it does not stand there. Ignoring case, U+017F is an s.
std::size_t contraction(std::string_view text, std::size_t at) {
  if (text.size() - at < 2 || text[at] != '\'') return 0;
  const std::string_view rest = text.substr(at + 1, 2);
  const char first = ascii_lower(rest[0]);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (rest.size() < 2) return 0;
  const char second = ascii_lower(rest[1]);
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  if (first == 'l' && second == 'l') return 3;
  return rest == "\xc5\xbf" ? 3 : 0;
}

// \p{N}{1,3}
std::size_t digits_end(std::string_view text) {
  std::size_t at = 0;
  for (int taken = 0; taken < 3 && at < text.size(); ++taken) {
    const Char c = decode_char(text.data() + at);
    if (c.kind != CharClass::kNumber) break;
    at += c.size;
  }
  return at;
}

// " ?[^\s\p{L}\p{N}]+" at the start of the text and then whatever of `closing` follows; 0 if it does not stand there.
std::size_t symbols_end(std::string_view text, std::string_view closing) {
  const std::size_t begin = text[0] == ' ' ? 1 : 0;
  std::size_t at = run_end(text, begin, kSymbols);
  if (at == begin) return 0;
  while (at < text.size() && closing.find(text[at]) != std::string_view::npos) ++at;
  return at;
}

// The alternatives for white space, with which the text begins. A run goes up to its last line break; without one it
// leaves its last character to the word behind it, unless that is all it has. `whole_at_end`: at the end of the text
// the run is one piece, line breaks or not.
std::size_t whitespace_end(std::string_view text, bool whole_at_end) {
  std::size_t at = 0;
  std::size_t last = 0;           // begin of the last character
  std::size_t behind_break = 0;   // end of the last line break
  while (at < text.size()) {
    const Char c = decode_char(text.data() + at);
    if (!in(c, kWhitespace)) break;
    last = at;
    at += c.size;
    if (c.kind == CharClass::kNewline) behind_break = at;
  }
  if (whole_at_end && at == text.size()) return at;
  if (behind_break != 0) return behind_break;
  return at == text.size() || last == 0 ? at : last;
}

struct Word {
  std::size_t end;  // where it begins if there is none
  bool has_tail;    // the first of the two alternatives for words, which precedes the second
};

// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+, or else the same with + and *.
Word o200k_word(std::string_view text, std::size_t begin) {
  std::size_t at = begin;
  std::size_t behind_both = begin;  // how far the head must give back for a tail of one character
  while (at < text.size()) {
    const Char c = decode_char(text.data() + at);
    if (!in(c, kHead)) {
      if (c.kind == CharClass::kLower) return {run_end(text, at + c.size, kTail), true};
      break;
    }
    at += c.size;
    if (in(c, kBothCases)) behind_both = at;
  }
  if (behind_both != begin) return {behind_both, true};
  return {at, false};
}

}  // namespace

std::size_t o200k_piece(std::string_view text) {
  const Char first = decode_char(text.data());
  if (first.kind == CharClass::kNumber) return digits_end(text);
  if (first.kind == CharClass::kNewline) return whitespace_end(text, false);
  // One character that is neither letter nor digit nor line break may precede a word.
  const std::size_t begin = in(first, kLetters) ? 0 : first.size;
  Word word = o200k_word(text, begin);
  // A mark is first tried as such a character, then as a word of its own; only then comes a word without a tail.
  if (first.kind == CharClass::kMark && !word.has_tail) word = {begin, true};
  if (word.has_tail || word.end != begin) return word.end + contraction(text, word.end);
  if (const std::size_t end = symbols_end(text, "\r\n/"); end != 0) return end;
  return whitespace_end(text, false);
}

std::size_t cl100k_piece(std::string_view text) {
  const Char first = decode_char(text.data());
  if (in(first, kLetters)) return run_end(text, first.size, kLetters);
  if (first.kind == CharClass::kNumber) return digits_end(text);
  if (first.kind == CharClass::kNewline) return whitespace_end(text, true);
  if (const std::size_t size = contraction(text, 0); size != 0) return size;
  if (const std::size_t end = run_end(text, first.size, kLetters); end != first.size) return end;
  if (const std::size_t end = symbols_end(text, "\r\n"); end != 0) return end;
  return whitespace_end(text, true);
}

}  // namespace fluxgate::tokens
