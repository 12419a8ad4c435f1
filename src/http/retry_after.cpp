#include <algorithm>
#include <array>
#include <limits>

#include "fluxgate/base/text.hpp"
#include "fluxgate/http/response_head.hpp"
#include "http/chars.hpp"

namespace fluxgate::http {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). The obsolete forms are not read: no provider sends them.
// In seconds: the year 9999 does not fit the nanoseconds of system_clock.
std::optional<std::chrono::sys_seconds> parse_imf_fixdate(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return std::nullopt;
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = parse_decimal(text.substr(5, 2));
  const auto year = parse_decimal(text.substr(12, 4));
  const auto hour = parse_decimal(text.substr(17, 2));
  const auto minute = parse_decimal(text.substr(20, 2));
  const auto second = parse_decimal(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const auto of_day = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
  return std::chrono::sys_days(date) + of_day;
}

// Digits of any length: what does not fit counts as the longest wait.
std::optional<milliseconds> parse_wait(std::string_view text, std::int64_t unit_ms) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  const auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  const auto count = std::min(parse_decimal(text).value_or(limit), limit);
  return milliseconds(static_cast<std::int64_t>(count) * unit_ms);
}

}  // namespace

std::optional<milliseconds> retry_after(const ResponseHead& head, system_clock::time_point now) {
  if (const auto value = head.find("retry-after-ms")) {
    if (const auto wait = parse_wait(*value, 1)) return wait;
  }
  const auto value = head.find("retry-after");
  if (!value) return std::nullopt;
  if (const auto wait = parse_wait(*value, 1000)) return wait;
  const auto date = parse_imf_fixdate(*value);
  if (!date) return std::nullopt;
  return std::max(milliseconds(0), *date - std::chrono::floor<milliseconds>(now));
}

}  // namespace fluxgate::http
