#include "tokens/vocabulary.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tokens/embedded.hpp"

namespace fluxgate::tokens {
namespace {

struct Expected {
  std::string_view file;
  std::size_t size;
};

TEST(Vocabulary, HoldsEveryTokenUnderItsRank) {
  for (const Expected expected :
       {Expected{embedded::o200k_base(), 199'998}, Expected{embedded::cl100k_base(), 100'256}}) {
    const Vocabulary vocabulary(expected.file);
    ASSERT_EQ(vocabulary.size(), expected.size);
    EXPECT_EQ(vocabulary.longest(), 128U);
    EXPECT_LT(vocabulary.memory(), 6U << 20);
    // Reads the file by its description, beside the reader of the class.
    const auto byte_at = [&](std::size_t at) { return static_cast<std::uint8_t>(expected.file[at]); };
    std::size_t long_at = 16 + (expected.size + 1) / 2;
    std::size_t at = long_at + (byte_at(8) | std::size_t{byte_at(9)} << 8);
    std::size_t found = 0;
    for (std::size_t rank = 0; rank < expected.size; ++rank) {
      std::size_t length = byte_at(16 + rank / 2) >> (rank % 2 * 4) & 15;
      if (length == 15) length = byte_at(long_at++);
      if (vocabulary.rank(expected.file.substr(at, length)) == rank) ++found;
      at += length;
    }
    EXPECT_EQ(at, expected.file.size());
    EXPECT_EQ(found, expected.size);
  }
}

TEST(Vocabulary, EverySingleByteIsATokenAndNonsenseIsNone) {
  const Vocabulary vocabulary(embedded::cl100k_base());
  std::set<Vocabulary::Rank> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.insert(vocabulary.rank(std::string(1, static_cast<char>(byte))));
  EXPECT_EQ(ranks.size(), 256U);
  EXPECT_FALSE(ranks.contains(Vocabulary::kNone));
  for (const std::string_view none : {"\xff\xff", "qqx", "zqzqzq", "not a token", "ThisIsNoTokenEither"}) {
    EXPECT_EQ(vocabulary.rank(none), Vocabulary::kNone) << none;
  }
  EXPECT_EQ(vocabulary.rank(std::string(129, ' ')), Vocabulary::kNone);
}

TEST(VocabularyDeathTest, AFileThatIsNoneEndsTheProgram) {
  EXPECT_DEATH(Vocabulary("FXTK"), "");
  EXPECT_DEATH(Vocabulary(embedded::cl100k_base().substr(0, 5000)), "");
}

}  // namespace
}  // namespace fluxgate::tokens
