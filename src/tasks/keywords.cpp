#include "fluxgate/tasks/keywords.hpp"

#include <algorithm>
#include <deque>

#include "fluxgate/base/text.hpp"

namespace fluxgate::tasks {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A letter of a script that puts blanks between words, or a mark on one.
bool is_word_character(std::uint32_t c) {
  if (c < 0x80) return is_word_byte(static_cast<char>(c));
  if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
  if (c == 0xd7 || c == 0xf7) return false;
  if (c >= 0x0e00 && c <= 0x109f) return false;  // Thai, Lao, Tibetan, Burmese
  if (c >= 0x1780 && c <= 0x17ff) return false;  // Khmer
  return c < 0x2000 || (c >= 0x2c00 && c <= 0x2dff) || (c >= 0xac00 && c <= 0xd7a3);  // Hangul has blanks
}

// The character that begins at the front of `text`; a byte of its own value if it is not UTF-8.
std::uint32_t first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size == 1 || text.size() < size) return lead;
  std::uint32_t c = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  return c;
}

std::uint32_t last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && text.size() - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
  return first_character(text.substr(begin));
}

std::string fold(std::string_view text) {
  std::string folded;
  for (const char c : text) {
    if (!is_blank(c)) {
      folded.push_back(ascii_lower(c));
    } else if (!folded.empty() && folded.back() != ' ') {
      folded.push_back(' ');
    }
  }
  while (!folded.empty() && folded.back() == ' ') folded.pop_back();
  return folded;
}

Error bad_keywords(const char* why) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, std::string("tasks.keywords: ") + why};
}

// The text behind a match begins at `after`; before it, the match's own bytes may be spread over runs of blanks, so the
// beginning is found by walking back over as many folded bytes as the keyword has.
std::size_t begin_of(std::string_view text, std::size_t after, std::size_t folded_size) {
  std::size_t at = after;
  while (folded_size > 0) {
    --at;
    if (is_blank(text[at])) {
      while (at > 0 && is_blank(text[at - 1])) --at;
    }
    --folded_size;
  }
  return at;
}

}  // namespace

Result<KeywordMatcher> KeywordMatcher::make(const std::vector<Keyword>& keywords) {
  KeywordMatcher made;
  made.class_of_.assign(256, 0);
  std::size_t bytes = 1;
  std::vector<std::pair<std::string, std::uint16_t>> folded;
  for (const Keyword& keyword : keywords) {
    folded.emplace_back(fold(keyword.text), keyword.task);
    const std::string& text = folded.back().first;
    if (text.empty()) return bad_keywords("a keyword is empty");
    bytes += text.size();
    if (bytes > kMaxStates) return bad_keywords("too many keywords");
    if (text.size() > kMaxKeyword) return bad_keywords("a keyword is longer than 256 bytes");
    for (const char c : text) {
      auto& cls = made.class_of_[static_cast<unsigned char>(c)];
      if (cls == 0) cls = static_cast<std::uint8_t>(made.classes_++);
    }
  }
  // What folds to a byte has its class.
  for (std::size_t c = 'A'; c <= 'Z'; ++c) made.class_of_[c] = made.class_of_[c + ('a' - 'A')];
  for (std::size_t c = '\t'; c <= '\r'; ++c) made.class_of_[c] = made.class_of_[' '];
  made.states_.assign(made.classes_, 0);
  made.endings_.resize(1);
  for (const auto& [text, task] : folded) made.add(text, task);
  made.link();
  return made;
}

void KeywordMatcher::add(std::string_view folded, std::uint16_t task) {
  std::uint32_t state = 0;
  for (const char c : folded) {
    const std::size_t at = state * classes_ + class_of_[static_cast<unsigned char>(c)];
    if (states_[at] == 0) {
      const auto made = static_cast<std::uint32_t>(endings_.size());
      states_[at] = made;
      states_.resize(states_.size() + classes_, 0);
      endings_.emplace_back();
    }
    state = states_[at];
  }
  Ending ending;
  ending.size = static_cast<std::uint32_t>(folded.size());
  ending.task = task;
  ending.edge_before = is_word_character(first_character(folded));
  ending.edge_after = is_word_character(last_character(folded));
  endings_[state].push_back(ending);
}

// Turns the tree into an automaton: what has no branch goes where the longest suffix goes.
void KeywordMatcher::link() {
  const std::size_t blank = class_of_[' '];
  std::vector<std::uint32_t> suffix(endings_.size(), 0);
  std::deque<std::uint32_t> queue;
  for (std::size_t c = 0; c < classes_; ++c) {
    if (states_[c] != 0) queue.push_back(states_[c]);
  }
  for (; !queue.empty(); queue.pop_front()) {
    const std::uint32_t state = queue.front();
    const auto& shorter = endings_[suffix[state]];
    endings_[state].insert(endings_[state].end(), shorter.begin(), shorter.end());
    for (std::size_t c = 0; c < classes_; ++c) {
      std::uint32_t& branch = states_[state * classes_ + c];
      const std::uint32_t otherwise = states_[suffix[state] * classes_ + c];
      if (branch == 0) {
        branch = otherwise;
      } else {
        suffix[branch] = otherwise;
        queue.push_back(branch);
      }
    }
  }
  // A run of white space is one blank: behind a blank another one changes nothing. (No keyword begins with one.)
  for (std::size_t state = 0; blank != 0 && state < endings_.size(); ++state) {
    const std::uint32_t behind = states_[state * classes_ + blank];
    states_[behind * classes_ + blank] = behind;
  }
  for (std::uint32_t& state : states_) {
    const std::uint32_t ends = endings_[state].empty() ? 0 : kEnds;
    state = static_cast<std::uint32_t>(state * classes_) | ends;
  }
}

std::vector<std::uint32_t> KeywordMatcher::count(std::string_view text, std::size_t tasks) const {
  std::vector<std::uint32_t> counts(tasks, 0);
  std::uint32_t state = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    state = states_[(state & ~kEnds) + class_of_[static_cast<unsigned char>(text[at])]];
    if ((state & kEnds) == 0) continue;
    const std::size_t after = at + 1;
    for (const Ending& ending : endings_[(state & ~kEnds) / classes_]) {
      if (ending.task >= tasks) continue;
      if (ending.edge_after && after < text.size() && is_word_character(first_character(text.substr(after)))) continue;
      const std::size_t begin = ending.edge_before ? begin_of(text, after, ending.size) : 0;
      if (begin > 0 && is_word_character(last_character(text.substr(0, begin)))) continue;
      ++counts[ending.task];
    }
  }
  return counts;
}

}  // namespace fluxgate::tasks
