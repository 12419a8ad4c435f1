// What a key looks like that begins with a fixed text.
#pragma once

#include <cstddef>
#include <string_view>

#include "sensitivity/builtins.hpp"
#include "sensitivity/text.hpp"

namespace fluxgate::sensitivity {

struct KeyFormat {
  Kind kind;
  std::string_view prefix;
  std::size_t anchor;      // which character of the prefix the scanner stops at
  bool (*alphabet)(char);  // of what follows
  std::size_t least;       // characters after the prefix
  std::size_t most;
};

// The format whose prefix stands at `start`, or null.
const KeyFormat* key_format(const Text& text, std::size_t start);

}  // namespace fluxgate::sensitivity
