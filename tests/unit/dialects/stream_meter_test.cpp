#include "fluxgate/dialects/openai/stream_meter.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace fluxgate::dialects::openai {
namespace {

using Json = nlohmann::ordered_json;

std::string golden(const std::string& name) {
  std::ifstream in(FLUXGATE_SOURCE_DIR "/tests/golden/openai/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

const std::string kDone = event("[DONE]");

// A chunks file framed as its provider frames it.
std::string framed(const std::string& name, bool done) {
  std::string text;
  for (const std::string& line : lines_of(golden(name))) text += event(line);
  return done ? text + kDone : text;
}

// Everything a meter says of a stream.
struct Metered {
  std::string output;
  std::string rest;
  std::uint64_t events = 0;
  bool done = false;
  bool error = false;
  bool first_was_error = false;
  bool complete = false;
  std::string finish_reason;
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> cached;
  std::optional<std::uint64_t> output_tokens;
  std::optional<std::uint64_t> reasoning;

  friend bool operator==(const Metered&, const Metered&) = default;
};
void PrintTo(const Metered& m, std::ostream* out) {
  *out << "events " << m.events << " done " << m.done << " error " << m.error << " finish " << m.finish_reason
       << " rest " << m.rest << " output:\n" << m.output;
}

// Relays `text` as the gateway does, in pieces of `step` bytes after a first one of `first`.
Metered meter_sliced(const std::string& text, StreamGrammar grammar, bool hide, std::size_t first, std::size_t step) {
  json::Scanner scanner;
  StreamMeter meter(scanner, grammar, hide);
  Metered result;
  std::string pending;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::min(at == 0 && first > 0 ? first : step, text.size() - at);
    std::vector<char> buffer(pending.begin(), pending.end());  // exact, so that a step too far is seen
    buffer.insert(buffer.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                  text.begin() + static_cast<std::ptrdiff_t>(at + size));
    const std::size_t used = buffer.size();
    buffer.resize(used + json::kPadding, '\x01');
    buffer.shrink_to_fit();
    const auto taken = meter.take(buffer.data(), used);
    EXPECT_LE(taken.forward, taken.consumed);
    EXPECT_LE(taken.consumed, used);
    result.output.append(buffer.data(), taken.forward);
    pending.assign(buffer.data() + taken.consumed, used - taken.consumed);
    at += size;
  }
  result.rest = pending;
  result.events = meter.events();
  result.done = meter.saw_done();
  result.error = meter.saw_error();
  result.first_was_error = meter.first_was_error();
  result.complete = meter.complete();
  result.finish_reason = meter.finish_reason();
  if (meter.usage()) {
    result.input = meter.usage()->input_tokens;
    result.cached = meter.usage()->cached_input_tokens;
    result.output_tokens = meter.usage()->output_tokens;
    result.reasoning = meter.usage()->reasoning_tokens;
  }
  return result;
}

// The whole stream at once, after making sure that every cut gives the same.
Metered metered(const std::string& text, bool hide, StreamGrammar grammar = StreamGrammar::kChat) {
  const Metered whole = meter_sliced(text, grammar, hide, text.size(), text.size());
  const std::size_t stride = text.size() > 4000 ? 37 : 1;
  for (std::size_t cut = 1; cut < text.size(); cut += stride) {
    EXPECT_EQ(meter_sliced(text, grammar, hide, cut, text.size()), whole) << "cut at " << cut;
  }
  EXPECT_EQ(meter_sliced(text, grammar, hide, 0, 1), whole) << "byte by byte";
  if (!hide) {
    EXPECT_EQ(whole.output + whole.rest, text) << "nothing may be changed";
  }
  return whole;
}

// What a client that did not ask for usage should get, worked out with a JSON library.
std::string without_usage(const std::string& stream) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t end = stream.find("\n\n"); end != std::string::npos; end = stream.find("\n\n", at)) {
    const std::string data = stream.substr(at + 6, end - at - 6);
    at = end + 2;
    if (data == "[DONE]") {
      out += event(data);
      continue;
    }
    Json json = Json::parse(data);
    EXPECT_EQ(json.dump(), data) << "this oracle needs compact JSON";
    if (json.contains("usage") && json["usage"].is_object() && json["choices"].empty()) continue;
    json.erase("usage");
    out += event(json.dump());
  }
  return out;
}

TEST(StreamMeter, OpenAiChatRecording) {
  const std::string text = golden("chat-streaming.sse");
  for (const bool hide : {false, true}) {
    const Metered m = metered(text, hide);
    EXPECT_EQ(m.output, text) << "it has no usage";
    EXPECT_TRUE(m.done);
    EXPECT_TRUE(m.complete);
    EXPECT_FALSE(m.error);
    EXPECT_EQ(m.finish_reason, "stop");
    EXPECT_FALSE(m.input.has_value());
    EXPECT_GT(m.events, 10U);
  }
}

TEST(StreamMeter, OpenAiCompletionRecordingWithUsage) {
  const std::string text = golden("completion-streaming-usage.sse");
  for (const bool hide : {false, true}) {
    const Metered m = metered(text, hide);
    EXPECT_EQ(m.output, hide ? without_usage(text) : text);
    EXPECT_EQ(m.input, 31U);
    EXPECT_EQ(m.output_tokens, 25U);
    EXPECT_EQ(m.finish_reason, "length");
    EXPECT_TRUE(m.done);
  }
  EXPECT_EQ(metered(text, true).output.find("usage"), std::string::npos);
}

struct Recording {
  const char* name;
  const char* finish_reason;
  std::uint64_t input;
  std::uint64_t output;
};

TEST(StreamMeter, RecordingsOfOtherProviders) {
  for (const Recording& r : {Recording{"moonshotai-stream.chunks.txt", "stop", 9, 12},
                             Recording{"alibaba-tool-call.chunks.txt", "tool_calls", 295, 22},
                             Recording{"mistral-incremental-tool-call.chunks.txt", "tool_calls", 171, 14},
                             Recording{"groq-text-end.chunks.txt", "stop", 45, 662}}) {
    for (const bool done : {true, false}) {
      const std::string text = framed(r.name, done);
      const Metered m = metered(text, true);
      const std::string expected = without_usage(text);
      EXPECT_EQ(m.output, expected) << r.name;
      EXPECT_EQ(m.finish_reason, r.finish_reason) << r.name;
      EXPECT_EQ(m.input, r.input) << r.name;
      EXPECT_EQ(m.output_tokens, r.output) << r.name;
      EXPECT_EQ(m.done, done) << r.name;
      EXPECT_TRUE(m.complete) << r.name << ": a finish reason is enough";
      EXPECT_FALSE(m.error) << r.name;
      EXPECT_EQ(metered(text, false).output, text) << r.name;
    }
  }
}

TEST(StreamMeter, ResponsesRecording) {
  const std::string text = framed("azure-responses-text.chunks.txt", false);
  for (const bool hide : {false, true}) {
    const Metered m = metered(text, hide, StreamGrammar::kResponses);
    EXPECT_EQ(m.output, text) << "nothing is hidden in this grammar";
    EXPECT_EQ(m.events, 9U);
    EXPECT_TRUE(m.done);
    EXPECT_FALSE(m.error);
    EXPECT_EQ(m.finish_reason, "completed");
    EXPECT_EQ(m.input, 11U);
    EXPECT_EQ(m.output_tokens, 11U);
    EXPECT_EQ(m.cached, 0U);
  }
  const std::size_t before_last = text.rfind("data: ");
  EXPECT_FALSE(metered(text.substr(0, before_last), false, StreamGrammar::kResponses).complete);
}

struct Hidden {
  std::string data;
  std::string left;  // "" if the event goes away altogether
};

TEST(StreamMeter, HidesExactlyTheUsage) {
  const std::string object = R"({"prompt_tokens":1,"completion_tokens":2,"d":{"x":"}\"{"}})";
  for (const Hidden& c : {
           Hidden{R"({"id":"a","choices":[{"delta":{}}],"usage":null})", R"({"id":"a","choices":[{"delta":{}}]})"},
           Hidden{R"({"id":"a","usage":null,"choices":[{"delta":{}}]})", R"({"id":"a","choices":[{"delta":{}}]})"},
           Hidden{R"({"usage":null,"choices":[{"delta":{}}]})", R"({"choices":[{"delta":{}}]})"},
           Hidden{R"({"usage":null})", "{}"},
           Hidden{R"({"id": "a", "choices": [{"delta": {}}], "usage": null})",
                  R"({"id": "a", "choices": [{"delta": {}}]})"},
           Hidden{R"({ "usage" : null , "id" : "a" })", R"({  "id" : "a" })"},
           Hidden{"{\"a\":1,\t\"usage\"\t:\tnull\t}", "{\"a\":1\t}"},
           Hidden{"{\"a\":1,\r\"usage\":null}", "{\"a\":1}"},
           Hidden{R"({"choices":[{"delta":{"content":"x"}}],"usage":)" + object + "}",
                  R"({"choices":[{"delta":{"content":"x"}}]})"},
           Hidden{R"({"usage": )" + object + R"(, "choices":[{"delta":{}}]})", R"({ "choices":[{"delta":{}}]})"},
           Hidden{R"({"choices":[],"usage":)" + object + "}", ""},
           Hidden{R"({"usage":)" + object + R"(,"choices" : [ ]})", ""},
           // Not the usage chunk: it reports none.
           Hidden{R"({"choices":[],"usage":null,"prompt_filter_results":[{"prompt_index":0}]})",
                  R"({"choices":[],"prompt_filter_results":[{"prompt_index":0}]})"},
           // The model says the word.
           Hidden{R"({"choices":[{"delta":{"content":"usage"}}],"usage":null})",
                  R"({"choices":[{"delta":{"content":"usage"}}]})"},
           Hidden{R"({"choices":[{"delta":{"content":"\"usage\":null"}}],"usage":null})",
                  R"({"choices":[{"delta":{"content":"\"usage\":null"}}]})"},
           // The provider's own keys of that name stay: the gateway did not ask for them.
           Hidden{R"({"x_groq":{"usage":{"a":1}},"choices":[{}],"usage":)" + object + "}",
                  R"({"x_groq":{"usage":{"a":1}},"choices":[{}]})"},
           Hidden{R"({"x_groq":{"usage":null},"choices":[{}]})", R"({"x_groq":{"usage":null},"choices":[{}]})"},
           // Nothing to hide, or nothing that can be hidden safely.
           Hidden{R"({"choices":[{"delta":{"content":"x"}}]})", R"({"choices":[{"delta":{"content":"x"}}]})"},
           Hidden{R"({"usage":"a,b","x":1})", R"({"usage":"a,b","x":1})"},
           Hidden{R"({"usage":[1,2],"x":1})", R"({"usage":[1,2],"x":1})"},
           Hidden{R"({"usage":{"a":1)", R"({"usage":{"a":1)"},
       }) {
    const std::string before = event(R"({"choices":[{"delta":{"content":"before"},"finish_reason":null}]})");
    const std::string text = before + event(c.data) + before + kDone;
    const std::string left = c.left.empty() ? "" : event(c.left);
    EXPECT_EQ(metered(text, true).output, before + left + before + kDone) << c.data;
    metered(text, false);
  }
}

TEST(StreamMeter, HidesInEveryFraming) {
  const std::string data = R"({"choices":[{"delta":{}}],"usage":null})";
  const std::string left = R"({"choices":[{"delta":{}}]})";
  EXPECT_EQ(metered("data:" + data + "\r\n\r\n", true).output, "data:" + left + "\r\n\r\n");
  EXPECT_EQ(metered("data: " + data + "\r\rdata: x\r\r", true).output, "data: " + left + "\r\rdata: x\r\r");
  EXPECT_EQ(metered("event: e\nid: 1\ndata: " + data + "\nretry: 1\n\n", true).output,
            "event: e\nid: 1\ndata: " + left + "\nretry: 1\n\n");
  EXPECT_EQ(metered("\xef\xbb\xbf" "data: " + data + "\n\n", true).output, "\xef\xbb\xbf" "data: " + left + "\n\n");
}

TEST(StreamMeter, AzuresFirstChunkPasses) {
  const std::string first = event(
      R"({"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,)"
      R"("content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]})");
  const std::string rest = event(R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})") + kDone;
  const Metered m = metered(first + rest, true);
  EXPECT_EQ(m.output, first + rest);
  EXPECT_EQ(m.events, 2U);
  EXPECT_FALSE(m.error);
}

TEST(StreamMeter, ReadsUsageInAChunkWithChoices) {
  const Metered m = metered(event(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,)"
                                  R"("completion_tokens":20,"prompt_tokens_details":{"cached_tokens":5},)"
                                  R"("completion_tokens_details":{"reasoning_tokens":7}}})"),
                            false);
  EXPECT_EQ(m.input, 10U);
  EXPECT_EQ(m.cached, 5U);
  EXPECT_EQ(m.output_tokens, 20U);
  EXPECT_EQ(m.reasoning, 7U);
}

TEST(StreamMeter, TheLastUsageCounts) {
  const auto with = [](int tokens) {
    return event(R"({"choices":[{"delta":{}}],"usage":{"prompt_tokens":1,"completion_tokens":)" +
                 std::to_string(tokens) + "}}");
  };
  EXPECT_EQ(metered(with(1) + with(2) + with(3), true).output_tokens, 3U);
  EXPECT_EQ(metered(with(1) + event(R"({"usage":{}})"), true).output_tokens, 1U) << "an empty one says nothing";
}

TEST(StreamMeter, ReadsFinishReasons) {
  EXPECT_EQ(metered(event(R"({"choices":[{"finish_reason":"stop"}]})"), false).finish_reason, "stop");
  EXPECT_EQ(metered(event(R"({"choices": [{"finish_reason" : "length" }]})"), false).finish_reason, "length");
  EXPECT_EQ(metered(event(R"({"choices":[{"finish_reason":null}]})"), false).finish_reason, "");
  EXPECT_EQ(metered(event(R"({"choices":[{"delta":{"content":"finish_reason"},"finish_reason":"stop"}]})"), false)
                .finish_reason,
            "stop");
  const Metered two = metered(event(R"({"choices":[{"finish_reason":"stop"}]})") +
                                  event(R"({"choices":[{"finish_reason":"length"}]})"),
                              false);
  EXPECT_EQ(two.finish_reason, "stop");
  EXPECT_FALSE(two.done);
  EXPECT_TRUE(two.complete);
}

TEST(StreamMeter, AStreamWithoutAnEndIsNotComplete) {
  const Metered m = metered(event(R"({"choices":[{"delta":{"content":"x"},"finish_reason":null}]})"), true);
  EXPECT_FALSE(m.complete);
  EXPECT_EQ(m.events, 1U);
  EXPECT_FALSE(metered("", true).complete);
}

TEST(StreamMeter, KnowsDone) {
  for (const char* text : {"data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE]\r\n\r\n", "data: [DONE] \n\n"}) {
    const Metered m = metered(text, true);
    EXPECT_TRUE(m.done) << text;
    EXPECT_TRUE(m.complete) << text;
    EXPECT_EQ(m.events, 0U) << text;
    EXPECT_EQ(m.output, text);
  }
  EXPECT_FALSE(metered("data: [DONE]\n", true).done) << "not ended";
  EXPECT_FALSE(metered(": [DONE]\n\n", true).done);
  EXPECT_FALSE(metered(event(R"({"choices":[{"delta":{"content":"[DONE]"}}]})"), true).done);
  const Metered together = metered("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\ndata: [DONE]\n\n", true);
  EXPECT_TRUE(together.done) << "in one event with the last chunk";
  EXPECT_EQ(together.events, 1U);
  EXPECT_EQ(together.finish_reason, "stop");
}

TEST(StreamMeter, CommentsAreNotEvents) {
  const std::string text = ": OPENROUTER PROCESSING\n\n\ndata: : keepalive\n\n:\n\n";
  const Metered m = metered(text, true);
  EXPECT_EQ(m.events, 0U);
  EXPECT_EQ(m.output, text);
}

TEST(StreamMeter, NoticesErrors) {
  const std::string chunk = event(R"({"choices":[{"delta":{"content":"x"},"finish_reason":null}]})");
  for (const std::string& error : {event(R"({"error":{"message":"overloaded","code":503}})"),
                                   event(R"({"id":"x","error":"bad"})"),
                                   std::string("event: error\ndata: {\"error\":{\"message\":\"x\"}}\n\n"),
                                   std::string("{\"error\":{\"message\":\"x\"}}\n\n"),
                                   event(R"({"error": {"message":"x"},"choices":[{"finish_reason":"error"}]})")}) {
    const Metered first = metered(error, true);
    EXPECT_TRUE(first.error) << error;
    EXPECT_TRUE(first.first_was_error) << error;
    const Metered after_comment = metered(": wait\n\n" + error, true);
    EXPECT_TRUE(after_comment.first_was_error) << "a comment is no event: " << error;
    const Metered midway = metered(chunk + error, true);
    EXPECT_TRUE(midway.error) << error;
    EXPECT_FALSE(midway.first_was_error) << error;
    EXPECT_EQ(midway.output, chunk + error) << "the client gets to see it";
  }
}

TEST(StreamMeter, WhatIsNoError) {
  for (const char* data : {R"({"choices":[],"error":null})", R"({"choices":[{"delta":{"content":"\"error\""}}]})",
                           R"({"x":{"error":{"message":"nested"}}})",
                           R"({"choices":[{"delta":{"content":"error"}}]})"}) {
    EXPECT_FALSE(metered(event(data), true).error) << data;
  }
}

TEST(StreamMeter, ResponsesTerminalEvents) {
  const auto typed = [](const std::string& type, const std::string& more) {
    return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + more + "}\n\n";
  };
  const std::string created = typed("response.created", R"(,"response":{"error":null})");
  const std::string usage = R"(,"response":{"usage":{"input_tokens":3,"output_tokens":4}})";
  for (const char* end : {"completed", "incomplete", "failed"}) {
    for (const bool named : {true, false}) {
      std::string text = created + typed(std::string("response.") + end, usage);
      if (!named) {
        for (auto at = text.find("event: "); at != std::string::npos; at = text.find("event: ")) {
          text.erase(at, text.find('\n', at) + 1 - at);
        }
      }
      const Metered m = metered(text, true, StreamGrammar::kResponses);
      EXPECT_EQ(m.output, text);
      EXPECT_TRUE(m.done) << end;
      EXPECT_TRUE(m.complete) << end;
      EXPECT_EQ(m.finish_reason, end);
      EXPECT_EQ(m.output_tokens, 4U);
      EXPECT_EQ(m.events, 2U);
    }
  }
  EXPECT_FALSE(metered(created, true, StreamGrammar::kResponses).complete);
  EXPECT_FALSE(metered(created + typed("response.output_text.delta", R"(,"delta":"response.completed")"), true,
                       StreamGrammar::kResponses)
                   .complete);
}

TEST(StreamMeter, ResponsesErrors) {
  const std::string error = "event: error\ndata: {\"type\":\"error\",\"message\":\"x\",\"code\":\"server_error\"}\n\n";
  const Metered first = metered(error, true, StreamGrammar::kResponses);
  EXPECT_TRUE(first.error);
  EXPECT_TRUE(first.first_was_error);
  const Metered later = metered("event: response.created\ndata: {}\n\n" + error, true, StreamGrammar::kResponses);
  EXPECT_TRUE(later.error);
  EXPECT_FALSE(later.first_was_error);
  const Metered untyped = metered(event(R"({"error":{"message":"x"}})"), true, StreamGrammar::kResponses);
  EXPECT_TRUE(untyped.first_was_error);
}

TEST(StreamMeter, OpaqueStreamsBeginWithTheirFirstBytes) {
  json::Scanner scanner;
  StreamMeter meter(scanner, StreamGrammar::kOpaque, false);
  char buffer[128] = "half an ev";
  meter.take(buffer, 0);
  EXPECT_EQ(meter.events(), 0U);
  meter.take(buffer, 10);
  EXPECT_GT(meter.events(), 0U);
}

TEST(StreamMeter, OpaqueStreamsAreNotLookedAt) {
  const std::string text = "anything\0\xff at all, {\"error\":{}}, \"usage\":null";
  const Metered m = metered(text, true, StreamGrammar::kOpaque);
  EXPECT_EQ(m.output, text);
  EXPECT_EQ(m.rest, "");
  EXPECT_TRUE(m.complete);
  EXPECT_FALSE(m.error);
}

}  // namespace
}  // namespace fluxgate::dialects::openai
