#include "fluxgate/dialects/openai/lenient_string.hpp"

#include <cstdint>
#include <optional>

namespace fluxgate::dialects::openai {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | (c >> 6));
    byte(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    byte(0xe0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  } else {
    byte(0xf0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3f));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  }
}

// `rest` begins behind "\u". The number of characters it took; 0 if it is no escape.
std::size_t append_unicode(std::string& out, std::string_view rest) {
  const auto first = hex4(rest);
  if (!first) return 0;
  if (*first < 0xd800 || *first > 0xdfff) {
    append_utf8(out, *first);
    return 4;
  }
  if (*first < 0xdc00 && rest.size() >= 10 && rest[4] == '\\' && rest[5] == 'u') {
    const auto second = hex4(rest.substr(6));
    if (second && *second >= 0xdc00 && *second <= 0xdfff) {
      append_utf8(out, 0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00));
      return 10;
    }
  }
  append_utf8(out, kReplacement);
  return 4;
}

}  // namespace

std::string decode_leniently(std::string_view contents) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  std::string out;
  out.reserve(contents.size());
  for (std::size_t at = 0; at < contents.size();) {
    const std::size_t backslash = contents.find('\\', at);
    if (backslash == std::string_view::npos || backslash + 1 >= contents.size()) {
      out.append(contents.substr(at));
      break;
    }
    out.append(contents.substr(at, backslash - at));
    at = backslash + 2;
    const char escape = contents[backslash + 1];
    if (const auto known = kEscapes.find(escape); known != std::string_view::npos) {
      out.push_back(kMeanings[known]);
      continue;
    }
    const std::size_t taken = escape == 'u' ? append_unicode(out, contents.substr(at)) : 0;
    if (taken == 0) out.append(contents.substr(backslash, 2));
    at += taken;
  }
  return out;
}

}  // namespace fluxgate::dialects::openai
