// The tokens of one encoding by their bytes: a hash table over the embedded file, which keeps the bytes themselves.
//
// One 64-bit word a slot (where the token stands, its length, its rank, 17 bits of its hash), half of the slots or more
// empty, probed in line: a look-up touches one or two cache lines, a hit one more to compare the bytes. Most questions
// of merging are about texts that are no token: a filter of one bit for each hash, small enough for the second-level
// cache, answers nine in ten of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace fluxgate::tokens {

class Vocabulary {
 public:
  using Rank = std::uint32_t;
  static constexpr Rank kNone = std::numeric_limits<Rank>::max();

  // A file in the format of config/tokenizers/build.py, which must outlive this. Anything else is a fault of the
  // build: it ends the program.
  explicit Vocabulary(std::string_view file);

  // kNone if the bytes are no token. At least one byte.
  Rank rank(std::string_view bytes) const {
    // Texts of two bytes are half of all questions and few enough for a table.
    return bytes.size() == 2 ? pairs_[pair_index(bytes)] : find(bytes);
  }

  std::size_t size() const { return size_; }
  std::size_t longest() const { return longest_; }  // bytes
  std::size_t memory() const {  // bytes on the heap
    return (slots_.capacity() + filter_.capacity()) * sizeof(std::uint64_t) + pairs_.capacity() * sizeof(Rank);
  }

 private:
  static std::size_t pair_index(std::string_view two) {
    return static_cast<std::size_t>(static_cast<std::uint8_t>(two[0])) << 8 | static_cast<std::uint8_t>(two[1]);
  }
  Rank find(std::string_view bytes) const;
  void insert(std::size_t offset, std::size_t length, Rank rank);

  std::string_view bytes_;             // of all tokens
  std::vector<std::uint64_t> slots_;   // 0 is an empty one
  std::vector<std::uint64_t> filter_;  // a bit for each hash that a token has
  std::vector<Rank> pairs_;            // by the two bytes
  std::size_t size_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace fluxgate::tokens
