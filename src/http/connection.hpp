// The Connection field (RFC 9110 section 7.6.1).
#pragma once

#include <string_view>

namespace fluxgate::http {

struct ConnectionOptions {
  bool valid = true;        // a list as recipients read it (section 5.6.1.2): tokens, and elements that are empty
  bool close = false;
  bool keep_alive = false;
  bool framing = false;     // lists a field that decides about framing or routing: dropping it would change the message
};

ConnectionOptions read_connection(std::string_view value);

}  // namespace fluxgate::http
