#include "tokens/census.hpp"

#include <algorithm>
#include <cstring>

#include "fluxgate/base/swar.hpp"

namespace fluxgate::tokens {

namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kBlocksToOverflow = 255;  // of the sums below, a byte each
constexpr std::size_t kAsciiFeatures = static_cast<std::size_t>(Feature::kLatin);

// g++ and clang compile operations on these to whatever the machine has. A mask holds 0 or 0xff in each byte.
using Bytes = std::uint8_t __attribute__((vector_size(kBlock)));
using Mask = Bytes;

Bytes load(const char* at) {
  Bytes bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

// bytes in [low, low + count): the others wrap around to more than that.
template <std::uint8_t kLow, std::uint8_t kCount>
Mask within(Bytes bytes) {
  return reinterpret_cast<Mask>((bytes - kLow) < kCount);
}

struct Kinds {
  explicit Kinds(Bytes bytes)
      : capital(within<'A', 26>(bytes)),
        letter(within<'a', 26>(bytes | 0x20)),
        word(letter | within<0x80, 0x80>(bytes)),
        digit(within<'0', 10>(bytes)),
        line(within<'\n', 1>(bytes) | within<'\r', 1>(bytes)),
        space(within<' ', 1>(bytes)),
        blank(space | within<'\t', 5>(bytes)),
        symbol(~(word | digit | blank | within<0, 1>(bytes))) {}

  Mask capital;
  Mask letter;
  Mask word;
  Mask digit;
  Mask line;
  Mask space;
  Mask blank;
  Mask symbol;
};

class AsciiSums {
 public:
  void add(Bytes bytes, Bytes bytes_before) {
    const Kinds is(bytes);
    const Kinds was(bytes_before);
    count(Feature::kLetters, is.letter);
    count(Feature::kCapitals, is.capital);
    count(Feature::kHumps, is.capital & was.letter & ~was.capital);
    count(Feature::kWords, is.word & ~was.word);
    count(Feature::kWordsAfterSymbol, is.word & was.symbol);
    count(Feature::kDigits, is.digit);
    count(Feature::kNumbers, is.digit & ~was.digit);
    count(Feature::kNumbersAfterSpace, is.digit & was.space);
    count(Feature::kSymbols, is.symbol);
    count(Feature::kSymbolRuns, is.symbol & ~was.symbol);
    count(Feature::kLines, is.line & ~was.line);
    count(Feature::kMoreSpace, is.blank & was.blank);
  }

  void move_to(std::array<std::uint64_t, kFeatures>& counts) {
    for (std::size_t feature = 0; feature < kAsciiFeatures; ++feature) {
      for (std::size_t i = 0; i < kBlock; ++i) counts[feature] += sums_[feature][i];
      sums_[feature] = Bytes{};
    }
  }

 private:
  void count(Feature feature, Mask mask) { sums_[static_cast<std::size_t>(feature)] -= mask; }  // 0xff is -1

  std::array<Bytes, kAsciiFeatures> sums_{};
};

struct Script {
  char16_t first;
  char16_t last;
  Feature feature;
};

// Bounds are multiples of 128 characters, in which the table below is made.
constexpr Script kScripts[] = {
    {0x0080, 0x037f, Feature::kLatin},       {0x0380, 0x03ff, Feature::kGreek},
    {0x0400, 0x04ff, Feature::kCyrillic},    {0x0500, 0x057f, Feature::kCaucasian},
    {0x0580, 0x05ff, Feature::kHebrew},      {0x0600, 0x077f, Feature::kArabic},
    {0x0900, 0x0dff, Feature::kIndic},       {0x0e00, 0x0e7f, Feature::kThai},
    {0x0f00, 0x107f, Feature::kSoutheast},   {0x1080, 0x10ff, Feature::kCaucasian},
    {0x1100, 0x11ff, Feature::kHangul},      {0x1780, 0x17ff, Feature::kSoutheast},
    {0x1e00, 0x1eff, Feature::kLatin},       {0x1f00, 0x1fff, Feature::kGreek},
    {0x2000, 0x2bff, Feature::kWideSymbols}, {0x3000, 0x307f, Feature::kKana},
    {0x3080, 0x30ff, Feature::kKana},        {0x3100, 0x317f, Feature::kHangul},
    {0x3400, 0x9fff, Feature::kIdeographs},  {0xac00, 0xd7ff, Feature::kHangul},
    {0xf900, 0xfaff, Feature::kIdeographs},  {0xfb80, 0xfdff, Feature::kArabic},
    {0xfe80, 0xfeff, Feature::kArabic},      {0xff00, 0xffff, Feature::kWideSymbols},
};

constexpr auto kScriptOfBlock = [] {
  std::array<Feature, 512> table{};
  table.fill(Feature::kOther);
  for (const Script& script : kScripts) {
    for (std::size_t block = script.first / 128U; block <= script.last / 128U; ++block) table[block] = script.feature;
  }
  return table;
}();

// By its first two bytes; what is no UTF-8 gets some script, too.
Feature script_of(std::uint8_t lead, std::uint8_t second) {
  const unsigned six_bits = second & 0x3fU;
  if (lead < 0xe0) return kScriptOfBlock[(lead & 0x1fU) >> 1];
  if (lead == 0xe3 && second == 0x80) return Feature::kWideSymbols;  // U+3000 to U+303F, which the table cannot split
  if (lead < 0xf0) return kScriptOfBlock[(lead & 0x0fU) << 5 | six_bits >> 1];
  if (lead == 0xf0 && second == 0x9f) return Feature::kEmoji;
  if (lead == 0xf0 && second >= 0xa0) return Feature::kIdeographs;
  return Feature::kOther;
}

bool any_wide(const char* block) {
  return ((swar::load(block) | swar::load(block + 8)) & swar::repeat(0x80)) != 0;
}

}  // namespace

void Census::add_wide(const char* at, const char* end) {
  const char* const block_end = at + std::min<std::size_t>(kBlock, static_cast<std::size_t>(end - at));
  for (; at != block_end; ++at) {
    const auto lead = static_cast<std::uint8_t>(*at);
    if (lead < 0xc0) continue;
    const auto second = at + 1 == end ? std::uint8_t{0x80} : static_cast<std::uint8_t>(at[1]);
    ++counts_[static_cast<std::size_t>(script_of(lead, second))];
  }
}

void Census::add(std::string_view chunk) {
  if (chunk.empty()) return;
  const char* at = chunk.data();
  const char* const end = at + chunk.size();
  AsciiSums sums;
  // The first and the last block lack a byte before them or bytes behind them; NUL is nothing to any feature.
  const auto add_partial = [&](char before, std::size_t size) {
    char padded[kBlock + 1] = {before};
    std::memcpy(padded + 1, at, size);
    sums.add(load(padded + 1), load(padded));
    if (any_wide(padded + 1)) add_wide(at, end);
    at += size;
  };
  add_partial(previous_, std::min(chunk.size(), kBlock));
  for (std::size_t blocks = 1; end - at >= static_cast<std::ptrdiff_t>(kBlock); at += kBlock) {
    sums.add(load(at), load(at - 1));
    if (any_wide(at)) add_wide(at, end);
    if (++blocks < kBlocksToOverflow) continue;
    sums.move_to(counts_);
    blocks = 0;
  }
  if (at != end) add_partial(at[-1], static_cast<std::size_t>(end - at));
  sums.move_to(counts_);
  previous_ = end[-1];
}

}  // namespace fluxgate::tokens
