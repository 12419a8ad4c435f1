// The request target and the Host field.
#pragma once

#include <string>
#include <string_view>

namespace fluxgate::http {

// RFC 9112 section 3.2, without the authority form, which only CONNECT uses.
struct Target {
  std::string_view authority;    // of the absolute form; else empty
  std::string_view path;         // canonical, see RequestHead::path
  std::string_view query;
  const char* fault = nullptr;   // the rule it breaks; the rest is then meaningless
};

// `decoded` receives the path if it has percent-encoding, and must then outlive the result.
Target read_target(std::string_view target, bool is_options, std::string& decoded);

// uri-host [":" port] as this gateway accepts it (see request_head.hpp).
bool valid_host(std::string_view host);

}  // namespace fluxgate::http
