#include "config/text_forms.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "fluxgate/base/text.hpp"

namespace fluxgate::config {
namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

// Largest first within each list, so that formatting finds the shortest form.
constexpr std::array<Unit, 4> kTimeUnits{{{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10},
                                          {"GB", 1000000000}, {"MB", 1000000}, {"KB", 1000}, {"B", 1}}};

template <std::size_t N>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const auto& [name, factor] : units) {
    if (name != text.substr(digits)) continue;
    // Half the range, so that a duration also fits the signed count of milliseconds.
    if (*number > std::numeric_limits<std::uint64_t>::max() / 2 / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

template <class Range>
std::string format_quantity(std::uint64_t value, const Range& units) {
  for (const auto& [name, factor] : units) {
    if (value >= factor && value % factor == 0) return std::to_string(value / factor).append(name);
  }
  return "0" + std::string(units.back().first);
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = d[i - 1][j - 1] + (ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]) ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto value = parse_quantity(text, kTimeUnits);
  if (!value) return std::nullopt;
  return milliseconds(static_cast<milliseconds::rep>(*value));
}

std::string format_duration(milliseconds value) {
  if (value.count() == 0) return "0s";
  return format_quantity(static_cast<std::uint64_t>(value.count()), kTimeUnits);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto plain = parse_decimal(text);
  if (!plain) return parse_quantity(text, kSizeUnits);
  if (*plain > std::numeric_limits<std::uint64_t>::max() / 2) return std::nullopt;
  return plain;
}

std::string format_size(std::uint64_t bytes) {
  return format_quantity(bytes, kSizeUnits);
}

std::optional<double> parse_number(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;  // no sign, no inf, no nan
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

bool is_header_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string escape_control(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out.append("\\x").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  auto shown = text.substr(0, kLongest);
  // Never cut inside a UTF-8 sequence.
  while (shown.size() < text.size() && (static_cast<unsigned char>(text[shown.size()]) & 0xc0) == 0x80) {
    shown.remove_suffix(1);
  }
  return "\"" + escape_control(shown) + (shown.size() < text.size() ? "...\"" : "\"");
}

std::string did_you_mean(std::string_view text, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;  // names are no longer, and the distance costs the product of both lengths
  if (text.size() > kLongest) return {};
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (const auto& word : known) {
    if (word.size() > kLongest) continue;
    const auto distance = edit_distance(text, word);
    if (distance >= best_distance) continue;
    best = &word;
    best_distance = distance;
  }
  return best == nullptr ? std::string{} : " (did you mean \"" + *best + "\"?)";
}

}  // namespace fluxgate::config
