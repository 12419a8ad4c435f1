// How many tokens a text is: exactly, where the vocabulary of the model is known, and as an estimate otherwise.
//
// count() gives what tiktoken's encode_ordinary gives for the same text: names of special tokens are plain text. Bytes
// that are not UTF-8 count as U+FFFD, one for each maximal broken sequence, as Python's decode(errors="replace") reads
// them. Time and memory: linear in the text for every text anybody found (see src/tokens/merge.hpp for why), n log n at
// the very worst, and scratch of a few hundred kilobytes at most on such texts.
//
// The vocabularies are part of the program (config/tokenizers); the pages stay on disk until an encoding is used first.
// That first use builds a look-up table of 2 to 4 MB within some 20 ms; prepare() does it ahead of the first request.
// Everything here is pure but for that, and may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fluxgate::tokens {

enum class Encoding : std::uint8_t {
  kEstimate,  // vocabulary not known: estimate() is all there is
  kO200k,     // o200k_base: gpt-4o and everything of OpenAI since
  kCl100k,    // cl100k_base: gpt-4, gpt-3.5, the embedding models
};

// "o200k_base", "cl100k_base", "estimate"; nullopt for anything else.
std::optional<Encoding> parse_encoding(std::string_view name);

// By the names of OpenAI's models, also behind "provider/" prefixes; kEstimate if the model is nobody's we know.
Encoding encoding_for_model(std::string_view model);

// Builds the table of the encoding if it does not stand yet: some 20 ms of CPU, so not on a worker.
void prepare(Encoding encoding);

std::size_t count(Encoding encoding, std::string_view utf8);

// Weighs the characters by script and the words by their number; see docs/tokens.md for its error. Never 0 for a text
// that is not empty. For bodies on the data path: over 1 GB/s on ASCII.
std::uint32_t estimate(std::string_view utf8);

// The same for what stands between the quotes of a JSON string: escapes weigh as what they stand for.
std::uint32_t estimate_json(std::string_view raw_json_string_contents);

}  // namespace fluxgate::tokens
