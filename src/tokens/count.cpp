#include "fluxgate/tokens/count.hpp"

#include "tokens/embedded.hpp"
#include "tokens/merge.hpp"
#include "tokens/splitter.hpp"
#include "tokens/unicode.hpp"
#include "tokens/vocabulary.hpp"

namespace fluxgate::tokens {

namespace {

const Vocabulary& o200k() {
  static const Vocabulary vocabulary(embedded::o200k_base());
  return vocabulary;
}

const Vocabulary& cl100k() {
  static const Vocabulary vocabulary(embedded::cl100k_base());
  return vocabulary;
}

template <std::size_t (*kPieceSize)(std::string_view)>
std::size_t count_pieces(const Vocabulary& vocabulary, std::string_view text) {
  Merger merger(vocabulary);
  std::size_t tokens = 0;
  while (!text.empty()) {
    const std::size_t size = kPieceSize(text);
    tokens += merger.count(text.substr(0, size));
    text.remove_prefix(size);
  }
  return tokens;
}

}  // namespace

void prepare(Encoding encoding) {
  if (encoding == Encoding::kO200k) o200k();
  if (encoding == Encoding::kCl100k) cl100k();
}

std::size_t count(Encoding encoding, std::string_view utf8) {
  if (encoding == Encoding::kEstimate) return estimate(utf8);
  if (valid_utf8_prefix(utf8) != utf8.size()) return count(encoding, replace_invalid_utf8(utf8));
  return encoding == Encoding::kO200k ? count_pieces<o200k_piece>(o200k(), utf8)
                                      : count_pieces<cl100k_piece>(cl100k(), utf8);
}

}  // namespace fluxgate::tokens
