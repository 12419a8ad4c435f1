#include <set>

#include "unit/sim/helpers.hpp"

namespace fluxgate::sim {
namespace {

Json request() { return {{"model", "any/model"}, {"messages", {{{"role", "user"}, {"content", "hello there"}}}}}; }

Json with(std::initializer_list<std::pair<const char*, Json>> fields) {
  Json out = request();
  for (const auto& [name, value] : fields) out[name] = value;
  return out;
}

const Json kTools = Json::parse(R"([{"type":"function","function":{"name":"weather","parameters":{}}},
                                    {"type":"function","function":{"name":"news"}}])");

TEST(Chat, PlainAnswerSaysItIsSimulatedAndEchoesTheModel) {
  const Answer answer = ask("/chat/completions", request());
  const Json body = body_of(answer);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["model"], "any/model");
  EXPECT_EQ(body["created"], 1000);
  const Json& choice = body["choices"][0];
  EXPECT_EQ(choice["message"]["role"], "assistant");
  EXPECT_TRUE(choice["message"]["content"].get<std::string>().starts_with(
      "This is the simulated provider (sim) of fluxgate."));
  EXPECT_TRUE(choice["message"]["refusal"].is_null());
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["completion_tokens"], 12);
  EXPECT_EQ(body["usage"]["prompt_tokens"], 4);  // "user" and "hello there": 15 bytes
  EXPECT_EQ(body["usage"]["total_tokens"], 16);
}

TEST(Chat, LimitsCutTheAnswerAndSayLength) {
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const Json body = body_of(ask("/chat/completions", with({{name, 3}})));
    EXPECT_EQ(body["choices"][0]["message"]["content"], "This is the");
    EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
    EXPECT_EQ(body["usage"]["completion_tokens"], 3);
  }
  const Json long_enough = body_of(ask("/chat/completions", with({{"max_tokens", 12}})));
  EXPECT_EQ(long_enough["choices"][0]["finish_reason"], "stop");
}

TEST(Chat, StreamHasTheOrderOfTheWireFormat) {
  const Answer answer = ask("/chat/completions", with({{"stream", true}}));
  EXPECT_EQ(answer.content_type, "text/event-stream; charset=utf-8");
  const auto chunks = chunks_of(answer);
  ASSERT_EQ(chunks.size(), 1U + 12U + 1U);
  EXPECT_EQ(chunks[0]["choices"][0]["delta"], Json::parse(R"({"role":"assistant","content":"","refusal":null})"));
  EXPECT_TRUE(chunks[0]["choices"][0]["finish_reason"].is_null());
  std::string text;
  for (std::size_t i = 1; i <= 12; ++i) {
    const Json& choice = chunks[i]["choices"][0];
    EXPECT_FALSE(choice["delta"].contains("role"));
    EXPECT_TRUE(choice["finish_reason"].is_null());
    text += choice["delta"]["content"].get<std::string>();
  }
  EXPECT_EQ(text, body_of(ask("/chat/completions", request()))["choices"][0]["message"]["content"]);
  EXPECT_EQ(chunks[13]["choices"][0]["delta"], Json::object());
  EXPECT_EQ(chunks[13]["choices"][0]["finish_reason"], "stop");
  for (const Json& chunk : chunks) {
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["id"], chunks[0]["id"]);
    EXPECT_EQ(chunk["created"], chunks[0]["created"]);
    EXPECT_EQ(chunk["model"], "any/model");
    EXPECT_FALSE(chunk.contains("usage"));
  }
}

TEST(Chat, UsageChunkComesOnceAndOnlyWhenAsked) {
  const auto chunks = chunks_of(
      ask("/chat/completions", with({{"stream", true}, {"stream_options", {{"include_usage", true}}}})));
  ASSERT_EQ(chunks.size(), 15U);
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    ASSERT_TRUE(chunks[i].contains("usage"));
    EXPECT_TRUE(chunks[i]["usage"].is_null());
  }
  EXPECT_EQ(chunks.back()["choices"], Json::array());
  EXPECT_EQ(chunks.back()["usage"]["completion_tokens"], 12);
}

TEST(Chat, ChoicesAreInterleavedInAStream) {
  const auto chunks = chunks_of(ask("/chat/completions", with({{"stream", true}, {"n", 2}, {"max_tokens", 2}})));
  std::vector<int> indices;
  for (const Json& chunk : chunks) indices.push_back(chunk["choices"][0]["index"].get<int>());
  EXPECT_EQ(indices, (std::vector<int>{0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(body_of(ask("/chat/completions", with({{"n", 3}})))["choices"].size(), 3U);
}

TEST(Chat, CallsAToolOnlyWhenObliged) {
  const Json choices[] = {"required", {{"type", "function"}, {"function", {{"name", "news"}}}}};
  const std::string names[] = {"weather", "news"};
  for (int i = 0; i < 2; ++i) {
    const Json body = body_of(ask("/chat/completions", with({{"tools", kTools}, {"tool_choice", choices[i]}})));
    const Json& choice = body["choices"][0];
    EXPECT_TRUE(choice["message"]["content"].is_null());
    EXPECT_EQ(choice["message"]["tool_calls"].size(), 1U);
    EXPECT_EQ(choice["message"]["tool_calls"][0]["function"]["name"], names[i]);
    EXPECT_EQ(choice["message"]["tool_calls"][0]["function"]["arguments"], "{}");
    EXPECT_EQ(choice["finish_reason"], "tool_calls");
  }
  const Json automatic = body_of(ask("/chat/completions", with({{"tools", kTools}, {"tool_choice", "auto"}})));
  EXPECT_EQ(automatic["choices"][0]["finish_reason"], "stop");
  EXPECT_FALSE(automatic["choices"][0]["message"].contains("tool_calls"));
}

TEST(Chat, StreamsAToolCallWithItsNameOnce) {
  const auto chunks =
      chunks_of(ask("/chat/completions", with({{"tools", kTools}, {"tool_choice", "required"}, {"stream", true}})));
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_EQ(chunks[0]["choices"][0]["delta"]["role"], "assistant");
  const Json& first = chunks[1]["choices"][0]["delta"]["tool_calls"][0];
  EXPECT_EQ(first["index"], 0);
  EXPECT_EQ(first["type"], "function");
  EXPECT_FALSE(first["id"].get<std::string>().empty());
  EXPECT_EQ(first["function"], Json::parse(R"({"name":"weather","arguments":""})"));
  EXPECT_EQ(chunks[2]["choices"][0]["delta"]["tool_calls"][0],
            Json::parse(R"({"index":0,"function":{"arguments":"{}"}})"));
  EXPECT_EQ(chunks[3]["choices"][0]["finish_reason"], "tool_calls");
}

TEST(Chat, StructuredAnswersAreJsonThatFitsTheSchema) {
  const Json plain = body_of(ask("/chat/completions", with({{"response_format", {{"type", "json_object"}}}})));
  EXPECT_TRUE(Json::parse(plain["choices"][0]["message"]["content"].get<std::string>()).is_object());

  const Json schema = Json::parse(R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},
    "kind":{"enum":["sun","rain"]},"next":{"$ref":"#/$defs/day"}},"$defs":{"day":{"type":"object",
    "properties":{"ok":{"type":"boolean"}}}}})");
  const Json format = {{"type", "json_schema"}, {"json_schema", {{"name", "x"}, {"schema", schema}}}};
  const auto chunks = chunks_of(ask("/chat/completions", with({{"response_format", format}, {"stream", true}})));
  std::string text;
  for (const Json& chunk : chunks) text += chunk["choices"][0]["delta"].value("content", "");
  EXPECT_EQ(Json::parse(text),
            Json::parse(R"({"city":"simulated","days":1,"kind":"sun","next":{"ok":true}})"));
}

TEST(Chat, RefusesWhatTheRealServiceRefuses) {
  const std::pair<Json, std::string> cases[] = {{{{"model", "m"}}, "messages"},
                                                {{{"model", "m"}, {"messages", Json::array()}}, "messages"},
                                                {{{"messages", {{{"role", "user"}}}}}, "model"},
                                                {with({{"n", 0}}), "n"},
                                                {with({{"n", 1000}}), "n"},
                                                {with({{"max_tokens", -1}}), "max_tokens"},
                                                {with({{"max_completion_tokens", "9"}}), "max_completion_tokens"}};
  for (const auto& [body, param] : cases) {
    const Answer answer = ask("/chat/completions", body);
    EXPECT_EQ(answer.status, 400U) << body;
    const Json error = body_of(answer)["error"];
    EXPECT_EQ(error["type"], "invalid_request_error");
    EXPECT_EQ(error["param"], param);
    for (const char* key : {"message", "type", "param", "code"}) EXPECT_TRUE(error.contains(key));
  }
}

TEST(Chat, TimesTheTokensOfAStreamAndTheWholeOfAPlainAnswer) {
  config::Sim options = quick();
  options.first_token_delay = std::chrono::milliseconds(50);
  options.token_interval = std::chrono::milliseconds(10);
  Router router(options);
  const Answer stream = ask(router, "/chat/completions", with({{"stream", true}, {"max_tokens", 4}}));
  EXPECT_EQ(stream.delay.count(), 50);
  std::chrono::milliseconds total{0};
  for (const Frame& frame : stream.frames) total += frame.wait;
  EXPECT_EQ(total.count(), 30);
  EXPECT_EQ(ask(router, "/chat/completions", with({{"max_tokens", 4}})).delay.count(), 80);
}

TEST(Chat, EveryRequestHasItsOwnId) {
  Router router(quick());
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(body_of(ask(router, "/chat/completions", request()))["id"].get<std::string>());
  EXPECT_EQ(ids.size(), 5U);
}

}  // namespace
}  // namespace fluxgate::sim
