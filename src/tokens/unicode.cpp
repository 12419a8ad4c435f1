#include "tokens/unicode.hpp"

#include "fluxgate/base/swar.hpp"
#include "tokens/embedded.hpp"

namespace fluxgate::tokens {

namespace {

constexpr std::size_t kBlocks = 0x110000 / 128;
constexpr std::size_t kRowBytes = 64;

// What the first byte of a character of several bytes says about the rest; of no character: size 0.
struct Lead {
  std::uint8_t size = 0;
  std::uint8_t second_low = 0x80;  // bounds of the second byte; all further bytes are 0x80 to 0xbf
  std::uint8_t second_high = 0xbf;
};

constexpr Lead lead_of(std::uint8_t byte) {
  if (byte < 0xc2) return {};
  if (byte < 0xe0) return {.size = 2};
  if (byte == 0xe0) return {.size = 3, .second_low = 0xa0};   // shorter forms exist
  if (byte == 0xed) return {.size = 3, .second_high = 0x9f};  // surrogates
  if (byte < 0xf0) return {.size = 3};
  if (byte == 0xf0) return {.size = 4, .second_low = 0x90};
  if (byte == 0xf4) return {.size = 4, .second_high = 0x8f};  // beyond U+10FFFF
  if (byte < 0xf4) return {.size = 4};
  return {};
}

// The sequence that begins the text: complete, or as many bytes as can begin a character (at least one).
struct Sequence {
  std::size_t size;
  bool complete;
};

Sequence sequence_at(std::string_view text) {
  const Lead lead = lead_of(static_cast<std::uint8_t>(text[0]));
  std::size_t have = 1;
  for (; have < lead.size && have < text.size(); ++have) {
    const auto byte = static_cast<std::uint8_t>(text[have]);
    const std::uint8_t low = have == 1 ? lead.second_low : std::uint8_t{0x80};
    const std::uint8_t high = have == 1 ? lead.second_high : std::uint8_t{0xbf};
    if (byte < low || byte > high) break;
  }
  return {have, have == lead.size};
}

std::size_t ascii_prefix(std::string_view text) {
  std::size_t at = 0;
  while (text.size() - at >= 8 && (swar::load(text.data() + at) & swar::repeat(0x80)) == 0) at += 8;
  while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

CharClass class_of(char32_t code_point) {
  static const char* const table = embedded::unicode_classes().data();
  const auto row = static_cast<std::uint8_t>(table[code_point >> 7]);
  const auto pair = static_cast<std::uint8_t>(table[kBlocks + row * kRowBytes + ((code_point & 127) >> 1)]);
  return static_cast<CharClass>((code_point & 1) != 0 ? pair >> 4 : pair & 15);
}

Char decode_wide_char(const char* at) {
  const auto tail = [at](std::size_t index) { return static_cast<char32_t>(at[index] & 0x3f); };
  const auto lead = static_cast<std::uint8_t>(*at);
  if (lead < 0xe0) return {class_of(static_cast<char32_t>(lead & 0x1f) << 6 | tail(1)), 2};
  if (lead < 0xf0) return {class_of(static_cast<char32_t>(lead & 0x0f) << 12 | tail(1) << 6 | tail(2)), 3};
  return {class_of(static_cast<char32_t>(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)), 4};
}

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  for (;;) {
    at += ascii_prefix(text.substr(at));
    // Scripts beyond ASCII come in runs: no trip through the words for each character.
    while (at < text.size() && static_cast<std::uint8_t>(text[at]) >= 0x80) {
      const Sequence sequence = sequence_at(text.substr(at));
      if (!sequence.complete) return at;
      at += sequence.size;
    }
    if (at == text.size()) return at;
  }
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += "\xef\xbf\xbd";
    text.remove_prefix(sequence_at(text).size);
  }
  return out;
}

}  // namespace fluxgate::tokens
