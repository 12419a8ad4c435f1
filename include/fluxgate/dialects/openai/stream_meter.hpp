// Watches an OpenAI-style event stream go by: how many events, which finish reason and usage, whether it ended whole.
//
// The bytes themselves are relayed untouched, in whole events; only the two things a client did not ask for are taken
// out, in place: the usage chunk that the gateway asked the upstream for, and the "usage" keys of the other chunks. The
// common event costs two substring searches; JSON is parsed only for the few that carry usage or an error.
// Pure; one per attempt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "fluxgate/json/request_scan.hpp"
#include "fluxgate/sse/event_splitter.hpp"

namespace fluxgate::dialects::openai {

// Which events end a stream of this kind.
enum class StreamGrammar : std::uint8_t {
  kChat,       // chat completions and completions: finish_reason and [DONE]
  kResponses,  // response.completed, response.incomplete or response.failed
  kOpaque,     // whatever: complete when its HTTP message is
};

class StreamMeter {
 public:
  // `choices`: how many answers the client asked for (`n`); each must have its finish_reason.
  StreamMeter(json::Scanner& scanner, StreamGrammar grammar, bool hide_usage, std::uint64_t choices = 1)
      : scanner_(scanner), grammar_(grammar), hide_usage_(hide_usage), choices_(choices) {}

  struct Taken {
    std::size_t forward;   // this many bytes, now at the start of the buffer, go to the client
    std::size_t consumed;  // so many bytes were looked at; what lies behind them is the start of an unfinished event
  };
  // Takes what has arrived: the unfinished rest of last time followed by new bytes. May move bytes towards the start.
  // The buffer must have json::kPadding readable bytes behind `size`.
  Taken take(char* data, std::size_t size);

  std::uint64_t events() const { return events_; }          // data events, [DONE] not counted; 1 once an opaque stream has begun
  bool saw_done() const { return saw_done_; }               // [DONE], or the Responses API's terminal event
  bool saw_error() const { return saw_error_; }             // an error event in band
  bool first_was_error() const { return first_was_error_; }
  bool first_was_garbage() const { return first_was_garbage_; }  // not a JSON object
  // The stream may end here: it had its terminal mark, or (many servers omit [DONE]) every sign of a finished answer.
  bool complete() const { return grammar_ == StreamGrammar::kOpaque || saw_done_ || finished_choices_ >= choices_; }
  const std::string& finish_reason() const { return finish_reason_; }
  const std::optional<json::Scanner::ResponseScan>& usage() const { return usage_; }

 private:
  // What is to be sent of an event: all of it, all but a range, or nothing.
  struct Verdict {
    bool drop = false;
    std::size_t cut_begin = 0;  // offsets in the event's bytes
    std::size_t cut_end = 0;
  };
  Verdict look(const sse::Event& event);
  Verdict look_chat(const sse::Event& event);
  void look_responses(const sse::Event& event);
  void note_error(std::string_view data);

  json::Scanner& scanner_;
  sse::EventSplitter splitter_;
  StreamGrammar grammar_;
  bool hide_usage_;
  bool saw_done_ = false;
  bool saw_error_ = false;
  bool first_was_error_ = false;
  bool first_was_garbage_ = false;
  std::uint64_t choices_;
  std::uint64_t finished_choices_ = 0;
  std::uint64_t events_ = 0;
  std::string finish_reason_;
  std::optional<json::Scanner::ResponseScan> usage_;
};

}  // namespace fluxgate::dialects::openai
