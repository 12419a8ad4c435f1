#include "sensitivity/checks.hpp"

#include <gtest/gtest.h>

namespace fluxgate::sensitivity {
namespace {

TEST(Checks, Luhn) {
  EXPECT_TRUE(luhn("79927398713"));
  for (const std::string_view wrong : {"79927398710", "79927398711", "79927398712", "79927398714", "79927398719"}) {
    EXPECT_FALSE(luhn(wrong)) << wrong;
  }
}

TEST(Checks, CardNetworks) {
  EXPECT_TRUE(card_network("4111111111111111"));
  EXPECT_TRUE(card_network("2720990000000000"));
  EXPECT_FALSE(card_network("2721000000000000"));
  EXPECT_FALSE(card_network("411111111111111"));   // Visa has no 15 digits
  EXPECT_FALSE(card_network("3782822463100050"));  // American Express has no 16
  EXPECT_FALSE(card_network("9111111111111111"));
}

// Every single wrong digit and every swap of neighbours changes the remainder.
TEST(Checks, IbanSeesSingleErrors) {
  const std::string good = "DE89370400440532013000";
  ASSERT_TRUE(iban_checksum(good));
  for (std::size_t i = 2; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '9' ? '0' : static_cast<char>(bad[i] + 1);
    EXPECT_FALSE(iban_checksum(bad)) << bad;
    if (i + 1 == good.size() || good[i] == good[i + 1]) continue;
    bad = good;
    std::swap(bad[i], bad[i + 1]);
    EXPECT_FALSE(iban_checksum(bad)) << bad;
  }
}

TEST(Checks, IbanCountries) {
  EXPECT_EQ(iban_length("DE"), 22u);
  EXPECT_EQ(iban_length("AD"), 24u);
  EXPECT_EQ(iban_length("YE"), 30u);
  EXPECT_EQ(iban_length("NO"), 15u);
  EXPECT_FALSE(iban_length("US"));
  EXPECT_FALSE(iban_length("ZZ"));
  EXPECT_FALSE(iban_length("AA"));
}

TEST(Checks, PublicAddresses) {
  const auto v4 = [](unsigned a, unsigned b, unsigned c, unsigned d) {
    return public_ipv4(a << 24 | b << 16 | c << 8 | d);
  };
  EXPECT_TRUE(v4(8, 8, 8, 8));
  EXPECT_TRUE(v4(172, 15, 255, 255));
  EXPECT_FALSE(v4(172, 16, 0, 0));
  EXPECT_FALSE(v4(172, 31, 255, 255));
  EXPECT_TRUE(v4(172, 32, 0, 0));
  EXPECT_FALSE(v4(100, 127, 0, 1));
  EXPECT_TRUE(v4(100, 128, 0, 1));
  EXPECT_TRUE(v4(223, 255, 255, 255));
  EXPECT_FALSE(v4(224, 0, 0, 1));
  EXPECT_FALSE(v4(255, 255, 255, 255));
  EXPECT_TRUE(public_ipv6(0x2a00, 0x1450));
  EXPECT_FALSE(public_ipv6(0x2001, 0x0db8));
  EXPECT_FALSE(public_ipv6(0x2001, 0x0000));
  EXPECT_TRUE(public_ipv6(0x2001, 0x0200));
  EXPECT_FALSE(public_ipv6(0xfe80, 0));
  EXPECT_FALSE(public_ipv6(0xfd00, 0));
}

TEST(Checks, Dates) {
  EXPECT_TRUE(calendar_date(1984, 2, 29));
  EXPECT_FALSE(calendar_date(1984, 2, 30));
  EXPECT_FALSE(calendar_date(1899, 1, 1));
  EXPECT_FALSE(calendar_date(1984, 0, 1));
  EXPECT_FALSE(calendar_date(1984, 13, 1));
  EXPECT_EQ(month_of("March"), 3u);
  EXPECT_EQ(month_of("DEC"), 12u);
  EXPECT_EQ(month_of("Marc"), 0u);
  EXPECT_EQ(month_of(""), 0u);
}

TEST(Checks, Entropy) {
  EXPECT_DOUBLE_EQ(entropy("aaaa"), 0);
  EXPECT_DOUBLE_EQ(entropy("abcd"), 2);
  EXPECT_DOUBLE_EQ(entropy("aabb"), 1);
  EXPECT_DOUBLE_EQ(entropy(""), 0);
}

}  // namespace
}  // namespace fluxgate::sensitivity
