#include "http/connection.hpp"

#include <algorithm>

#include "fluxgate/base/text.hpp"
#include "http/char_scan.hpp"

namespace fluxgate::http {

ConnectionOptions read_connection(std::string_view value) {
  ConnectionOptions options;
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const auto token = trim(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (iequals(token, "keep-alive")) {
      options.keep_alive = true;
    } else if (iequals(token, "close")) {
      options.close = true;
    } else if (iequals(token, "content-length") || iequals(token, "transfer-encoding") || iequals(token, "host")) {
      options.framing = true;
    } else if (!all_tchars(token)) {
      options.valid = false;
    }
  }
  return options;
}

}  // namespace fluxgate::http
