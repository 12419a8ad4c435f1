// The fields that mean something to the head parsers, recognised once, while a head is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fluxgate/base/swar.hpp"
#include "fluxgate/base/text.hpp"

namespace fluxgate::http {

enum class KnownField : std::uint8_t {
  kOther,             // only kept
  kHost,              // the authority of a request
  kExpect,            // 100-continue
  kConnection,        // keep-alive and close
  kTracestate,        // W3C trace context
  kTraceparent,       // likewise
  kContentType,       // asked for on every message
  kAuthorization,     // one a request
  kContentLength,     // framing
  kContentEncoding,   // asked for on every request
  kProxyConnection,   // not ours, but its grammar is Connection's
  kTransferEncoding,  // framing
};

namespace detail {
// `name` is a token of exactly that size, `known` is in lower case. A token has no control characters, so setting the
// bit that tells the cases apart cannot make two different ones equal: letters fold, digits and '-' have it anyway.
template <std::size_t Size>
bool is_known(std::string_view name, const char (&known)[Size]) {
  constexpr std::size_t kSize = Size - 1;
  const auto same_at = [&](std::size_t at) {
    return (swar::load(name.data() + at) | swar::repeat(0x20)) == swar::load(known + at);
  };
  static_assert(kSize >= 8 && kSize <= 24);
  if constexpr (kSize > 16) {
    if (!same_at(8)) return false;
  }
  return same_at(0) && same_at(kSize - 8);
}
}  // namespace detail

// `name` is a token. Its length leaves at most two to compare with.
inline KnownField known_field(std::string_view name) {
  const auto match = [name](const auto& known, KnownField field, KnownField otherwise = KnownField::kOther) {
    return detail::is_known(name, known) ? field : otherwise;
  };
  switch (name.size()) {
    case 4: return iequals(name, "host") ? KnownField::kHost : KnownField::kOther;
    case 6: return iequals(name, "expect") ? KnownField::kExpect : KnownField::kOther;
    case 10: return match("connection", KnownField::kConnection, match("tracestate", KnownField::kTracestate));
    case 11: return match("traceparent", KnownField::kTraceparent);
    case 12: return match("content-type", KnownField::kContentType);
    case 13: return match("authorization", KnownField::kAuthorization);
    case 14: return match("content-length", KnownField::kContentLength);
    case 16:
      return match("content-encoding", KnownField::kContentEncoding,
                   match("proxy-connection", KnownField::kProxyConnection));
    case 17: return match("transfer-encoding", KnownField::kTransferEncoding);
    default: return KnownField::kOther;
  }
}

}  // namespace fluxgate::http
