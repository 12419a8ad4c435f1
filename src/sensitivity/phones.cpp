#include "sensitivity/checks.hpp"
#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {
namespace {

constexpr std::size_t kMostDigits = 15;  // E.164
constexpr std::size_t kLongest = 30;     // with all its separators

struct Written {
  std::size_t end = 0;  // behind the last digit
  std::size_t digits = 0;
  bool separated = false;
  bool more = false;  // digits go on behind it
};

constexpr bool is_between(char c) { return c == ' ' || c == '.' || c == '-' || c == '(' || c == ')' || c == '/'; }

// Digits with single separators, or ") " and the like, between them; at most `most` digits.
Written read(const Text& text, std::size_t at, std::size_t most) {
  Written number;
  std::size_t i = at;
  while (i < at + kLongest) {
    if (is_digit(text.at(i))) {
      if (number.digits == most) {
        number.more = i == number.end;
        break;
      }
      ++number.digits;
      number.end = ++i;
      continue;
    }
    std::size_t gap = 0;
    while (gap < 3 && is_between(text.at(i + gap))) ++gap;
    if (gap == 0 || gap == 3 || !is_digit(text.at(i + gap))) break;
    number.separated = true;
    i += gap;
  }
  return number;
}

}  // namespace

// 415-555-2671, (415) 555-2671, 415.555.2671, 1-415-555-2671: behind it, or 0.
std::size_t Scanner::north_american(std::size_t at) const {
  std::size_t i = at;
  if (text_.at(i) == '1' && (text_.at(i + 1) == '-' || text_.at(i + 1) == ' ' || text_.at(i + 1) == '.')) i += 2;
  if (text_.at(i) == '(') ++i;
  const bool bracket = text_.before(i) == '(';
  const auto group = [&](std::size_t from, std::size_t size) {
    return text_.skip(from, is_digit, size + 1) - from == size;
  };
  if (!group(i, 3) || text_.at(i) < '2') return 0;
  i += 3;
  if (bracket && text_.at(i) == ')') ++i;
  const char gap = text_.at(i);
  if (gap == ' ' || gap == '-' || gap == '.') {
    ++i;
  } else if (!bracket) {
    return 0;
  }
  if (!group(i, 3) || text_.at(i) < '2') return 0;
  i += 3;
  const char second = text_.at(i);
  if ((second != ' ' && second != '-' && second != '.') || !group(i + 1, 4)) return 0;
  return ends(i + 5) ? i + 5 : 0;
}

// `at` is the first digit after the '+'.
std::size_t Scanner::international(std::size_t at) const {
  const char front = text_.before(at, 2);
  if (is_word(front) || front == '+' || front == ')' || text_.at(at) == '0') return 0;  // 1+2, C++11, UTC+05:30
  const bool fixed = text_.at(at) == '1' || text_.at(at) == '7';  // their numbers all have eleven digits
  const std::size_t least = fixed ? 11 : 8;
  const Written number = read(text_, at, fixed ? 11 : kMostDigits);
  return number.digits >= least && !number.more && !is_word(text_.at(number.end)) ? number.end : 0;
}

std::size_t Scanner::phone(std::size_t at, std::size_t digits) {
  if (text_.before(at) == '+') return international(at);
  if (digits > kMostDigits || glued(at)) return 0;
  const char next = text_.at(at + digits + 1);
  const bool goes_on = is_between(text_.at(at + digits)) && (is_digit(next) || is_between(next));
  if (digits < 8 && !goes_on) return 0;
  if (!context_.near(Context::kCall, at, Context::kOther)) return 0;
  if (digits == 3 || digits == 1) {
    if (const auto end = north_american(at)) return end;
  }
  if (!context_.near(Context::kPhone, at, Context::kOther)) return 0;
  const Written number = read(text_, at, kMostDigits);
  const std::size_t least = number.separated ? 7 : 8;
  if (number.digits < least || number.more || !ends(number.end)) return 0;
  return date(at, digits) != 0 || dotted_quad(at) != 0 ? 0 : number.end;
}

}  // namespace fluxgate::sensitivity
