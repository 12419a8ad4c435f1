// The fields that mean something to the head parsers, recognised once, while a head is read.
#pragma once

#include <cstdint>
#include <string_view>

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

// The length leaves at most two names to compare with.
inline KnownField known_field(std::string_view name) {
  const auto match = [name](std::string_view known, KnownField field) {
    return iequals(name, known) ? field : KnownField::kOther;
  };
  switch (name.size()) {
    case 4: return match("host", KnownField::kHost);
    case 6: return match("expect", KnownField::kExpect);
    case 10:
      return iequals(name, "connection") ? KnownField::kConnection : match("tracestate", KnownField::kTracestate);
    case 11: return match("traceparent", KnownField::kTraceparent);
    case 12: return match("content-type", KnownField::kContentType);
    case 13: return match("authorization", KnownField::kAuthorization);
    case 14: return match("content-length", KnownField::kContentLength);
    case 16:
      return iequals(name, "content-encoding") ? KnownField::kContentEncoding
                                               : match("proxy-connection", KnownField::kProxyConnection);
    case 17: return match("transfer-encoding", KnownField::kTransferEncoding);
    default: return KnownField::kOther;
  }
}

}  // namespace fluxgate::http
