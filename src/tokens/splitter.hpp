// The pre-tokenizer: cuts a text into the pieces within which tokens merge.
//
// The patterns of tiktoken (openai_public.py) by hand, as one look at the first character and one walk behind it: every
// alternative of either pattern is decided by the class of its first characters, and what the patterns leave to
// backtracking ends at a place that the walk can note on its way. Every function takes valid UTF-8 that is not empty
// and returns the size of its first piece, at least one character. No walk looks further than the next piece, so the
// whole is linear.
#pragma once

#include <cstddef>
#include <string_view>

namespace fluxgate::tokens {

std::size_t o200k_piece(std::string_view text);
std::size_t cl100k_piece(std::string_view text);

}  // namespace fluxgate::tokens
