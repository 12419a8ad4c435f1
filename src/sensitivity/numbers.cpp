// Everything that is found by its digits: cards, accounts, social security numbers, documents.
#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "sensitivity/checks.hpp"
#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {
namespace {

constexpr std::size_t kLongestLead = 4;  // letters in front of the first digit that still matter

// How numbers are printed on cards: the digits of each group.
using Grouping = std::array<std::uint8_t, 5>;
constexpr std::array<Grouping, 4> kGroupings{{{4, 4, 4, 4, 3}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}}};

// Groups of digits with the same separator between them, at most as many as a card has.
struct Groups {
  Grouping sizes{};
  std::array<char, 32> digits{};
  std::array<std::size_t, 5> ends{};
};

Groups read_groups(const Text& text, std::size_t at) {
  constexpr std::size_t kLargest = 6;  // digits of a group
  Groups groups;
  const char separator = text.at(at + 4);
  std::size_t written = 0;
  std::size_t i = at;
  for (std::size_t g = 0; g < groups.sizes.size(); ++g) {
    if (g > 0 && text.at(i++) != separator) break;
    const std::size_t size = text.skip(i, is_digit, kLargest + 1) - i;
    if (size == 0 || size > kLargest) break;
    for (const char c : text.sub(i, size)) groups.digits[written++] = c;
    i += size;
    groups.sizes[g] = static_cast<std::uint8_t>(size);
    groups.ends[g] = i;
  }
  return groups;
}

}  // namespace

// The number goes on a word, a path, an identifier or a fraction: part of something else.
bool Scanner::glued(std::size_t at) const {
  const char c = text_.before(at);
  if (is_word(c)) return true;
  return (c == '-' || c == '.' || c == '/') && is_alnum(text_.before(at, 2));
}

// Nothing that continues the number stands behind it.
bool Scanner::ends(std::size_t at) const {
  const char c = text_.at(at);
  if (is_word(c)) return false;
  if (c == '-') return !is_alnum(text_.at(at + 1));
  return (c != '.' && c != '/') || !is_digit(text_.at(at + 1));
}

std::size_t Scanner::digit(std::size_t at) {
  std::size_t start = at;
  while (at - start < kLongestLead && is_alpha(text_.before(start))) --start;
  const std::size_t end = text_.skip(at, is_word);
  std::size_t done = 0;
  if (start < at) {
    if (!is_word(text_.before(start))) done = lettered(start, at, end);
  } else if (!is_word(text_.before(at))) {
    const std::size_t digits = text_.skip(at, is_digit) - at;
    done = number(at, digits);
    if (done == 0 && digits < end - at && on(Kind::kPassport)) done = take(Kind::kPassport, passport(at, end));
  }
  return std::max(done, end);
}

// Up to four letters, then digits: AB123456C, DE89...; a longer word with digits is a name or a hash.
std::size_t Scanner::lettered(std::size_t start, std::size_t at, std::size_t end) {
  if (at - start == 2 && is_upper(text_.at(start)) && is_upper(text_.at(start + 1))) {
    if (const auto done = on(Kind::kIban) ? take(Kind::kIban, iban(start)) : 0) return done;
    if (const auto done = on(Kind::kUkNino) ? take(Kind::kUkNino, nino(start, at)) : 0) return done;
  }
  return on(Kind::kPassport) ? take(Kind::kPassport, passport(start, end)) : 0;
}

std::size_t Scanner::number(std::size_t at, std::size_t digits) {
  if (on(Kind::kIpAddress)) {
    const bool dotted = digits <= 3 && text_.at(at + digits) == '.';
    if (const auto done = dotted ? take(Kind::kIpAddress, ipv4(at)) : 0) return done;
    if (const auto done = text_.at(at + 4) == ':' ? take(Kind::kIpAddress, ipv6(at)) : 0) return done;
  }
  if (on(Kind::kDateOfBirth) && (digits <= 2 || digits == 4)) {
    auto end = date(at, digits);
    if (end == 0) end = date_in_words(at, digits);
    if (end != 0 && context_.near(Context::kBirth, at)) return take(Kind::kDateOfBirth, end);
  }
  const bool spaced_pairs = text_.before(at) == ' ' && (digits == 2 || digits == 6) && at >= 3;
  if (spaced_pairs && on(Kind::kUkNino)) {
    if (const auto done = take(Kind::kUkNino, nino(at - 3, at))) return done;
  }
  if (!glued(at)) {
    if (const auto done = on(Kind::kUsSsn) ? take(Kind::kUsSsn, ssn(at, digits)) : 0) return done;
    if (const auto done = on(Kind::kCreditCard) ? take(Kind::kCreditCard, card(at, digits)) : 0) return done;
    if (const auto done = on(Kind::kPassport) ? take(Kind::kPassport, passport(at, at + digits)) : 0) return done;
  }
  return on(Kind::kPhone) ? take(Kind::kPhone, phone(at, digits)) : 0;
}

// 13 to 19 digits in one piece, or in the groups that are printed on cards, all with the same separator.
std::size_t Scanner::card(std::size_t at, std::size_t digits) {
  const auto valid = [](std::string_view number) {
    return card_network(number) && luhn(number) && number.find_first_not_of(number[0]) != std::string_view::npos;
  };
  if (digits >= 13 && digits <= 19) {
    if (!ends(at + digits) || !valid(text_.sub(at, digits))) return 0;
    // Few cards have other lengths than these two, and many order numbers do.
    const bool usual = digits == 15 || digits == 16;
    return usual || context_.near(Context::kCard, at) ? at + digits : 0;
  }
  if (digits != 4 || (text_.at(at + 4) != ' ' && text_.at(at + 4) != '-')) return 0;
  const Groups groups = read_groups(text_, at);
  for (const Grouping& grouping : kGroupings) {
    const auto count = static_cast<std::size_t>(std::find(grouping.begin(), grouping.end(), 0) - grouping.begin());
    if (!std::equal(grouping.begin(), grouping.begin() + static_cast<std::ptrdiff_t>(count), groups.sizes.begin()))
      continue;
    const auto size = static_cast<std::size_t>(std::accumulate(grouping.begin(), grouping.end(), 0));
    if (ends(groups.ends[count - 1]) && valid({groups.digits.data(), size})) return groups.ends[count - 1];
  }
  return 0;
}

// In one piece, or in groups of four with a space between them.
std::size_t Scanner::iban(std::size_t start) const {
  const auto length = iban_length(text_.sub(start, 2));
  if (!length || !is_digit(text_.at(start + 2)) || !is_digit(text_.at(start + 3))) return 0;
  std::array<char, 34> account{};
  std::size_t i = start;
  for (std::size_t written = 0; written < *length; ++written, ++i) {
    if (written % 4 == 0 && written > 0 && text_.at(i) == ' ') ++i;
    const char c = text_.at(i);
    if (!is_upper(c) && !is_digit(c)) return 0;
    account[written] = c;
  }
  return !is_word(text_.at(i)) && iban_checksum({account.data(), *length}) ? i : 0;
}

// "AB 12 34 56 C", "AB 123456 C"; in one piece it is also how parts and products are numbered: then it needs a word.
std::size_t Scanner::nino(std::size_t letters, std::size_t at) {
  if (is_word(text_.before(letters)) || !nino_prefix(text_.at(letters), text_.at(letters + 1))) return 0;
  bool spaced = at > letters + 2;
  std::size_t i = at;
  for (int pair = 0; pair < 3; ++pair) {
    if (pair > 0 && text_.at(i) == ' ') {
      spaced = true;
      ++i;
    }
    if (!is_digit(text_.at(i)) || !is_digit(text_.at(i + 1))) return 0;
    i += 2;
  }
  if (text_.at(i) == ' ') ++i;
  const char suffix = text_.at(i);
  if (suffix < 'A' || suffix > 'D' || is_word(text_.at(i + 1))) return 0;
  return spaced || context_.near(Context::kNino, letters) ? i + 1 : 0;
}

// 123-45-6789 speaks for itself; with spaces or in one piece it needs a word.
std::size_t Scanner::ssn(std::size_t at, std::size_t digits) {
  if (digits == 9) {
    const bool sound = ends(at + 9) && ssn_issued(text_.sub(at, 9));
    return sound && context_.near(Context::kSsn, at) ? at + 9 : 0;
  }
  const char separator = text_.at(at + 3);
  if (digits != 3 || (separator != '-' && separator != ' ')) return 0;
  if (text_.skip(at + 4, is_digit, 3) != at + 6 || text_.at(at + 6) != separator) return 0;
  if (text_.skip(at + 7, is_digit, 5) != at + 11 || !ends(at + 11)) return 0;
  std::string number(text_.sub(at, 3));
  number.append(text_.sub(at + 4, 2)).append(text_.sub(at + 7, 4));  // nine characters: no allocation
  if (!ssn_issued(number)) return 0;
  return separator == '-' || context_.near(Context::kSsn, at) ? at + 11 : 0;
}

// No two countries number alike: eight or nine capitals and digits, most of them digits, soon after the word.
std::size_t Scanner::passport(std::size_t start, std::size_t end) {
  const std::size_t size = end - start;
  if ((size != 8 && size != 9) || glued(start) || !ends(end)) return 0;
  const auto number = text_.sub(start, size);
  const auto digits = std::count_if(number.begin(), number.end(), is_digit);
  if (digits < 6 || !std::all_of(number.begin(), number.end(), [](char c) { return is_digit(c) || is_upper(c); })) {
    return 0;
  }
  return context_.near(Context::kPassport, start) ? end : 0;
}

}  // namespace fluxgate::sensitivity
