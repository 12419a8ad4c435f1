#include "fluxgate/dialects/openai/content.hpp"

#include <array>
#include <cstddef>

namespace fluxgate::dialects::openai {
namespace {

// The members that carry an answer in chat completions, completions and the Responses API.
constexpr std::array<std::string_view, 7> kCarriers{"\"content\"",   "\"text\"",       "\"reasoning_content\"", "\"reasoning\"",
                                                    "\"refusal\"",   "\"tool_calls\"", "\"delta\""};

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) ++at;
  return at;
}

// What stands at `at` is a string or a list that is not empty.
bool is_filled(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  if (text[at] == '"') return at + 1 < text.size() && text[at + 1] != '"';
  if (text[at] != '[') return false;
  const std::size_t inside = skip_blanks(text, at + 1);
  return inside < text.size() && text[inside] != ']';
}

}  // namespace

bool has_content(std::string_view events) {
  for (const std::string_view name : kCarriers) {
    for (auto at = events.find(name); at != std::string_view::npos; at = events.find(name, at + name.size())) {
      const std::size_t colon = skip_blanks(events, at + name.size());
      if (colon >= events.size() || events[colon] != ':') continue;
      if (is_filled(events, skip_blanks(events, colon + 1))) return true;
    }
  }
  return false;
}

}  // namespace fluxgate::dialects::openai
