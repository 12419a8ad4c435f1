#include "sensitivity/checks.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "fluxgate/base/text.hpp"
#include "sensitivity/text.hpp"

namespace fluxgate::sensitivity {

bool luhn(std::string_view digits) {
  unsigned sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
    auto digit = static_cast<unsigned>(digits[i] - '0');
    if (twice) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool card_network(std::string_view digits) {
  struct Range {
    unsigned first;  // of the leading six digits
    unsigned last;
    std::uint32_t lengths;  // bit n: numbers of n digits
  };
  constexpr auto length = [](auto... n) { return (0u | ... | (1u << n)); };
  constexpr std::array kRanges{
      Range{400000, 499999, length(13, 16, 19)},  // Visa
      Range{510000, 559999, length(16)},          // Mastercard
      Range{222100, 272099, length(16)},
      Range{340000, 349999, length(15)},  // American Express
      Range{370000, 379999, length(15)},
      Range{300000, 305999, length(14)},  // Diners Club
      Range{360000, 369999, length(14)},
      Range{380000, 399999, length(14)},
      Range{352800, 358999, length(16, 17, 18, 19)},  // JCB
      Range{601100, 601199, length(16, 17, 18, 19)},  // Discover
      Range{644000, 659999, length(16, 17, 18, 19)},
      Range{620000, 629999, length(16, 17, 18, 19)},              // UnionPay
      Range{501800, 501899, length(13, 14, 15, 16, 17, 18, 19)},  // Maestro
      Range{502000, 502099, length(13, 14, 15, 16, 17, 18, 19)},
      Range{503800, 503899, length(13, 14, 15, 16, 17, 18, 19)},
      Range{676100, 676399, length(13, 14, 15, 16, 17, 18, 19)},
  };
  if (digits.size() < 13 || digits.size() > 19) return false;
  unsigned head = 0;
  for (const char c : digits.substr(0, 6)) head = head * 10 + static_cast<unsigned>(c - '0');
  return std::any_of(kRanges.begin(), kRanges.end(), [&](const Range& range) {
    return head >= range.first && head <= range.last && ((range.lengths >> digits.size()) & 1u) != 0;
  });
}

std::optional<std::size_t> iban_length(std::string_view country) {
  struct Row {
    std::string_view country;
    std::uint8_t length;
  };
  // The IBAN registry, by country.
  static constexpr std::array kRows{
      Row{"AD", 24}, Row{"AE", 23}, Row{"AL", 28}, Row{"AT", 20}, Row{"AZ", 28}, Row{"BA", 20}, Row{"BE", 16},
      Row{"BG", 22}, Row{"BH", 22}, Row{"BI", 27}, Row{"BR", 29}, Row{"BY", 28}, Row{"CH", 21}, Row{"CR", 22},
      Row{"CY", 28}, Row{"CZ", 24}, Row{"DE", 22}, Row{"DJ", 27}, Row{"DK", 18}, Row{"DO", 28}, Row{"EE", 20},
      Row{"EG", 29}, Row{"ES", 24}, Row{"FI", 18}, Row{"FK", 18}, Row{"FO", 18}, Row{"FR", 27}, Row{"GB", 22},
      Row{"GE", 22}, Row{"GI", 23}, Row{"GL", 18}, Row{"GR", 27}, Row{"GT", 28}, Row{"HR", 21}, Row{"HU", 28},
      Row{"IE", 22}, Row{"IL", 23}, Row{"IQ", 23}, Row{"IS", 26}, Row{"IT", 27}, Row{"JO", 30}, Row{"KW", 30},
      Row{"KZ", 20}, Row{"LB", 28}, Row{"LC", 32}, Row{"LI", 21}, Row{"LT", 20}, Row{"LU", 20}, Row{"LV", 21},
      Row{"LY", 25}, Row{"MC", 27}, Row{"MD", 24}, Row{"ME", 22}, Row{"MK", 19}, Row{"MN", 20}, Row{"MR", 27},
      Row{"MT", 31}, Row{"MU", 30}, Row{"NI", 28}, Row{"NL", 18}, Row{"NO", 15}, Row{"OM", 23}, Row{"PK", 24},
      Row{"PL", 28}, Row{"PS", 29}, Row{"PT", 25}, Row{"QA", 29}, Row{"RO", 24}, Row{"RS", 22}, Row{"RU", 33},
      Row{"SA", 24}, Row{"SC", 31}, Row{"SD", 18}, Row{"SE", 24}, Row{"SI", 19}, Row{"SK", 24}, Row{"SM", 27},
      Row{"SO", 23}, Row{"ST", 25}, Row{"SV", 28}, Row{"TL", 23}, Row{"TN", 24}, Row{"TR", 26}, Row{"UA", 29},
      Row{"VA", 22}, Row{"VG", 24}, Row{"XK", 20}, Row{"YE", 30}};
  const auto row = std::lower_bound(kRows.begin(), kRows.end(), country,
                                    [](const Row& one, std::string_view name) { return one.country < name; });
  if (row == kRows.end() || row->country != country) return std::nullopt;
  return row->length;
}

bool iban_checksum(std::string_view iban) {
  if (iban.size() < 5) return false;
  unsigned rest = 0;
  const auto eat = [&](char c) {
    rest = is_digit(c) ? rest * 10 + static_cast<unsigned>(c - '0') : rest * 100 + static_cast<unsigned>(c - 'A' + 10);
    rest %= 97;
  };
  for (const char c : iban.substr(4)) eat(c);
  for (const char c : iban.substr(0, 4)) eat(c);
  return rest == 1;
}

bool ssn_issued(std::string_view digits) {
  const auto area = digits.substr(0, 3);
  if (area == "000" || area == "666" || area[0] == '9') return false;
  if (digits.substr(3, 2) == "00" || digits.substr(5) == "0000") return false;
  return digits != "078051120" && digits != "219099999";
}

bool nino_prefix(char first, char second) {
  constexpr std::string_view kNever = "DFIQUV";
  if (!is_upper(first) || !is_upper(second) || second == 'O') return false;
  if (kNever.find(first) != std::string_view::npos || kNever.find(second) != std::string_view::npos) return false;
  constexpr std::array<std::string_view, 7> kUnused{"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
  return std::none_of(kUnused.begin(), kUnused.end(),
                      [&](std::string_view pair) { return pair[0] == first && pair[1] == second; });
}

bool public_ipv4(std::uint32_t address) {
  struct Block {
    std::uint32_t base;
    int prefix;
  };
  constexpr auto at = [](std::uint32_t a, std::uint32_t b, std::uint32_t c) { return a << 24 | b << 16 | c << 8; };
  constexpr std::array kSpecial{Block{at(0, 0, 0), 8},     Block{at(10, 0, 0), 8},      Block{at(100, 64, 0), 10},
                                Block{at(127, 0, 0), 8},   Block{at(169, 254, 0), 16},  Block{at(172, 16, 0), 12},
                                Block{at(192, 0, 0), 24},  Block{at(192, 0, 2), 24},    Block{at(192, 168, 0), 16},
                                Block{at(198, 18, 0), 15}, Block{at(198, 51, 100), 24}, Block{at(203, 0, 113), 24},
                                Block{at(224, 0, 0), 3}};
  return std::none_of(kSpecial.begin(), kSpecial.end(),
                      [&](const Block& block) { return ((address ^ block.base) >> (32 - block.prefix)) == 0; });
}

bool public_ipv6(std::uint16_t first, std::uint16_t second) {
  if ((first & 0xe000) != 0x2000) return false;
  if (first == 0x2001 && (second == 0x0db8 || second < 0x0200)) return false;
  return first != 0x2002 && first != 0x3fff;
}

bool calendar_date(unsigned year, unsigned month, unsigned day) {
  constexpr std::array<unsigned, 12> kDays{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= kDays[month - 1];
}

unsigned month_of(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                     "may",       "june",     "july",     "august",
                                                     "september", "october",  "november", "december"};
  if (text.size() < 3) return 0;
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (iequals(text, kMonths[i]) || (text.size() == 3 && iequals(text, kMonths[i].substr(0, 3)))) return i + 1;
  }
  return 0;
}

double entropy(std::string_view text) {
  std::array<unsigned, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const unsigned count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

}  // namespace fluxgate::sensitivity
