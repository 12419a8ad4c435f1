// Reading the two kinds of network address a configuration holds: host:port and a provider's base URL.
//
// Pure text: nothing is resolved here. Which addresses may be dialled is decided after resolution, in upstream; these
// helpers only let the loader warn and refuse early what is plainly wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

struct BaseUrl {
  bool tls = true;           // https
  std::string host;          // lower case, without the brackets of an IPv6 address
  std::uint16_t port = 443;  // the scheme's own if the URL names none
  std::string path;          // "" or "/v1", never with a slash at the end
};

// "host:port" or "[v6]:port". The host is required; port 0 is allowed.
Result<Address> parse_address(std::string_view text);

// http(s)://host[:port][/path]; no user, query or fragment.
Result<BaseUrl> parse_base_url(std::string_view text);

// A literal loopback address or localhost.
bool is_loopback_host(std::string_view host);

// A literal loopback, private, shared (100.64/10), link-local or unspecified address, or localhost: where a provider
// may live only with allow_private.
bool is_private_address(std::string_view host);

// Also true for names that cannot be on the public Internet: one label (a compose service), .local, .internal, .svc.
bool is_private_host(std::string_view host);

}  // namespace fluxgate::config
