// Counting tokens: the fast merging is held against the rule as it is written, with windows so small that pieces of a
// few dozen bytes take the long way; cutting loses nothing; the estimate takes anything.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../unit/tokens/naive_bpe.hpp"
#include "fluxgate/tokens/count.hpp"
#include "tokens/embedded.hpp"
#include "tokens/merge.hpp"
#include "tokens/splitter.hpp"
#include "tokens/unicode.hpp"

namespace {

using namespace fluxgate::tokens;

void require(bool condition) {
  if (!condition) std::abort();
}

// `window`: small, so that the way of long pieces is taken in all its steps.
void check_merging(const Vocabulary& vocabulary, std::string_view bytes, std::size_t window) {
  std::string piece(bytes);
  while (piece.size() <= Merger::kShort) piece += bytes;
  Merger merger(vocabulary, window);
  require(merger.count(piece) == naive_count(vocabulary, piece));
}

std::size_t check_pieces(const Vocabulary& vocabulary, std::size_t (*piece_size)(std::string_view),
                         std::string_view text) {
  Merger merger(vocabulary);
  std::size_t tokens = 0;
  while (!text.empty()) {
    const std::size_t size = piece_size(text);
    require(size > 0 && size <= text.size());
    const std::size_t expected = naive_count(vocabulary, text.substr(0, size));
    require(merger.count(text.substr(0, size)) == expected);
    tokens += expected;
    text.remove_prefix(size);
  }
  return tokens;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Vocabulary o200k(embedded::o200k_base());
  static const Vocabulary cl100k(embedded::cl100k_base());
  if (size < 2 || size > 300) return 0;
  const std::size_t window = 1 + data[0];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);

  require(estimate(text) >= 1 && estimate_json(text) >= 1);
  check_merging(o200k, text, window);  // whatever it is: merging knows bytes only

  const std::string valid = replace_invalid_utf8(text);
  require(valid_utf8_prefix(valid) == valid.size());
  const std::size_t in_o200k = check_pieces(o200k, o200k_piece, valid);
  const std::size_t in_cl100k = check_pieces(cl100k, cl100k_piece, valid);
  require(count(Encoding::kO200k, text) == in_o200k && count(Encoding::kO200k, valid) == in_o200k);
  require(count(Encoding::kCl100k, text) == in_cl100k && count(Encoding::kCl100k, valid) == in_cl100k);
  return 0;
}
