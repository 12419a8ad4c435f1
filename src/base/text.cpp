#include "fluxgate/base/text.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "fluxgate/base/swar.hpp"

namespace fluxgate {

namespace {

// Eight characters each.
bool same_but_for_case(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t difference = a ^ b;
  if (difference == 0) return true;
  if ((difference & ~swar::repeat(0x20)) != 0) return false;
  // What differs in the bit of the case must be a letter. Exact for each byte: the sums below cannot carry.
  const std::uint64_t lower = a | swar::repeat(0x20);
  const std::uint64_t low = lower & swar::repeat(0x7f);
  const std::uint64_t at_least_a = low + swar::repeat(0x80 - 'a');
  const std::uint64_t above_z = low + swar::repeat(0x7f - 'z');
  const std::uint64_t letters = at_least_a & ~above_z & ~lower & swar::repeat(0x80);
  return (difference << 2 & ~letters) == 0;  // 0x20 << 2 is 0x80
}

// The first and the last four of four to eight characters.
std::uint64_t load_short(const char* text, std::size_t size) {
  std::uint32_t head = 0;
  std::uint32_t tail = 0;
  std::memcpy(&head, text, sizeof head);
  std::memcpy(&tail, text + size - sizeof tail, sizeof tail);
  return std::uint64_t{head} << 32 | tail;
}

}  // namespace

bool detail::iequals(const char* a, const char* b, std::size_t size) {
  if (size < 4) {
    return std::equal(a, a + size, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
  }
  if (size <= 8) return same_but_for_case(load_short(a, size), load_short(b, size));
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (!same_but_for_case(swar::load(a + at), swar::load(b + at))) return false;
  }
  return same_but_for_case(swar::load(a + size - 8), swar::load(b + size - 8));  // the last words may overlap
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
  return out;
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool starts_with_icase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  constexpr std::size_t kSafeDigits = std::numeric_limits<std::uint64_t>::digits10;  // so many cannot overflow
  const bool may_overflow = text.size() > kSafeDigits;
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c) - '0';  // of anything else it is above 9
    if (digit > 9) return std::nullopt;
    if (may_overflow && value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (text.empty()) return std::nullopt;
  return value;
}

bool lists_token(std::string_view header_value, std::string_view token) {
  while (!header_value.empty()) {
    const auto comma = header_value.find(',');
    if (iequals(trim(header_value.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) break;
    header_value.remove_prefix(comma + 1);
  }
  return false;
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
  // Greedy with one point to return to: linear in practice, never exponential.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace fluxgate
