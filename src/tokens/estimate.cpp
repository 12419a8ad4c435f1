#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "fluxgate/base/swar.hpp"
#include "fluxgate/tokens/count.hpp"
#include "tokens/census.hpp"

namespace fluxgate::tokens {

namespace {

// Tokens of o200k_base for one of each feature, in the order of Feature; fitted by tests/bench/tokens/fit.py.
constexpr std::array<double, kFeatures> kWeights = {
    0.103, 0.134, 0.680, 0.593, 0.000, 0.251, 1.207, 0.618, 0.011, 0.705, 0.596, 0.026,
    1.317, 0.289, 0.233, 0.219, 0.326, 0.224, 0.307, 0.405, 0.572, 0.597, 0.540, 0.855,
    0.895, 1.934, 2.024,
};

std::uint32_t weigh(const Census& census) {
  double tokens = 0;
  for (std::size_t i = 0; i < kFeatures; ++i) tokens += kWeights[i] * static_cast<double>(census.counts()[i]);
  return static_cast<std::uint32_t>(std::clamp(std::round(tokens), 1.0, 4e9));
}

// The text of a JSON string, unescaped into a buffer that goes to the census whenever it is full.
class Unescaper {
 public:
  explicit Unescaper(Census& census) : census_(census) {}

  void run(std::string_view raw) {
    while (!raw.empty()) {
      raw.remove_prefix(copy_plain(raw));
      if (!raw.empty()) raw.remove_prefix(put_escape(raw));
    }
    flush();
  }

 private:
  void flush() {
    census_.add({buffer_.data(), used_});
    used_ = 0;
  }

  void put(std::string_view text) {
    if (text.size() > buffer_.size() - used_) flush();
    if (text.size() > buffer_.size()) return census_.add(text);
    std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }

  // The bytes before the first backslash, eight at a time: prompts in JSON have an escape every few words, and a search
  // and a copy for each piece cost more than the census.
  std::size_t copy_plain(std::string_view raw) {
    std::size_t at = 0;
    while (raw.size() - at >= 8) {
      if (buffer_.size() - used_ < 8) flush();
      const std::uint64_t word = swar::load(raw.data() + at);
      std::memcpy(buffer_.data() + used_, &word, 8);
      if (swar::any_equal(word, '\\') != 0) {
        while (raw[at] != '\\') {
          ++used_;
          ++at;
        }
        return at;
      }
      used_ += 8;
      at += 8;
    }
    const std::size_t tail = std::min(raw.find('\\', at), raw.size());
    put(raw.substr(at, tail - at));
    return tail;
  }

  // Bytes of the escape, which begins the text. A broken one goes as it stands.
  std::size_t put_escape(std::string_view raw) {
    if (raw.size() < 2) {
      put(raw);
      return raw.size();
    }
    if (raw[1] == 'u') return put_code_point(raw);
    if (used_ == buffer_.size()) flush();
    buffer_[used_++] = unescaped(raw[1]);
    return 2;
  }

  static char unescaped(char letter) {
    switch (letter) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'b': return '\b';
      case 'f': return '\f';
      default: return letter;
    }
  }

  std::size_t put_code_point(std::string_view raw) {
    const auto first = unit_at(raw);
    if (!first) {
      put(raw.substr(0, 2));
      return 2;
    }
    if (*first >= 0xd800 && *first < 0xdc00) {
      const auto second = unit_at(raw.substr(6));
      if (second && *second >= 0xdc00 && *second < 0xe000) {
        put_utf8(0x10000U + ((*first - 0xd800U) << 10) + (*second - 0xdc00U));
        return 12;
      }
    }
    put_utf8(*first);
    return 6;
  }

  // Of \uXXXX at the start of the text.
  static std::optional<std::uint32_t> unit_at(std::string_view raw) {
    if (raw.size() < 6 || raw[0] != '\\' || raw[1] != 'u') return std::nullopt;
    std::uint32_t unit = 0;
    for (const char c : raw.substr(2, 4)) {
      const char lower = static_cast<char>(c | 0x20);
      const bool digit = c >= '0' && c <= '9';
      if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
      unit = unit << 4 | static_cast<std::uint32_t>(digit ? c - '0' : lower - 'a' + 10);
    }
    return unit;
  }

  void put_utf8(std::uint32_t code_point) {
    const auto tail = [code_point](unsigned shift) { return static_cast<char>(0x80 | (code_point >> shift & 0x3f)); };
    const auto lead = [code_point](unsigned mark, unsigned shift) {
      return static_cast<char>(mark | code_point >> shift);
    };
    if (code_point < 0x80) return put(std::array{lead(0, 0)});
    if (code_point < 0x800) return put(std::array{lead(0xc0, 6), tail(0)});
    if (code_point < 0x10000) return put(std::array{lead(0xe0, 12), tail(6), tail(0)});
    put(std::array{lead(0xf0, 18), tail(12), tail(6), tail(0)});
  }
  template <std::size_t kSize>
  void put(const std::array<char, kSize>& bytes) {
    put(std::string_view(bytes.data(), kSize));
  }

  Census& census_;
  std::array<char, 4096> buffer_;
  std::size_t used_ = 0;
};

}  // namespace

std::uint32_t estimate(std::string_view utf8) {
  if (utf8.empty()) return 0;
  Census census;
  census.add(utf8);
  return weigh(census);
}

std::uint32_t estimate_json(std::string_view raw_json_string_contents) {
  if (raw_json_string_contents.empty()) return 0;
  Census census;
  Unescaper(census).run(raw_json_string_contents);
  return weigh(census);
}

}  // namespace fluxgate::tokens
