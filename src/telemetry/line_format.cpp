#include "telemetry/line_format.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace fluxgate::telemetry {
namespace {

// One decoded code point and how many bytes it took; length 0 if the bytes are not UTF-8.
struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t length = 0;
};

// Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
Decoded decode_utf8(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return {};
  return {code, length};
}

// Code points above ASCII that could change how a terminal or a viewer shows the line.
bool is_hostile(std::uint32_t code) {
  return (code >= 0x80 && code <= 0x9f) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void append_unicode_escape(LineBuffer& out, std::uint32_t code) {
  static constexpr char kHex[] = "0123456789abcdef";
  const std::array<char, 6> escape{'\\',
                                   'u',
                                   kHex[code >> 12 & 15],
                                   kHex[code >> 8 & 15],
                                   kHex[code >> 4 & 15],
                                   kHex[code & 15]};
  out.append(escape.data(), escape.data() + escape.size());
}

void append_ascii_escape(LineBuffer& out, char c) {
  switch (c) {
    case '"': return append(out, "\\\"");
    case '\\': return append(out, "\\\\");
    case '\n': return append(out, "\\n");
    case '\r': return append(out, "\\r");
    case '\t': return append(out, "\\t");
    default: return append_unicode_escape(out, static_cast<std::uint8_t>(c));
  }
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

bool is_bare(char c) { return is_plain(c) && c != ' ' && c != '='; }

}  // namespace

void append_time(LineBuffer& out, std::chrono::system_clock::time_point time) {
  struct Cache {
    std::int64_t second = -1;
    std::array<char, 20> text{};  // 2026-11-25T19:30:00.
  };
  thread_local Cache cache;
  const std::int64_t millis = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::int64_t second = millis >= 0 ? millis / 1000 : (millis - 999) / 1000;
  if (second != cache.second) {
    const auto seconds = static_cast<std::time_t>(second);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
    std::copy_n(text.begin(), cache.text.size(), cache.text.begin());
    cache.second = second;
  }
  out.append(cache.text.data(), cache.text.data() + cache.text.size());
  const auto rest = static_cast<int>(millis - second * 1000);
  const std::array<char, 4> tail{static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                                 static_cast<char>('0' + rest % 10), 'Z'};
  out.append(tail.data(), tail.data() + tail.size());
}

void append_number(LineBuffer& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.data() + digits.size());
}

void append_millis(LineBuffer& out, Duration duration) {
  const auto micros = static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count(), 0));
  append_number(out, micros / 1000);
  const auto rest = static_cast<unsigned>(micros % 1000);
  const std::array<char, 4> tail{'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                                 static_cast<char>('0' + rest % 10)};
  out.append(tail.data(), tail.data() + tail.size());
}

void append_escaped(LineBuffer& out, std::string_view text, std::size_t max) {
  const bool cut = text.size() > max;
  if (cut) {
    text = text.substr(0, max);
    // Not in the middle of a character: drop up to three bytes of one that lost its end.
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
      const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
      if (byte < 0x80) break;
      if (byte < 0xc0) continue;
      if (decode_utf8(text.substr(text.size() - back)).length == 0) text.remove_suffix(back);
      break;
    }
  }
  while (!text.empty()) {
    const auto run = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    append(out, text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const Decoded next = decode_utf8(text);
    if (next.length == 0) {
      append(out, "\\ufffd");
    } else if (next.length == 1) {
      append_ascii_escape(out, text.front());
    } else if (is_hostile(next.code_point)) {
      append_unicode_escape(out, next.code_point);  // all of them fit four digits
    } else {
      append(out, text.substr(0, next.length));
    }
    text.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  if (cut) append(out, "...");
}

void append_text_value(LineBuffer& out, std::string_view text, std::size_t max) {
  if (!text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), is_bare)) return append(out, text);
  out.push_back('"');
  append_escaped(out, text, max);
  out.push_back('"');
}

}  // namespace fluxgate::telemetry
