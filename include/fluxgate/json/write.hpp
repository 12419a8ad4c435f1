// Writing small pieces of JSON by hand: quoting, and the one object every error answer is.
#pragma once

#include <string>
#include <string_view>

namespace fluxgate::json {

// Appends `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD, so that the result is
// always valid JSON whatever a client or an upstream sent.
void append_quoted(std::string& out, std::string_view text);
std::string quoted(std::string_view text);

}  // namespace fluxgate::json
