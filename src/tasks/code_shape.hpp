// Whether a text looks like program code. Private to the tagger.
#pragma once

#include <string_view>

namespace fluxgate::tasks {

// A Markdown code fence, or several lines with much of the punctuation that code has and prose has not.
bool looks_like_code(std::string_view text);

}  // namespace fluxgate::tasks
