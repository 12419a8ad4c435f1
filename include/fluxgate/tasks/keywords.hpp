// Finds all words and phrases of a list in one pass over a text (Aho and Corasick, 1975).
//
// ASCII letters match in either case, a run of white space matches a blank. A keyword must stand by itself: where it
// begins or ends with a letter, digit or underscore, the character beside it must be none. Letters beyond ASCII count
// as letters up to the scripts that write without blanks (Chinese, Japanese, Thai, ...), where words have no such
// edges. Immutable after make(); may be used from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"

namespace fluxgate::tasks {

class KeywordMatcher {
 public:
  struct Keyword {
    std::string text;
    std::uint16_t task = 0;
  };
  // kConfig if there are too many keywords (kMaxStates bytes in all), or one is empty or longer than kMaxKeyword.
  static Result<KeywordMatcher> make(const std::vector<Keyword>& keywords);

  // How often keywords of each task stand in the text, by task; tasks beyond `tasks` are not counted.
  std::vector<std::uint32_t> count(std::string_view text, std::size_t tasks) const;

  static constexpr std::size_t kMaxStates = 200'000;
  static constexpr std::size_t kMaxKeyword = 256;

 private:
  static constexpr std::uint32_t kEnds = 0x80000000;

  struct Ending {
    std::uint32_t size = 0;      // bytes of the keyword, blanks folded
    std::uint16_t task = 0;
    bool edge_before = false;    // begins with a letter, digit or underscore
    bool edge_after = false;
  };

  void add(std::string_view folded, std::uint16_t task);
  void link();

  std::size_t classes_ = 1;                    // distinct folded bytes of all keywords, and one for the others
  std::vector<std::uint8_t> class_of_;         // by byte
  // State and class to state. A state is the index of its row here; kEnds is set on the way to one where keywords end.
  std::vector<std::uint32_t> states_;
  std::vector<std::vector<Ending>> endings_;   // by row: keywords that end there, shorter ones too
};

}  // namespace fluxgate::tasks
