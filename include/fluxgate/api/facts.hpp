// What routing may know of a request. Read in one pass over the body; no text the client wrote but the model name.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fluxgate/api/abilities.hpp"

namespace fluxgate::api {

// How the task of a request became known. The caller's word wins over any guess.
enum class TaskSource : std::uint8_t {
  kNone,      // not known, or nobody asked
  kNamed,     // the x-fluxgate-task header
  kKeywords,  // words of the last user message
  kStructure, // the shape of the request (tools, schema, images)
  kModel,     // the trained classifier
};

// One task that the request may be, with how likely it is. Indexes are those of the snapshot's task list.
struct TaskGuess {
  std::uint16_t task = 0;
  float probability = 1;
};
inline constexpr std::uint16_t kNoTask = 0xffff;

// Who loses first when there is too much work. Set per route or by the x-fluxgate-priority header, which may only lower it.
enum class Priority : std::uint8_t {
  kBatch,   // may be shed at any time
  kLow,     // shed when targets are busy
  kNormal,
  kHigh,    // goes first in a queue
};

struct RequestFacts {
  std::string_view model;
  bool stream = false;
  std::optional<std::uint64_t> max_output_tokens;
  std::size_t body_bytes = 0;

  // Everything below stays as it is here unless a route of the snapshot needs it (routing::RouteTable::needs()).
  std::uint32_t input_tokens = 0;          // messages and tools; 0: not counted
  bool tokens_exact = false;               // counted with a vocabulary; else estimated
  bool tokens_rough = false;               // guessed from the size of the body: fit for comparing, not for limits
  AbilitySet needs;                        // of the model that answers
  std::uint16_t messages = 0;              // conversation shape
  std::uint16_t user_turns = 0;
  std::uint16_t tool_results = 0;
  std::uint16_t images = 0;
  bool tool_loop = false;                  // the last message is a tool's result: the model must not change now
  std::uint64_t session = 0;               // hash of the session id, else of how the conversation began; 0: none
  std::uint64_t user = 0;                  // hash of `user` or `safety_identifier`; 0: none
  std::uint64_t prefix = 0;                // hash of the first 1 KiB of prompt text and the model name
  std::uint64_t text = 0;                  // hash of the prompt text, to join logs on
  boost::container::small_vector<TaskGuess, 4> tasks;  // most likely first; empty: unknown
  TaskSource task_source = TaskSource::kNone;
  std::uint64_t labels = 0;                // sensitivity labels raised: bits of the snapshot's label list
  std::uint64_t header_matches = 0;        // which of the table's header conditions hold: bits of its list
  Priority priority = Priority::kNormal;

  std::uint16_t top_task() const { return tasks.empty() ? kNoTask : tasks.front().task; }
};

constexpr std::string_view to_string(TaskSource source) {
  constexpr std::string_view kNames[] = {"none", "named", "keywords", "structure", "model"};
  return kNames[static_cast<std::size_t>(source)];
}

constexpr std::string_view to_string(Priority priority) {
  constexpr std::string_view kNames[] = {"batch", "low", "normal", "high"};
  return kNames[static_cast<std::size_t>(priority)];
}

}  // namespace fluxgate::api
