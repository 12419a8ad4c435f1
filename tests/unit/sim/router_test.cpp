#include <cmath>
#include <cstring>
#include <map>

#include "sim/text.hpp"
#include "unit/sim/helpers.hpp"

namespace fluxgate::sim {
namespace {

Json chat_of(std::string_view model) {
  return {{"model", model}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
}

TEST(Router, PathsAndMethods) {
  Router router(quick());
  const auto status = [&router](const char* method, const char* target) {
    return router.answer({method, target, "application/json", R"({"model":"m","input":"x"})"}, 1).status;
  };
  EXPECT_EQ(status("POST", "/v1/embeddings"), 200U);
  EXPECT_EQ(status("POST", "/embeddings?api-version=1"), 200U);
  EXPECT_EQ(status("GET", "/v1/embeddings"), 405U);
  EXPECT_EQ(status("POST", "/v1/nothing"), 404U);
  EXPECT_EQ(status("GET", "/v1/models"), 200U);
  EXPECT_EQ(status("DELETE", "/v1/models/x"), 405U);
  EXPECT_EQ(router.answer({"POST", "/v1/embeddings", "application/json", "{"}, 1).status, 400U);
  EXPECT_EQ(router.answer({"POST", "/v1/embeddings", "application/json", "[]"}, 1).status, 400U);
  EXPECT_EQ(router.answer({"POST", "/v1/embeddings", "multipart/form-data", "x"}, 1).status, 400U);
}

TEST(Router, Models) {
  Router router(quick());
  const Json list = body_of(router.answer({"GET", "/v1/models", "", ""}, 1));
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["id"], "sim");
  EXPECT_EQ(body_of(router.answer({"GET", "/v1/models/org/name", "", ""}, 1))["id"], "org/name");
}

TEST(Router, FaultsOnDemandByTheEndOfTheModelName) {
  const std::pair<const char*, unsigned> cases[] = {
      {"sim-error-429", 429}, {"sim-error-500", 500}, {"acme/sim-error-503", 503}, {"sim-error-429-not", 200}};
  for (const auto& [model, status] : cases) EXPECT_EQ(ask("/chat/completions", chat_of(model)).status, status) << model;
  const Answer limited = ask("/chat/completions", chat_of("sim-error-429"));
  EXPECT_EQ(limited.headers.front(), (std::pair<std::string, std::string>{"Retry-After", "1"}));
  EXPECT_EQ(body_of(limited)["error"]["code"], "rate_limit_exceeded");
  EXPECT_EQ(ask("/chat/completions", chat_of("sim-stall")).delivery, Delivery::kNever);
  EXPECT_EQ(ask("/chat/completions", chat_of("sim-cut")).delivery, Delivery::kCut);
  EXPECT_EQ(ask("/embeddings", {{"model", "sim-error-500"}, {"input", "x"}}).status, 500U);
  const Answer garbage = ask("/chat/completions", chat_of("sim-garbage"));
  EXPECT_EQ(garbage.status, 200U);
  EXPECT_TRUE(Json::parse(garbage.body, nullptr, false).is_discarded());
}

TEST(Router, FaultsByShareFollowTheSeed) {
  config::Sim options = quick();
  options.error_429 = 0.2;
  options.error_500 = 0.1;
  options.stall = 0.1;
  options.seed = 7;
  const auto outcomes = [&options] {
    Router router(options);
    std::vector<int> out;
    for (int i = 0; i < 2000; ++i) {
      const Answer answer = ask(router, "/embeddings", {{"model", "m"}, {"input", "x"}});
      out.push_back(answer.delivery == Delivery::kNever ? -1 : static_cast<int>(answer.status));
    }
    return out;
  };
  const auto first = outcomes();
  EXPECT_EQ(first, outcomes());
  std::map<int, int> counts;
  for (const int outcome : first) ++counts[outcome];
  EXPECT_NEAR(counts[429], 400, 80);
  EXPECT_NEAR(counts[500], 200, 60);
  EXPECT_NEAR(counts[-1], 200, 60);
  EXPECT_EQ(counts[503], 0);
  options.seed = 8;
  EXPECT_NE(first, outcomes());
}

TEST(Router, Completions) {
  const Json body = body_of(
      ask("/completions", {{"model", "m"}, {"prompt", {"one", "two"}}, {"n", 2}, {"max_tokens", 3}, {"echo", true}}));
  EXPECT_EQ(body["object"], "text_completion");
  ASSERT_EQ(body["choices"].size(), 4U);
  EXPECT_EQ(body["choices"][0]["text"], "oneThis is the");
  EXPECT_EQ(body["choices"][3]["text"], "twoThis is the");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(body["usage"]["completion_tokens"], 12);

  const auto chunks = chunks_of(ask("/completions", {{"model", "m"},
                                                     {"prompt", {1, 2, 3}},
                                                     {"stream", true},
                                                     {"stream_options", {{"include_usage", true}}}}));
  ASSERT_EQ(chunks.size(), 14U);
  EXPECT_EQ(chunks[0]["choices"][0]["text"], "This");
  EXPECT_EQ(chunks[12]["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(chunks[13]["choices"], Json::array());
  EXPECT_EQ(chunks[13]["usage"]["prompt_tokens"], 3);
}

TEST(Router, EmbeddingsAreUnitVectorsAndAlikeInBothEncodings) {
  const Json floats = body_of(ask("/embeddings", {{"model", "m"}, {"input", {"a", "b", "a"}}, {"dimensions", 5}}));
  ASSERT_EQ(floats["data"].size(), 3U);
  const auto values = floats["data"][0]["embedding"].get<std::vector<float>>();
  ASSERT_EQ(values.size(), 5U);
  float squares = 0;
  for (const float v : values) squares += v * v;
  EXPECT_NEAR(squares, 1.0F, 1e-5F);
  EXPECT_EQ(floats["data"][0]["embedding"], floats["data"][2]["embedding"]);
  EXPECT_NE(floats["data"][0]["embedding"], floats["data"][1]["embedding"]);

  const Json packed = body_of(
      ask("/embeddings", {{"model", "m"}, {"input", "a"}, {"dimensions", 5}, {"encoding_format", "base64"}}));
  const std::string raw(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  EXPECT_EQ(packed["data"][0]["embedding"], base64(raw));
  EXPECT_EQ(ask("/embeddings", {{"model", "m"}, {"input", "a"}, {"dimensions", 0}}).status, 400U);
  EXPECT_EQ(ask("/embeddings", {{"model", "m"}}).status, 400U);
  EXPECT_EQ(body_of(ask("/embeddings", {{"model", "m"}, {"input", {1, 2, 3}}}))["data"].size(), 1U);
}

TEST(Router, ModerationsAndRerank) {
  const Json judged = body_of(ask("/moderations", {{"model", "m"}, {"input", {"a", "b"}}}));
  EXPECT_EQ(judged["results"].size(), 2U);
  EXPECT_EQ(judged["results"][0]["categories"].size(), 13U);

  const Json ranked = body_of(
      ask("/rerank", {{"model", "m"}, {"query", "q"}, {"documents", {"a", "b", "c"}}, {"top_n", 2}}));
  ASSERT_EQ(ranked["results"].size(), 2U);
  EXPECT_GE(ranked["results"][0]["relevance_score"], ranked["results"][1]["relevance_score"]);
  EXPECT_LT(ranked["results"][0]["index"], 3);
}

TEST(Router, Media) {
  const Json picture = body_of(ask("/images/generations", {{"model", "m"}, {"prompt", "a dot"}, {"n", 2}}));
  ASSERT_EQ(picture["data"].size(), 2U);
  EXPECT_TRUE(picture["data"][0]["b64_json"].get<std::string>().starts_with("iVBORw0KGgo"));

  const Answer sound = ask("/audio/speech", {{"model", "m"}, {"input", "say this"}, {"voice", "x"}});
  EXPECT_EQ(sound.content_type, "audio/wav");
  EXPECT_EQ(sound.body.substr(0, 4), "RIFF");
  std::uint32_t riff_size = 0;
  std::memcpy(&riff_size, sound.body.data() + 4, 4);
  EXPECT_EQ(riff_size + 8, sound.body.size());

  Router router(quick());
  const std::string form =
      "--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n"
      "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
      "0123\r\n--x456\r\n--xx--\r\n";
  const Answer heard = router.answer({"POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=xx", form}, 1);
  EXPECT_EQ(body_of(heard)["text"], "Simulated transcription of 12 bytes.");
}

TEST(Text, Base64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

TEST(Text, PiecesNeverSplitACharacter) {
  const Generation whole = in_pieces("h\u00e9h\u00e9h\u00e9h\u00e9\u4e16\u754c", 100);
  EXPECT_EQ(whole.text(), "h\u00e9h\u00e9h\u00e9h\u00e9\u4e16\u754c");
  EXPECT_FALSE(whole.cut_short);
  for (const auto& piece : whole.pieces) EXPECT_NE(static_cast<unsigned char>(piece[0]) & 0xC0, 0x80);
  EXPECT_TRUE(in_pieces("0123456789", 1).cut_short);
}

TEST(Text, ASchemaThatRefersToItselfEnds) {
  const Json schema = Json::parse(R"({"type":"object","properties":{"next":{"$ref":"#"}}})");
  EXPECT_TRUE(Json::parse(json_text(schema)).is_object());
}

}  // namespace
}  // namespace fluxgate::sim
