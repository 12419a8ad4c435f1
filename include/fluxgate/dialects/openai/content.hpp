// Whether the events of a stream show anything of the answer yet, or only that one is coming.
#pragma once

#include <string_view>

namespace fluxgate::dialects::openai {

// True if `events` hold text, reasoning or a tool call: a member that carries such, with a value that is not empty or
// null. A look at the bytes, not a parse: used to judge a race between two attempts, where a chunk that only announces
// the role must not win, and a rare wrong guess costs nothing but the better of two right answers.
bool has_content(std::string_view events);

}  // namespace fluxgate::dialects::openai
