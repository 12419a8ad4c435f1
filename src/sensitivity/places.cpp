// Addresses (IP, mail, URLs with a password) and dates.
#include <algorithm>
#include <array>
#include <optional>

#include "sensitivity/checks.hpp"
#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {
namespace {

constexpr std::size_t kLongestLocal = 64;  // RFC 5321: before the '@'
constexpr std::size_t kLongestDomain = 253;

// A number of at most `most` digits at `at`; nullopt if there is none or it is longer.
std::optional<unsigned> small_number(const Text& text, std::size_t at, std::size_t most) {
  unsigned value = 0;
  std::size_t i = at;
  for (; is_digit(text.at(i)); ++i) {
    if (i - at == most) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(text.at(i) - '0');
  }
  return i > at ? std::optional(value) : std::nullopt;
}

bool is_local(char c) { return is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\''; }

// Behind a host name with a dot whose last label is all letters; 0 if there is none at `at`.
std::size_t domain_end(const Text& text, std::size_t at) {
  constexpr std::array<std::string_view, 11> kFiles{"png", "jpg", "jpeg", "gif",  "svg", "webp",
                                                    "css", "js",  "html", "json", "ico"};
  std::size_t label = at;
  std::size_t dots = 0;
  std::size_t end = 0;
  while (label - at < kLongestDomain) {
    const auto after = text.skip(
        label, [](char c) { return is_alnum(c) || c == '-'; }, 64);
    const auto name = text.sub(label, after - label);
    if (name.empty() || name.size() > 63 || name.front() == '-' || name.back() == '-') break;
    const bool letters = std::all_of(name.begin(), name.end(), is_alpha);
    const bool file = std::any_of(kFiles.begin(), kFiles.end(), [&](auto one) { return iequals(one, name); });
    end = dots > 0 && letters && name.size() >= 2 && !file ? after : 0;  // only if the name ends here
    if (text.at(after) != '.' || !is_alnum(text.at(after + 1))) break;
    label = after + 1;
    ++dots;
  }
  return end;
}

}  // namespace

// Four numbers up to 255 with dots between them: behind them, or 0.
std::size_t Scanner::dotted_quad(std::size_t at) const {
  std::size_t i = at;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && text_.at(i++) != '.') return 0;
    const auto octet = small_number(text_, i, 3);
    if (!octet || *octet > 255 || (text_.at(i) == '0' && *octet != 0)) return 0;
    i = text_.skip(i, is_digit);
  }
  const bool goes_on = is_word(text_.at(i)) || text_.at(i) == '-' || (text_.at(i) == '.' && is_digit(text_.at(i + 1)));
  return goes_on ? 0 : i;
}

std::size_t Scanner::ipv4(std::size_t at) {
  const char front = text_.before(at);
  if (front == '.' || front == '-' || (front == '/' && is_alnum(text_.before(at, 2)))) return 0;  // Chrome/120.0.6.1
  const auto end = dotted_quad(at);
  if (end == 0) return 0;
  std::uint32_t address = 0;
  bool single_digits = true;
  for (std::size_t i = at; i < end; ++i) {
    const unsigned octet = *small_number(text_, i, 3);
    address = address << 8 | octet;
    single_digits = single_digits && octet < 10;
    i = text_.skip(i, is_digit);
  }
  if ((address & 0xff) == 0 || !public_ipv4(address)) return 0;  // x.y.z.0 is a network, or a version
  if (context_.near(Context::kVersion, at)) return 0;
  return !single_digits || context_.near(Context::kHost, at) ? end : 0;  // 1.2.3.4 is how versions and chapters look
}

// Global addresses begin with 2 or 3 and four digits; what may look alike (times, MAC addresses, C++) does not.
std::size_t Scanner::ipv6(std::size_t at) const {
  const char front = text_.before(at);
  if ((text_.at(at) != '2' && text_.at(at) != '3') || text_.skip(at, is_hex, 5) != at + 4 || text_.at(at + 4) != ':' ||
      front == ':' || front == '.') {
    return 0;
  }
  std::array<std::uint16_t, 8> groups{};
  std::size_t count = 0;
  bool gap = false;
  std::size_t i = at;
  while (count < groups.size()) {
    const auto end = text_.skip(i, is_hex, 5);
    if (end == i || end - i > 4) break;
    unsigned value = 0;
    for (const char c : text_.sub(i, end - i)) {
      value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10);
    }
    groups[count++] = static_cast<std::uint16_t>(value);
    i = end;
    if (text_.at(i) != ':') break;
    if (text_.at(i + 1) == ':') {
      if (gap) return 0;
      gap = true;
      i += 2;
    } else if (is_hex(text_.at(i + 1))) {
      ++i;
    } else {
      break;
    }
  }
  const bool complete = gap ? count < groups.size() : count == groups.size();
  if (!complete || is_word(text_.at(i)) || (text_.at(i) == ':' && is_word(text_.at(i + 1)))) return 0;
  return public_ipv6(groups[0], count > 1 ? groups[1] : 0) ? i : 0;
}

// 1984-03-12, 12/03/1984, 3.12.84, day and month in either order: behind it, or 0.
std::size_t Scanner::date(std::size_t at, std::size_t digits) const {
  const char separator = text_.at(at + digits);
  if ((separator != '-' && separator != '/' && separator != '.') || glued(at)) return 0;
  std::array<unsigned, 3> parts{};
  std::array<std::size_t, 3> sizes{};
  std::size_t i = at;
  for (std::size_t part = 0; part < 3; ++part) {
    if (part > 0 && text_.at(i++) != separator) return 0;
    const auto value = small_number(text_, i, 4);
    if (!value) return 0;
    parts[part] = *value;
    const auto end = text_.skip(i, is_digit);
    sizes[part] = end - i;
    i = end;
  }
  if (!ends(i) || sizes[1] > 2) return 0;
  if (sizes[0] == 4) return sizes[2] <= 2 && calendar_date(parts[0], parts[1], parts[2]) ? i : 0;
  if (sizes[0] > 2 || (sizes[2] != 4 && sizes[2] != 2)) return 0;
  const unsigned year = sizes[2] == 4 ? parts[2] : 1900 + parts[2];
  return calendar_date(year, parts[0], parts[1]) || calendar_date(year, parts[1], parts[0]) ? i : 0;
}

// "12 March 1984", "March 12, 1984": behind it, or 0.
std::size_t Scanner::date_in_words(std::size_t at, std::size_t digits) const {
  if (digits > 2) return 0;
  const auto day = small_number(text_, at, 2);
  const auto year_after = [&](std::size_t i) -> std::size_t {
    if (text_.at(i) == ',') ++i;
    if (text_.at(i) != ' ') return 0;
    const auto year = small_number(text_, i + 1, 4);
    return year && calendar_date(*year, 1, *day) && ends(i + 5) ? i + 5 : 0;
  };
  const auto i = text_.skip(at + digits, is_lower, 3);  // st, nd, rd, th
  if (i - at - digits == 1 || i - at - digits == 3) return 0;
  if (text_.before(at) == ' ') {
    const std::size_t end = at - 1;
    std::size_t word = end;
    while (end - word < 10 && is_alpha(text_.before(word))) --word;
    if (end > word && month_of(text_.sub(word, end - word)) != 0) return year_after(i);
  }
  if (text_.at(i) != ' ' || !is_alpha(text_.at(i + 1))) return 0;
  const auto end = text_.skip(i + 1, is_alpha, 10);
  return month_of(text_.sub(i + 1, end - i - 1)) != 0 ? year_after(end) : 0;
}

// The password of scheme://user:password@host, whose '@' stands at `at`: behind it, or 0. Examples and references to
// variables are none.
std::size_t Scanner::password_in_url(std::size_t at) const {
  const auto in_password = [](char c) { return c != '\0' && !is_space(c) && c != ':' && c != '/' && c != '@'; };
  std::size_t password = at;
  while (at - password < kLongestLocal && in_password(text_.before(password))) --password;
  if (text_.before(password) != ':' || at - password < 3) return 0;
  std::size_t user = password - 1;
  while (password - user < kLongestLocal && is_local(text_.before(user))) --user;
  if (text_.before(user) != '/' || text_.before(user, 2) != '/' || text_.before(user, 3) != ':') return 0;
  const auto value = text_.sub(password, at - password);
  constexpr std::array<std::string_view, 6> kExamples{"pass", "password", "passwd", "pwd", "secret", "xxx"};
  const bool example = std::any_of(kExamples.begin(), kExamples.end(), [&](auto one) { return iequals(one, value); });
  return example || value.find_first_of("${<%*[") != std::string_view::npos ? 0 : at;
}

std::size_t Scanner::email(std::size_t at, std::size_t domain) const {
  std::size_t start = at;
  while (at - start < kLongestLocal && is_local(text_.before(start))) --start;
  if (start == at || is_local(text_.before(start))) return 0;
  if (text_.at(start) == '.' || text_.before(at) == '.') return 0;
  const bool repository = text_.at(domain) == ':' && text_.sub(start, at - start) == "git";  // git@github.com:a/b
  return repository ? 0 : domain;
}

std::size_t Scanner::mail_or_url(std::size_t at) {
  if (!is_alnum(text_.at(at + 1)) && text_.at(at + 1) != '[') return at + 1;  // no host
  if (on(Kind::kGenericSecret) && take(Kind::kGenericSecret, password_in_url(at)) != 0) return at + 1;
  const auto domain = on(Kind::kEmail) ? domain_end(text_, at + 1) : 0;
  if (domain == 0) return at + 1;
  take(Kind::kEmail, email(at, domain));
  return domain;
}

}  // namespace fluxgate::sensitivity
