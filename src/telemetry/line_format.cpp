#include "telemetry/line_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "fluxgate/base/swar.hpp"

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

constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// What a character needs before it may stand in a line.
enum Care : std::uint8_t {
  kNone,    // stands as it is, with or without quotation marks
  kQuotes,  // stands as it is inside quotation marks
  kEscape,  // needs an escape, or is a byte of a longer character
};

consteval std::array<Care, 256> make_care() {
  std::array<Care, 256> care{};
  for (unsigned i = 0; i < care.size(); ++i) care[i] = is_plain(static_cast<char>(i)) ? kNone : kEscape;
  care[' '] = care['='] = kQuotes;
  return care;
}
constexpr auto kCare = make_care();

Care care_of(char c) { return kCare[static_cast<std::uint8_t>(c)]; }

bool all_plain(std::uint64_t word) {
  return (swar::any_below(word, 0x20) | swar::any_above(word, 0x7e) | swar::any_equal(word, '"') |
          swar::any_equal(word, '\\')) == 0;
}

// At most max bytes, and no character that has lost its end: up to three bytes of one are dropped.
std::string_view cut(std::string_view text, std::size_t max) {
  text = text.substr(0, max);
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    if (decode_utf8(text.substr(text.size() - back)).length == 0) text.remove_suffix(back);
    break;
  }
  return text;
}

}  // namespace

void LineWriter::time(std::chrono::system_clock::time_point time) {
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
  verbatim({cache.text.data(), cache.text.size()});
  const auto rest = static_cast<unsigned>(millis - second * 1000);
  character(static_cast<char>('0' + rest / 100));
  character(static_cast<char>('0' + rest / 10 % 10));
  character(static_cast<char>('0' + rest % 10));
  character('Z');
}

void LineWriter::number(std::uint64_t number) {
  if (number < 10) return character(static_cast<char>('0' + number));
  at_ = std::to_chars(at_, at_ + kNumberRoom, number).ptr;
}

void LineWriter::millis(Duration duration) {
  const auto micros = static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count(), 0));
  number(micros / 1000);
  const auto rest = static_cast<unsigned>(micros % 1000);
  character('.');
  character(static_cast<char>('0' + rest / 100));
  character(static_cast<char>('0' + rest / 10 % 10));
  character(static_cast<char>('0' + rest % 10));
}

void LineWriter::escaped(std::string_view text, std::size_t max) {
  const bool is_cut = text.size() > max;
  if (is_cut) text = cut(text, max);
  const char* from = text.data();
  const char* const end = from + text.size();
  char* to = at_;
  for (;;) {
    for (; end - from >= 8; from += 8, to += 8) {
      const std::uint64_t word = swar::load(from);
      if (!all_plain(word)) break;
      swar::store(to, word);
    }
    while (from != end && care_of(*from) != kEscape) *to++ = *from++;
    if (from == end) break;
    at_ = to;
    const Decoded next = decode_utf8({from, end});
    if (next.length == 0) {
      verbatim("\\ufffd");
    } else if (next.length == 1) {
      ascii_escape(*from);
    } else if (is_hostile(next.code_point)) {
      unicode_escape(next.code_point);  // all of them fit four digits
    } else {
      verbatim({from, next.length});
    }
    from += std::max<std::size_t>(next.length, 1);
    to = at_;
  }
  at_ = to;
  if (is_cut) verbatim("...");
}

void LineWriter::ascii_escape(char c) {
  switch (c) {
    case '"': return verbatim("\\\"");
    case '\\': return verbatim("\\\\");
    case '\n': return verbatim("\\n");
    case '\r': return verbatim("\\r");
    case '\t': return verbatim("\\t");
    default: return unicode_escape(static_cast<std::uint8_t>(c));
  }
}

void LineWriter::unicode_escape(std::uint32_t code) {
  static constexpr char kHex[] = "0123456789abcdef";
  verbatim("\\u");
  for (const unsigned shift : {12U, 8U, 4U, 0U}) character(kHex[code >> shift & 15]);
}

void LineWriter::text_value(std::string_view text, std::size_t max) {
  const bool bare = !text.empty() && text.size() <= max &&
                    std::all_of(text.begin(), text.end(), [](char c) { return care_of(c) == kNone; });
  if (bare) return verbatim(text);
  character('"');
  escaped(text, max);
  character('"');
}

}  // namespace fluxgate::telemetry
