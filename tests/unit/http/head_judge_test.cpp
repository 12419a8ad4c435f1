// The head parsers against an independent judge (beast_judge.hpp), over the fuzz corpora and thousands of small changes
// of each head in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "unit/http/beast_judge.hpp"

namespace fluxgate::http {
namespace {

std::vector<std::string> corpus(const std::string& name) {
  std::vector<std::string> heads;
  const std::filesystem::path folder = std::filesystem::path(FLUXGATE_SOURCE_DIR) / "tests/fuzz/corpus" / name;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    heads.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    if (heads.back().size() > 1000) heads.pop_back();  // what tests a limit has little else in it
  }
  std::sort(heads.begin(), heads.end());
  return heads;
}

// Calls `check` with each head and with each of its neighbours: one character removed, doubled or replaced by one that
// means something to some parser.
template <class Check>
void for_each_neighbour(const std::vector<std::string>& heads, Check check) {
  constexpr std::string_view kReplacements("\r\n\t\0 :,;/.?#%\\_-0a9\x1f\x7f\x80\xff", 23);
  for (const auto& head : heads) {
    check(head);
    for (std::size_t at = 0; at < head.size(); ++at) {
      std::string changed = head;
      changed.erase(at, 1);
      check(changed);
      changed = head;
      changed.insert(at, 1, head[at]);
      check(changed);
      changed = head;
      for (const char c : kReplacements) {
        changed[at] = c;
        check(changed);
      }
    }
  }
}

TEST(HeadJudge, AgreesWithEveryRequestHeadThatIsAccepted) {
  auto heads = corpus("http_request_head");
  heads.push_back("POST http://A.b:80/v1/x%20y?q HTTP/1.1\r\nhost: a.B:80\r\ncontent-type:a/b\r\nTraceParent: 1\r\n"
                  "Proxy-Connection: close, x\r\nx_y!~: \t a \t b\xc3\xa9 \t\r\nContent-Length: 12\r\n\r\n");
  heads.push_back("PUT / HTTP/1.0\r\nConnection: ,keep-alive ,\r\nContent-Encoding: gzip\r\nEmpty:\r\n\r\n");
  heads.push_back("DELETE /a HTTP/1.1\r\nHost: [::1]:9\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  std::size_t accepted = 0;
  for_each_neighbour(heads, [&accepted](const std::string& bytes) {
    RequestHeadParser parser;
    if (parser.parse(bytes) != RequestHeadParser::Status::kDone) return;
    ++accepted;
    const auto& head = parser.head();
    ASSERT_EQ(judge::disagree_on(head, std::string_view(bytes).substr(0, parser.consumed())), "") << bytes;
    ASSERT_EQ(head.content_type, head.find("content-type")) << bytes;
    ASSERT_EQ(head.content_encoding, head.find("content-encoding")) << bytes;
    ASSERT_EQ(head.traceparent, head.find("traceparent")) << bytes;
    ASSERT_EQ(head.tracestate, head.find("tracestate")) << bytes;
  });
  EXPECT_GT(accepted, 10000U);
}

TEST(HeadJudge, AgreesWithEveryResponseHeadThatIsAccepted) {
  auto heads = corpus("http_response_head");
  heads.push_back("HTTP/1.1 200 OK\r\nContent-Length: 5 ,5\r\nproxy-connection: a\r\nConnection: close\r\n"
                  "A_b:\tc\t\r\n\r\n");
  std::size_t accepted = 0;
  for_each_neighbour(heads, [&accepted](const std::string& bytes) {
    for (const bool answers_head_request : {false, true}) {
      ResponseHeadParser parser;
      parser.reset(answers_head_request);
      const auto status = parser.parse(bytes);
      if (status != ResponseHeadParser::Status::kDone && status != ResponseHeadParser::Status::kInformational) continue;
      ++accepted;
      const auto head = std::string_view(bytes).substr(0, parser.consumed());
      ASSERT_EQ(judge::disagree_on(parser.head(), head, answers_head_request), "") << bytes;
    }
  });
  EXPECT_GT(accepted, 5000U);
}

// A judge that agrees with everything would be worth nothing.
TEST(HeadJudge, NoticesWhatIsNotSo) {
  const std::string bytes = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse(bytes), RequestHeadParser::Status::kDone);
  ASSERT_EQ(judge::disagree_on(parser.head(), bytes), "");
  const auto disagreement = [&](auto change) {
    RequestHead head = parser.head();
    change(head);
    return judge::disagree_on(head, bytes);
  };
  EXPECT_EQ(disagreement([](RequestHead& head) { head.method = Method::kPut; }), "the method");
  EXPECT_EQ(disagreement([](RequestHead& head) { head.target = "/b"; }), "the target");
  EXPECT_EQ(disagreement([](RequestHead& head) { head.content_length = 6; }), "the length");
  EXPECT_EQ(disagreement([](RequestHead& head) { head.framing = BodyFraming::kChunked; }), "chunked framing");
  EXPECT_EQ(disagreement([](RequestHead& head) { head.version_minor = 0; }), "the version");
  EXPECT_EQ(disagreement([](RequestHead& head) { head.fields.pop_back(); }), "the number of fields");
  EXPECT_EQ(disagreement([](RequestHead& head) { head.fields[0].value = "b"; }), "the value of field 0");
  EXPECT_EQ(judge::disagree_on(parser.head(), bytes.substr(0, bytes.size() - 1)), "whether this is a head");
}

// What Beast lets through and we do not: the reasons why its parser alone would not do.
TEST(HeadJudge, BeastIsLaxer) {
  for (const std::string line : {"Transfer-Encoding: chunked, gzip", "Transfer-Encoding: xchunked", "Host: b",
                                 "Content-Length: 005", "A: b\r\n c", "Transfer_Encoding: chunked"}) {
    const auto bytes = "POST / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n";
    EXPECT_TRUE(judge::BeastHead<true>().read(bytes)) << line;
    RequestHeadParser parser;
    EXPECT_EQ(parser.parse(bytes), RequestHeadParser::Status::kError) << line;
  }
}

}  // namespace
}  // namespace fluxgate::http
