// What to leave out of a conversation that is too long for every window of its route: the oldest complete turns.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fluxgate/dialects/openai/request_facts.hpp"
#include "fluxgate/json/request_scan.hpp"

namespace fluxgate::gateway {

struct Trim {
  std::vector<json::Span> cuts;   // of the body, in order, commas included
  std::size_t messages = 0;       // left out
  std::uint32_t tokens = 0;       // saved
};

// Leaves out at least `excess` tokens, or nothing if that is not possible. Never left out: system messages, and
// everything from the last user message on. A turn goes whole: a user message with all answers, tool calls and tool
// results up to the next one, so that no call is parted from its result.
Trim trim_oldest_turns(std::string_view body, std::span<const dialects::openai::MessageSpan> messages, std::uint32_t excess);

}  // namespace fluxgate::gateway
