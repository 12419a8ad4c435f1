#include "config/text_forms.hpp"

#include <gtest/gtest.h>

namespace fluxgate::config {
namespace {

TEST(Duration, ReadsAndFormats) {
  for (const auto& [text, ms] : std::vector<std::pair<std::string, int>>{
           {"250ms", 250}, {"2s", 2000}, {"1m", 60000}, {"1h", 3600000}, {"0s", 0}, {"90s", 90000}}) {
    const auto value = parse_duration(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->count(), ms);
    EXPECT_EQ(format_duration(*value), text);
  }
  EXPECT_EQ(format_duration(milliseconds(60000)), "1m");
}

TEST(Duration, RefusesOtherForms) {
  for (const std::string text : {"", "5", "s", "1.5s", "-1s", "1 s", "1S", "1d", "1m30s", "99999999999999999999s",
                                 "9223372036854775807h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Size, ReadsAndFormats) {
  for (const auto& [text, bytes] : std::vector<std::pair<std::string, std::uint64_t>>{{"0", 0},
                                                                                      {"1000", 1000},
                                                                                      {"512B", 512},
                                                                                      {"100KB", 100000},
                                                                                      {"64KiB", 65536},
                                                                                      {"2MB", 2000000},
                                                                                      {"10MiB", 10485760},
                                                                                      {"1GB", 1000000000},
                                                                                      {"3GiB", 3221225472}}) {
    EXPECT_EQ(parse_size(text), bytes) << text;
  }
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1001), "1001B");
}

TEST(Size, RefusesOtherForms) {
  for (const std::string text : {"", "B", "1.5MiB", "-1", "1 KiB", "1kib", "1TB", "18446744073709551615",
                                 "99999999999GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Number, IsFiniteAndNotNegative) {
  EXPECT_EQ(parse_number("0.25"), 0.25);
  EXPECT_EQ(parse_number("1e3"), 1000);
  for (const std::string text : {"", "-1", "+1", ".5", "inf", "nan", "1e999", "1x", "0x10", "1,5"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

TEST(Names, AreMetricLabels) {
  EXPECT_TRUE(is_name("gpt-4o.mini_2"));
  EXPECT_TRUE(is_name(std::string(64, 'a')));
  for (const auto& text : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a/b"),
                           std::string("ä")}) {
    EXPECT_FALSE(is_name(text)) << text;
  }
}

TEST(DidYouMean, FindsTheClosestKnownWord) {
  const std::vector<std::string> known = {"attempts", "balance", "fallback", "match", "name", "targets"};
  EXPECT_EQ(did_you_mean("atempts", known), " (did you mean \"attempts\"?)");
  EXPECT_EQ(did_you_mean("nmae", known), " (did you mean \"name\"?)");
  EXPECT_EQ(did_you_mean("Match", known), " (did you mean \"match\"?)");
  EXPECT_EQ(did_you_mean("policy", known), "");
  EXPECT_EQ(did_you_mean(std::string(1000000, 'a'), known), "");
}

TEST(Quote, KeepsAMessageOnItsLine) {
  EXPECT_EQ(quote("a\nb\x7f"), "\"a\\x0ab\\x7f\"");
  EXPECT_EQ(quote(std::string(59, 'a') + "äöü"), "\"" + std::string(59, 'a') + "...\"");  // not inside a character
}

}  // namespace
}  // namespace fluxgate::config
