#include "fluxgate/tasks/features.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::tasks {
namespace {

std::uint32_t bucket(std::string_view token) { return crc32(token) & (kBuckets - 1); }

std::vector<std::uint32_t> without_length(std::string_view text) {
  const Features features = features_of(text);
  return {features.begin(), features.end() - 1};
}

TEST(Crc32, IsThatOfZlib) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);  // the check value of CRC-32/ISO-HDLC
  EXPECT_EQ(crc32("6789", crc32("12345")), 0xcbf43926U);
}

TEST(Features, AreTokensAndPairsOfNeighbours) {
  EXPECT_EQ(without_length("Sort THIS"), (std::vector{bucket("sort"), bucket("this"), bucket("sort this")}));
  EXPECT_EQ(without_length("a1+b"), (std::vector{bucket("a"), bucket("1"), bucket("a 1"), bucket("+"), bucket("1 +"),
                                                 bucket("b"), bucket("+ b")}));
  EXPECT_EQ(without_length("42"), (std::vector{bucket("4"), bucket("2"), bucket("4 2")})) << "digits stand alone";
  EXPECT_EQ(without_length("caf\xc3\xa9"), (std::vector{bucket("caf\xc3\xa9")}));
  EXPECT_EQ(without_length("\xe7\xbf\xbb\xe8\xaf\x91"),
            (std::vector{bucket("\xe7\xbf\xbb"), bucket("\xe8\xaf\x91"), bucket("\xe7\xbf\xbb \xe8\xaf\x91")}));
  EXPECT_EQ(without_length(" \t\r\n"), std::vector<std::uint32_t>{});
}

TEST(Features, TellLengthsApart) {
  const auto length = [](std::size_t size) { return *(features_of(std::string(size, ' ')).end() - 1); };
  EXPECT_EQ(length(512), length(1023));
  EXPECT_NE(length(511), length(512));
  EXPECT_NE(length(0), length(1));
}

TEST(Features, AreBounded) {
  const std::string many(100'000, '7');
  EXPECT_EQ(features_of(many).size, kMaxFeatures);
  const std::string blanks(10'000'000, ' ');
  EXPECT_EQ(features_of(blanks + "x").size, 1U) << "only the first kMaxTextBytes are looked at";
  const std::string one(1000, 'a');
  EXPECT_EQ(without_length(one)[0], bucket(one.substr(0, kMaxTokenBytes)));
  EXPECT_EQ(features_of("\xf0\x9f").size, 2U) << "a character cut short";
}

}  // namespace
}  // namespace fluxgate::tasks
