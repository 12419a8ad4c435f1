// Byte-pair merging as its rule is written, for comparing: quadratic, nothing remembered from one join to the next.
#pragma once

#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

#include "tokens/vocabulary.hpp"

namespace fluxgate::tokens {

// Where the tokens of the piece begin, and its size.
inline std::vector<std::size_t> naive_merge(const Vocabulary& vocabulary, std::string_view piece) {
  std::vector<std::size_t> begins(piece.size() + 1);
  std::iota(begins.begin(), begins.end(), 0);
  for (;;) {
    Vocabulary::Rank lowest = Vocabulary::kNone;
    std::size_t left = 0;
    for (std::size_t i = 0; i + 2 < begins.size(); ++i) {
      const auto rank = vocabulary.rank(piece.substr(begins[i], begins[i + 2] - begins[i]));
      if (rank >= lowest) continue;
      lowest = rank;
      left = i;
    }
    if (lowest == Vocabulary::kNone) return begins;
    begins.erase(begins.begin() + static_cast<std::ptrdiff_t>(left) + 1);
  }
}

inline std::size_t naive_count(const Vocabulary& vocabulary, std::string_view piece) {
  return vocabulary.rank(piece) != Vocabulary::kNone ? 1 : naive_merge(vocabulary, piece).size() - 1;
}

}  // namespace fluxgate::tokens
