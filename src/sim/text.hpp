// The text of simulated answers and what it is measured in. Everything here is deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/answer.hpp"

namespace fluxgate::sim {

// The answer cut into the pieces that count as its tokens.
struct Generation {
  std::vector<std::string> pieces;
  bool cut_short = false;          // the client's limit ended it

  std::string text() const;
};

// `length` words, which begin by saying that this is the simulated provider, or `limit` of them if that is fewer.
Generation filler(std::size_t length, std::size_t limit);

// A fixed text in pieces of a few bytes, or its first `limit` pieces.
Generation in_pieces(std::string_view text, std::size_t limit);

// The text of a JSON value that fits the schema: what a structured answer holds. Knows objects, arrays, enum, const,
// anyOf and local $ref; a null schema gives a small object that says it is simulated.
std::string json_text(const Json& schema);

// An estimate, at four bytes of text a token: every string inside the value counts, but for data URLs.
std::size_t estimate_tokens(const Json& value);

std::uint64_t hash_text(std::string_view text);   // FNV-1a
std::uint64_t next_random(std::uint64_t& state);  // SplitMix64; advances state
std::string base64(std::string_view bytes);

}  // namespace fluxgate::sim
