// Decoding of JSON strings that simdjson refuses.
#pragma once

#include <string>
#include <string_view>

namespace fluxgate::dialects::openai {

// What stands between the quotes, decoded. An escaped lone surrogate (JavaScript writes one where a string was cut in
// the middle of a pair) becomes U+FFFD; a backslash before anything unknown is left as it is.
std::string decode_leniently(std::string_view contents);

}  // namespace fluxgate::dialects::openai
