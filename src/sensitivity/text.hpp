// A text that can be asked for any position, and what kinds of characters there are. ASCII only: bytes of other scripts
// are neither letters nor digits here, so a number right after a Chinese character stands alone.
#pragma once

#include <cstddef>
#include <string_view>

#include "fluxgate/base/text.hpp"

namespace fluxgate::sensitivity {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_word(char c) { return is_alnum(c) || c == '_'; }
constexpr bool is_base64url(char c) { return is_word(c) || c == '-'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Text {
 public:
  explicit Text(std::string_view text) : text_(text) {}

  std::size_t size() const { return text_.size(); }
  // NUL outside the text: no class of characters above has it.
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  // The character `back` before i.
  char before(std::size_t i, std::size_t back = 1) const { return back <= i ? at(i - back) : '\0'; }
  std::string_view sub(std::size_t from, std::size_t count) const {
    return from < text_.size() ? text_.substr(from, count) : std::string_view();
  }
  bool has(std::size_t from, std::string_view what) const { return sub(from, what.size()) == what; }
  // The first position from `from` on, at most `limit` further, whose character is not in the class.
  template <class Class>
  std::size_t skip(std::size_t from, Class in_class, std::size_t limit = std::string_view::npos) const {
    std::size_t i = from;
    while (i < text_.size() && i - from < limit && in_class(text_[i])) ++i;
    return i;
  }

 private:
  std::string_view text_;
};

}  // namespace fluxgate::sensitivity
