// Which fields cross the gateway. Both directions are allow-lists: a head for the other side is built from nothing, so
// hop-by-hop fields, credentials, cookies, forwarding claims and whatever `Connection` names cannot slip through.
#pragma once

#include <string_view>

namespace fluxgate::http {

// A client's field that an upstream gets to see. Not among them, with the reason:
//   host, content-length, transfer-encoding, connection, expect, te, upgrade   framing and hop: we write our own
//   authorization, x-api-key, cookie, openai-organization, openai-project   the gateway's credentials, not the client's
//   accept-encoding         the answer is scanned, so it must come uncompressed
//   user-agent, x-stainless-*, forwarded, x-forwarded-*   the provider's client is this gateway; callers stay private
//   traceparent, tracestate  telemetry writes the ones of its own span
bool forwards_to_upstream(std::string_view name);

// An upstream's field that the client gets to see. Not among them: framing and hop fields, set-cookie, server, and
// x-ratelimit-*, which describe the gateway's account and not the caller's.
bool returns_to_client(std::string_view name);

}  // namespace fluxgate::http
