// Byte-pair merging: how many tokens a piece becomes.
//
// The rule: begin with single bytes; of all neighbours whose join is a token, join the pair of the lowest rank, of
// equal ones the leftmost; repeat until no join is a token. Done as it is written this takes quadratic time, and a
// piece can be as long as the text (a megabyte of one letter), so there are two ways:
//
// - up to kShort bytes: as it is written. The bound makes it constant time a byte, and nothing is faster on words.
// - longer: windows of a few kilobytes, each merged with a heap of pairs (n log n), and joined where they overlap. This
//   is exact, because of what the rule implies:
//     A row of tokens is the result for its text if and only if each two neighbours are the result for theirs.
//     (If: take the first join across a boundary between tokens. Until then the joins in the two tokens beside it came
//     in the order in which they come when these two are merged alone, so the same join would come there too; but
//     those two stay apart. Only if: no join crosses a boundary of the result, so the joins between two boundaries
//     come in the same order with and without the rest of the text.)
//   So when the results of two overlapping windows have one token in common, the row of the first window up to this
//   token and of the second one behind it is the result for both: every two neighbours in it are neighbours in one of
//   the results. If the token is not in common, the windows were too short for what reaches back from their ends: all
//   of the piece is done again with windows of twice the size, at worst up to the size of the piece. On every text
//   tried, adversarial ones too, the first size is enough: linear time, and scratch of the size of a window. If it were
//   enough for none, that would be n log n for each of log n sizes.
//
// The alternative, backtracking over a precomputed table of which two tokens may be neighbours, is linear without the
// window, but needs an automaton over all tokens: several times the memory and the time to build it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokens/vocabulary.hpp"

namespace fluxgate::tokens {

class Merger {
 public:
  static constexpr std::size_t kShort = 96;     // bytes; from here on the heap is faster
  static constexpr std::size_t kWindow = 2048;  // bytes; with its scratch it stays in the first-level cache

  explicit Merger(const Vocabulary& vocabulary, std::size_t window = kWindow)
      : vocabulary_(vocabulary), window_(window) {}

  // Tokens of a piece that is not empty. A piece that is a token counts as one, whether merging would get there or not.
  std::size_t count(std::string_view piece);

  // Joins done since the last call: what tests take for the time.
  std::uint64_t take_operations();

 private:
  std::size_t count_short(std::string_view piece);
  std::size_t count_long(std::string_view piece);
  std::optional<std::size_t> count_by_windows(std::string_view piece, std::size_t window);  // nullopt: too short

  // Ends of the tokens of the text, by merging with a heap.
  const std::vector<std::uint32_t>& merge(std::string_view text, std::vector<std::uint32_t>& ends);
  void offer(std::string_view text, std::uint32_t left);

  struct Part {               // of the text, from its own index to next
    std::uint32_t previous;
    std::uint32_t next;
    std::uint32_t rank;       // of its join with the part behind it; kNone if that is no token
  };

  const Vocabulary& vocabulary_;
  std::size_t window_;
  std::uint64_t operations_ = 0;
  // Scratch, kept from piece to piece.
  std::vector<Part> parts_;
  std::vector<std::uint64_t> heap_;  // rank and index of the left part; lowest first; entries go stale
  std::vector<std::uint32_t> ends_;
  std::vector<std::uint32_t> next_ends_;
};

}  // namespace fluxgate::tokens
