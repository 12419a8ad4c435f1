#include "unit/sim/helpers.hpp"

namespace fluxgate::sim {
namespace {

const char* const kRequired[] = {"id",          "object", "created_at", "status",   "error", "incomplete_details",
                                 "instructions", "model",  "output",     "tools",    "top_p", "parallel_tool_calls",
                                 "tool_choice", "usage",  "metadata",   "temperature"};

TEST(Responses, PlainAnswerHasEveryRequiredKey) {
  const Json body = body_of(ask("/responses", {{"model", "m"}, {"input", "hi"}, {"instructions", "be brief"}}));
  for (const char* key : kRequired) EXPECT_TRUE(body.contains(key)) << key;
  EXPECT_EQ(body["status"], "completed");
  EXPECT_EQ(body["instructions"], "be brief");
  EXPECT_EQ(body["output"][0]["content"][0]["type"], "output_text");
  EXPECT_EQ(body["usage"]["output_tokens"], 12);
}

TEST(Responses, StreamHasTheOrderOfTheWireFormat) {
  const Answer answer =
      ask("/responses", {{"model", "m"}, {"input", "hi"}, {"stream", true}, {"max_output_tokens", 2}});
  const auto events = events_in(answer);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < events.size(); ++i) {
    names.push_back(events[i].name);
    const Json data = Json::parse(events[i].data);
    EXPECT_EQ(data["type"], events[i].name);
    EXPECT_EQ(data["sequence_number"], i);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"response.created", "response.in_progress", "response.output_item.added",
                                             "response.content_part.added", "response.output_text.delta",
                                             "response.output_text.delta", "response.output_text.done",
                                             "response.content_part.done", "response.output_item.done",
                                             "response.incomplete"}));
  const Json created = Json::parse(events[0].data)["response"];
  EXPECT_EQ(created["status"], "in_progress");
  EXPECT_EQ(created["output"], Json::array());
  EXPECT_TRUE(created["usage"].is_null());
  EXPECT_EQ(Json::parse(events[2].data)["item"]["content"], Json::array());
  const Json last = Json::parse(events.back().data)["response"];
  EXPECT_EQ(last["id"], created["id"]);
  EXPECT_EQ(last["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_EQ(last["output"][0]["content"][0]["text"], "This is");
  EXPECT_EQ(last["usage"]["output_tokens"], 2);
}

TEST(Responses, StreamOfAFunctionCall) {
  const Json tools = Json::parse(R"([{"type":"function","name":"weather","parameters":null,"strict":null}])");
  const Json request = {
      {"model", "m"}, {"input", "hi"}, {"stream", true}, {"tools", tools}, {"tool_choice", "required"}};
  const auto events = events_in(ask("/responses", request));
  std::vector<std::string> names;
  for (const Event& event : events) names.push_back(event.name);
  EXPECT_EQ(names, (std::vector<std::string>{"response.created", "response.in_progress", "response.output_item.added",
                                             "response.function_call_arguments.delta",
                                             "response.function_call_arguments.done", "response.output_item.done",
                                             "response.completed"}));
  EXPECT_EQ(Json::parse(events[2].data)["item"]["arguments"], "");
  const Json item = Json::parse(events.back().data)["response"]["output"][0];
  EXPECT_EQ(item["name"], "weather");
  EXPECT_EQ(item["arguments"], "{}");
  EXPECT_NE(item["id"], item["call_id"]);
}

TEST(Responses, RefusesWhatItCannotDo) {
  EXPECT_EQ(ask("/responses", {{"model", "m"}}).status, 400U);
  const Answer stored = ask("/responses", {{"model", "m"}, {"input", "hi"}, {"previous_response_id", "resp_1"}});
  EXPECT_EQ(body_of(stored)["error"]["param"], "previous_response_id");
}

}  // namespace
}  // namespace fluxgate::sim
