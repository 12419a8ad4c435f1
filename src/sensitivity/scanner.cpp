#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {

AnchorTable anchor_table(KindSet enabled) {
  AnchorTable table{};
  for (std::size_t i = 0; i < kKindCount; ++i) {
    const auto kind = static_cast<Kind>(i);
    if (!enabled.has(kind)) continue;
    for (const char c : anchors(kind)) {
      table[static_cast<unsigned char>(c)] = is_digit(c)            ? Anchor::kDigit
                                             : c == '@'             ? Anchor::kAt
                                             : c == ':' || c == '=' ? Anchor::kAssign
                                                                    : Anchor::kLetter;
    }
  }
  return table;
}

// Eight look-ups a step: most steps of a text without hints end in one comparison.
std::size_t Scanner::next_anchor(std::size_t from) const {
  const auto value = [this](char c) { return static_cast<unsigned>(anchors_[static_cast<unsigned char>(c)]); };
  const std::size_t size = bytes_.size();
  const char* const data = bytes_.data();
  std::size_t i = from;
  for (; i + 8 <= size; i += 8) {
    const char* p = data + i;
    const unsigned any = (value(p[0]) | value(p[1]) | value(p[2]) | value(p[3])) |
                         (value(p[4]) | value(p[5]) | value(p[6]) | value(p[7]));
    if (any != 0) break;
  }
  while (i < size && value(data[i]) == 0) ++i;
  return i;
}

const Counts& Scanner::run() {
  for (std::size_t i = next_anchor(0); i < bytes_.size(); i = next_anchor(i)) {
    switch (anchors_[static_cast<unsigned char>(bytes_[i])]) {
      case Anchor::kDigit: i = digit(i); break;
      case Anchor::kAt: i = mail_or_url(i); break;
      case Anchor::kLetter: i = key(i); break;
      case Anchor::kAssign: i = assignment(i); break;
      case Anchor::kNone: ++i; break;
    }
  }
  return counts_;
}

}  // namespace fluxgate::sensitivity
