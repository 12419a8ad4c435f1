#include "fluxgate/http/field_rules.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fluxgate/http/head_writer.hpp"
#include "fluxgate/http/request_head.hpp"

namespace fluxgate::http {
namespace {

TEST(FieldRules, Row25_RequestFieldsPassByAllowList) {
  for (const auto* name : {"Accept", "content-type", "OpenAI-Beta", "Idempotency-Key", "accept-language",
      "anthropic-version",
                           "anthropic-beta", "X-Client-Request-Id"}) {
    EXPECT_TRUE(forwards_to_upstream(name)) << name;
  }
  for (const auto* name :
       {"Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "Transfer-Encoding", "Proxy-Authenticate",
           "Proxy-Authorization",
        "Connection", "Trailer", "Host", "Content-Length", "Expect", "Authorization", "x-api-key", "Cookie",
        "OpenAI-Organization",
        "OpenAI-Project", "Accept-Encoding", "User-Agent", "x-stainless-lang", "Forwarded", "X-Forwarded-For",
        "traceparent",
        "tracestate", "Content_Type", "Via", "", "content-typo", "x-fluxgate-target"}) {
    EXPECT_FALSE(forwards_to_upstream(name)) << name;
  }
}

TEST(FieldRules, ResponseFieldsPassByAllowList) {
  for (const auto* name : {"Content-Type", "content-disposition", "content-language", "content-encoding", "Retry-After",
                           "retry-after-ms", "x-should-retry", "openai-processing-ms", "openai-version",
                           "openai-model"}) {
    EXPECT_TRUE(returns_to_client(name)) << name;
  }
  for (const auto* name : {"Set-Cookie", "Server", "x-ratelimit-remaining-requests", "Connection",
      "Transfer-Encoding", "Content-Length",
                           "openai-organization", "cf-ray", "alt-svc", "Trailer", "", "via"}) {
    EXPECT_FALSE(returns_to_client(name)) << name;
  }
}

TEST(HeadWriter, ValuesThatCouldBreakTheHeadAreRefused) {
  EXPECT_TRUE(valid_field_value("a \tb \xc3\xa9"));
  EXPECT_TRUE(valid_field_value(""));
  for (const auto value : {std::string_view("a\rb"), std::string_view("a\nb"), std::string_view("a\0b", 3),
      std::string_view("\x01"),
                           std::string_view("\x7f")}) {
    EXPECT_FALSE(valid_field_value(value));
  }
  std::string out;
  HeadWriter writer(out);
  EXPECT_FALSE(writer.field("X", "a\r\nSet-Cookie: b"));
  EXPECT_FALSE(writer.field("X Y", "a"));
  EXPECT_FALSE(writer.field("", "a"));
  EXPECT_FALSE(writer.field("X\r\nY", "a"));
  EXPECT_FALSE(writer.request_line("GET", "/a b"));
  EXPECT_FALSE(writer.request_line("GET", "/a\r\nX: y"));
  EXPECT_FALSE(writer.request_line("GET", ""));
  EXPECT_FALSE(writer.request_line("G T", "/"));
  EXPECT_FALSE(writer.status_line(99));
  EXPECT_FALSE(writer.status_line(600));
  EXPECT_EQ(out, "");
}

// Names and values are checked sixteen characters at a time: every character at every place of every length.
TEST(HeadWriter, ChecksEveryCharacterWhereverItStands) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  for (std::size_t size = 1; size <= 50; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, 'x');
        const char c = text[at] = static_cast<char>(i);
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool tchar = alphanumeric || kMarks.find(c) != kMarks.npos;
        ASSERT_EQ(valid_field_name(text), tchar) << size << ' ' << at << ' ' << i;
        ASSERT_EQ(valid_field_value(text), c == '\t' || (i >= 0x20 && i != 0x7f)) << size << ' ' << at << ' ' << i;
      }
    }
  }
}

TEST(HeadWriter, CheckedFieldsAreWrittenLikeOthers) {
  for (const int size : {0, 1, 251, 252, 5000}) {
    std::string checked;
    std::string plain;
    const std::string value(static_cast<std::size_t>(size), 'v');
    HeadWriter(checked).checked_field("n", value);
    EXPECT_TRUE(HeadWriter(plain).field("n", value));
    EXPECT_EQ(checked, plain);
    EXPECT_EQ(checked, "n: " + value + "\r\n");
  }
  std::string out;
  HeadWriter(out).checked_field("content-length", 18446744073709551615ULL);
  EXPECT_EQ(out, "content-length: 18446744073709551615\r\n");
}

TEST(HeadWriter, WritesHeadsTheGuardAccepts) {
  std::string out;
  HeadWriter writer(out);
  EXPECT_TRUE(writer.request_line("POST", "/v1/chat/completions?x=1"));
  EXPECT_TRUE(writer.field("host", "api.example"));
  EXPECT_TRUE(writer.field("content-length", 18446744073709551615ULL));
  writer.end();
  EXPECT_EQ(out,
      "POST /v1/chat/completions?x=1 HTTP/1.1\r\nhost: api.example\r\ncontent-length: 18446744073709551615\r\n\r\n");
  RequestHeadParser parser;
  EXPECT_EQ(parser.parse(out), RequestHeadParser::Status::kDone);
}

TEST(HeadWriter, StatusLines) {
  const auto line = [](int status) {
    std::string out;
    HeadWriter(out).status_line(status);
    return out;
  };
  EXPECT_EQ(line(200), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(line(429), "HTTP/1.1 429 Too Many Requests\r\n");
  EXPECT_EQ(line(504), "HTTP/1.1 504 Gateway Timeout\r\n");
  EXPECT_EQ(line(599), "HTTP/1.1 599 Unknown\r\n");
}

}  // namespace
}  // namespace fluxgate::http
