#include "tokens/unicode.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::tokens {
namespace {

TEST(CharClasses, AreThoseOfTheStandard) {
  EXPECT_EQ(class_of(U'A'), CharClass::kUpper);
  EXPECT_EQ(class_of(U'\u01c5'), CharClass::kUpper);  // Lt
  EXPECT_EQ(class_of(U'\u00df'), CharClass::kLower);
  EXPECT_EQ(class_of(U'\u02b0'), CharClass::kLetter);  // Lm
  EXPECT_EQ(class_of(U'\u4e2d'), CharClass::kLetter);
  EXPECT_EQ(class_of(U'\u0301'), CharClass::kMark);
  EXPECT_EQ(class_of(U'\u0664'), CharClass::kNumber);
  EXPECT_EQ(class_of(U'\u00bd'), CharClass::kNumber);  // No
  EXPECT_EQ(class_of(U'\u0085'), CharClass::kSpace);
  EXPECT_EQ(class_of(U'\u2028'), CharClass::kSpace);
  EXPECT_EQ(class_of(U'\r'), CharClass::kNewline);
  EXPECT_EQ(class_of(U'\u200b'), CharClass::kOther);  // no white space, whatever its name says
  EXPECT_EQ(class_of(U'\u001c'), CharClass::kOther);
  EXPECT_EQ(class_of(U'\U0001f600'), CharClass::kOther);
  EXPECT_EQ(class_of(U'\U00010400'), CharClass::kUpper);
  EXPECT_EQ(class_of(U'\U000e0100'), CharClass::kMark);
  EXPECT_EQ(class_of(U'\U0010ffff'), CharClass::kOther);
}

TEST(CharClasses, AsciiTableAgreesWithTheLargeOne) {
  for (char32_t c = 0; c < 128; ++c) EXPECT_EQ(kAsciiClasses[c], class_of(c)) << static_cast<int>(c);
}

TEST(Chars, DecodeToClassAndSize) {
  const std::string text = "a\u00e9\u4e2d\U0001d7d8";
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at < text.size(); at += sizes.back()) sizes.push_back(decode_char(text.data() + at).size);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 2, 3, 4}));
  EXPECT_EQ(decode_char("\U0001d7d8").kind, CharClass::kNumber);
}

TEST(Utf8, PrefixEndsBeforeTheFirstBrokenSequence) {
  EXPECT_EQ(valid_utf8_prefix(""), 0U);
  EXPECT_EQ(valid_utf8_prefix("plain text of some length"), 25U);
  EXPECT_EQ(valid_utf8_prefix("\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"), 24U);
  for (const std::string_view broken : {"\x80", "\xc1\x80", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80",
                                        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2 "}) {
    EXPECT_EQ(valid_utf8_prefix("0123456789" + std::string(broken)), 10U);
  }
}

TEST(Utf8, ReplacesTheLongestSequencesThatCouldHaveBegunACharacter) {
  EXPECT_EQ(replace_invalid_utf8("ok \u00e9"), "ok \u00e9");
  EXPECT_EQ(replace_invalid_utf8("a\xf0\x9f\x98z"), "a\ufffdz");
  EXPECT_EQ(replace_invalid_utf8("\xf0\x80\x80"), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xe4\xb8\xe4\xb8\xad"), "\ufffd\u4e2d");
}

}  // namespace
}  // namespace fluxgate::tokens
