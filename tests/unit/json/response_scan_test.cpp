#include <gtest/gtest.h>

#include <string>

#include "fluxgate/json/request_scan.hpp"

namespace fluxgate::json {
namespace {

using ResponseScan = Scanner::ResponseScan;

std::optional<ResponseScan> scan(std::string text) {
  const std::size_t size = text.size();
  text.resize(size + kPadding);
  Scanner scanner;
  return scanner.scan_response(std::string_view(text).substr(0, size));
}

TEST(ResponseScan, ReadsAChatAnswer) {
  const auto result = scan(R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"content":"hi",
    "usage":{"prompt_tokens":99}},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,
    "total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
    "completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":1}}})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->input_tokens, 10U);
  EXPECT_EQ(result->cached_input_tokens, 4U);
  EXPECT_EQ(result->output_tokens, 5U);
  EXPECT_EQ(result->reasoning_tokens, 3U);
  EXPECT_EQ(result->finish_reason, "stop");
  EXPECT_FALSE(result->has_error);
  EXPECT_FALSE(result->choices_empty);
}

TEST(ResponseScan, ReadsTheResponsesForm) {
  const std::string usage = R"("usage":{"input_tokens":8,"input_tokens_details":{"cached_tokens":2},"output_tokens":6,
    "output_tokens_details":{"reasoning_tokens":1},"total_tokens":14})";
  for (const std::string& text :
       {"{\"object\":\"response\",\"error\":null," + usage + "}",
        "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"error\":null," + usage + "}}"}) {
    const auto result = scan(text);
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(result->input_tokens, 8U);
    EXPECT_EQ(result->cached_input_tokens, 2U);
    EXPECT_EQ(result->output_tokens, 6U);
    EXPECT_EQ(result->reasoning_tokens, 1U);
    EXPECT_FALSE(result->has_error);
  }
}

TEST(ResponseScan, OddUsageIsIgnoredPieceByPiece) {
  for (const char* text : {R"({"usage":null})", R"({"usage":[]})", R"({"usage":"12"})", R"({"usage":{}})",
                           R"({"usage":{"prompt_tokens":null}})", R"({"usage":{"prompt_tokens":"3"}})",
                           R"({"usage":{"prompt_tokens":-3}})", R"({"usage":{"prompt_tokens":3.5}})"}) {
    const auto result = scan(text);
    ASSERT_TRUE(result) << text;
    EXPECT_FALSE(result->input_tokens.has_value()) << text;
  }
  const auto partly = scan(R"({"usage":{"prompt_tokens":null,"completion_tokens":7,"prompt_tokens_details":null}})");
  ASSERT_TRUE(partly);
  EXPECT_FALSE(partly->input_tokens.has_value());
  EXPECT_EQ(partly->output_tokens, 7U);
}

TEST(ResponseScan, ReadsTheFirstFinishReason) {
  EXPECT_EQ(scan(R"({"choices":[{"finish_reason":null},{"finish_reason":"length"}]})")->finish_reason, "length");
  EXPECT_EQ(scan(R"({"choices":[{"finish_reason":"stop"},{"finish_reason":"length"}]})")->finish_reason, "stop");
  EXPECT_EQ(scan(R"({"choices":[{"finish_reason" : "st\u006fp" }]})")->finish_reason, "stop");
  EXPECT_EQ(scan(R"({"choices":[{"finish_reason":3}]})")->finish_reason, "");
  EXPECT_EQ(scan(R"({"choices":[{"delta":{"finish_reason":"stop"}}]})")->finish_reason, "");
}

TEST(ResponseScan, TellsErrors) {
  EXPECT_TRUE(scan(R"({"error":{"message":"x"}})")->has_error);
  EXPECT_TRUE(scan(R"({"error":"x"})")->has_error);
  EXPECT_TRUE(scan(R"({"id":1,"error":{}})")->has_error);
  EXPECT_TRUE(scan(R"({"error":nope})")->has_error) << "not null, whatever it is";
  EXPECT_FALSE(scan(R"({"error":null,"id":1})")->has_error);
  EXPECT_FALSE(scan(R"({"x":{"error":{}}})")->has_error);
}

TEST(ResponseScan, TellsEmptyChoices) {
  EXPECT_TRUE(scan(R"({"choices":[]})")->choices_empty);
  EXPECT_TRUE(scan(R"({"choices": [ ] ,"usage":{}})")->choices_empty);
  EXPECT_FALSE(scan(R"({"choices":[{}]})")->choices_empty);
  EXPECT_FALSE(scan(R"({"choices":[1]})")->choices_empty);
  EXPECT_FALSE(scan(R"({"choices":null})")->choices_empty);
  EXPECT_FALSE(scan(R"({})")->choices_empty);
}

TEST(ResponseScan, MalformedTextIsNothing) {
  for (const char* text : {"", " ", "[]", "null", "{", "{\"a\"}", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} b", "[DONE]",
                           "<html>", "{\"choices\":[}", "{\"usage\":{\"prompt_tokens\":1}", "{\"a\":\"\xff\"}"}) {
    EXPECT_FALSE(scan(text).has_value()) << text;
  }
}

TEST(ResponseScan, MalformedPartsNeverCrash) {
  const std::string whole = R"({"choices":[{"finish_reason":"stop","x":[1]}],"usage":{"prompt_tokens":10,
    "prompt_tokens_details":{"cached_tokens":4}},"response":{"usage":{"output_tokens":3}},"error":null})";
  ASSERT_TRUE(scan(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(scan(whole.substr(0, size))) << size;
    std::string damaged = whole;
    for (const char c : {'x', '"', '{', '}', '[', ']', ',', ':', '\\', '\0'}) {
      damaged[size] = c;
      scan(damaged);  // whatever comes out, no fault of memory
    }
  }
}

}  // namespace
}  // namespace fluxgate::json
