// Scans over the characters of names and values: the inner loops of reading and writing heads.
//
// They look at sixteen characters at once where the machine can (every x86-64 can: SSE2), and at one at a time
// otherwise and near the end of the bytes; plain loops over a table were measured to be half of the cost of reading a
// head.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/chars.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fluxgate::http {

#if defined(__SSE2__)
namespace detail {

using Chars = __m128i;
inline constexpr unsigned kAll = 0xffff;  // one bit a character, the first one lowest

inline unsigned bits(Chars found) { return static_cast<unsigned>(_mm_movemask_epi8(found)); }
inline Chars load16(const char* at) { return _mm_loadu_si128(reinterpret_cast<const Chars*>(at)); }
// All of a text of 8 to 16 characters, those in the middle perhaps twice.
inline Chars load8to16(std::string_view text) {
  const auto* tail = reinterpret_cast<const Chars*>(text.data() + text.size() - 8);
  return _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const Chars*>(text.data())), _mm_loadl_epi64(tail));
}
// As unsigned numbers.
inline Chars at_most(Chars chars, char limit) {
  return _mm_cmpeq_epi8(_mm_min_epu8(chars, _mm_set1_epi8(limit)), chars);
}
inline Chars in_range(Chars chars, char low, char high) {
  return at_most(_mm_sub_epi8(chars, _mm_set1_epi8(low)), static_cast<char>(high - low));
}
// Neither letters nor digits nor '-': nearly all names have no other tchars.
inline unsigned unusual_in_name(Chars chars) {
  const Chars letters = in_range(_mm_or_si128(chars, _mm_set1_epi8(0x20)), 'a', 'z');
  const Chars others = _mm_or_si128(in_range(chars, '0', '9'), _mm_cmpeq_epi8(chars, _mm_set1_epi8('-')));
  return bits(_mm_or_si128(letters, others)) ^ kAll;
}
// Below `limit`, or DEL.
inline unsigned controls(Chars chars, char limit) {
  return bits(_mm_or_si128(at_most(chars, static_cast<char>(limit - 1)), _mm_cmpeq_epi8(chars, _mm_set1_epi8(0x7f))));
}

// 0 if `find` finds nothing in all of the text. Texts of less than 8 characters are not worth it, so never 0.
template <class Find>
unsigned find_any(std::string_view text, Find find) {
  if (text.size() < 8) return kAll;
  if (text.size() <= 16) return find(load8to16(text));
  unsigned found = find(load16(text.data() + text.size() - 16));
  for (std::size_t at = 0; at + 16 < text.size(); at += 16) found |= find(load16(text.data() + at));
  return found;
}

}  // namespace detail
#endif

// The first character in [at, end) that is no tchar, or end.
inline const char* skip_tchars(const char* at, const char* end) {
#if defined(__SSE2__)
  while (end - at >= 16) {
    const unsigned unusual = detail::unusual_in_name(detail::load16(at));
    if (unusual == 0) {
      at += 16;
      continue;
    }
    at += std::countr_zero(unusual);
    if (!is_tchar(*at)) return at;  // else it is one of the tchars that names hardly ever have
    ++at;
  }
#endif
  while (at != end && is_tchar(*at)) ++at;
  return at;
}

// The first character in [at, end) that is below `limit` or DEL, or end.
template <char limit>
const char* skip_from(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    const unsigned found = detail::controls(detail::load16(at), limit);
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && static_cast<std::uint8_t>(*at) >= limit && *at != 0x7f) ++at;
  return at;
}

// The first character in [at, end) that no field value may hold, or end.
inline const char* skip_field_chars(const char* at, const char* end) {
  for (;; ++at) {
    at = skip_from<' '>(at, end);
    if (at == end || *at != '\t') return at;
  }
}

inline bool all_tchars(std::string_view text) {
#if defined(__SSE2__)
  if (detail::find_any(text, detail::unusual_in_name) == 0) return true;
#endif
  const char* const end = text.data() + text.size();
  return skip_tchars(text.data(), end) == end;
}

inline bool all_field_chars(std::string_view text) {
#if defined(__SSE2__)
  if (detail::find_any(text, [](detail::Chars chars) { return detail::controls(chars, ' '); }) == 0) return true;
#endif
  const char* const end = text.data() + text.size();
  return skip_field_chars(text.data(), end) == end;
}

}  // namespace fluxgate::http
