// One pass of the built-in detectors over one text.
//
// next() goes from anchor to anchor (builtins.hpp). Each handler looks at what stands around its anchor, counts what it
// finds and answers where to go on: never back, and behind all it has read except for stretches of bounded length. That
// keeps the pass linear whatever the text says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sensitivity/builtins.hpp"
#include "sensitivity/context.hpp"
#include "sensitivity/text.hpp"

namespace fluxgate::sensitivity {

// What an anchor byte means; 0: nothing.
enum class Anchor : std::uint8_t {
  kNone,
  kDigit,   // numbers of all sorts
  kAt,      // addresses, passwords in URLs
  kLetter,  // '_', '-', 'A', 'J': part of the fixed beginning of a key
  kAssign,  // ':' and '=': something = secret
};
using AnchorTable = std::array<Anchor, 256>;

AnchorTable anchor_table(KindSet enabled);

using Counts = std::array<std::uint32_t, kKindCount>;

class Scanner {
 public:
  Scanner(std::string_view text, KindSet enabled, const AnchorTable& anchors)
      : text_(text), bytes_(text), enabled_(enabled), anchors_(anchors), context_(text_) {}
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  const Counts& run();

 private:
  std::size_t next_anchor(std::size_t from) const;
  bool on(Kind kind) const { return enabled_.has(kind); }
  // Counts a find that ends at `end`; 0 is none. Answers `end`.
  std::size_t take(Kind kind, std::size_t end) {
    if (end != 0) ++counts_[static_cast<std::size_t>(kind)];
    return end;
  }

  // The handlers, one for each sort of anchor: where to go on. What they call answers the end of a find, or 0.
  std::size_t digit(std::size_t at);
  std::size_t mail_or_url(std::size_t at);
  std::size_t key(std::size_t at);
  std::size_t assignment(std::size_t at);

  // numbers.cpp; `at` is the first digit
  std::size_t lettered(std::size_t start, std::size_t at, std::size_t end);
  std::size_t number(std::size_t at, std::size_t digits);
  bool glued(std::size_t at) const;
  bool ends(std::size_t at) const;
  std::size_t card(std::size_t at, std::size_t digits);
  std::size_t iban(std::size_t start) const;
  std::size_t nino(std::size_t letters, std::size_t at);
  std::size_t ssn(std::size_t at, std::size_t digits);
  std::size_t passport(std::size_t start, std::size_t end);
  // phones.cpp
  std::size_t international(std::size_t at) const;
  std::size_t phone(std::size_t at, std::size_t digits);
  std::size_t north_american(std::size_t at) const;
  // places.cpp
  std::size_t dotted_quad(std::size_t at) const;
  std::size_t ipv4(std::size_t at);
  std::size_t ipv6(std::size_t at) const;
  std::size_t date(std::size_t at, std::size_t digits) const;
  std::size_t date_in_words(std::size_t at, std::size_t digits) const;
  std::size_t password_in_url(std::size_t at) const;
  std::size_t email(std::size_t at, std::size_t domain) const;
  // keys.cpp
  std::size_t json_web_token(std::size_t start);
  std::size_t private_key(std::size_t at);

  Text text_;
  std::string_view bytes_;
  KindSet enabled_;
  const AnchorTable& anchors_;
  ContextFinder context_;
  Counts counts_{};
};

}  // namespace fluxgate::sensitivity
