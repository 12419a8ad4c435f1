#include "fluxgate/http/response_head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::http {
namespace {

using std::chrono::milliseconds;
using Status = ResponseHeadParser::Status;

std::string ok(std::string_view lines) { return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n"; }

struct Framed {
  std::string bytes;
  BodyFraming framing;
  std::uint64_t length;
  bool keep_alive;
};

void expect_framed(const std::vector<Framed>& cases, bool head_request = false) {
  for (const auto& expected : cases) {
    ResponseHeadParser parser;
    parser.reset(head_request);
    ASSERT_EQ(parser.parse(expected.bytes), Status::kDone) << expected.bytes << parser.error().detail;
    EXPECT_EQ(parser.head().framing, expected.framing) << expected.bytes;
    EXPECT_EQ(parser.head().content_length, expected.length) << expected.bytes;
    EXPECT_EQ(parser.head().keep_alive, expected.keep_alive) << expected.bytes;
  }
}

void expect_refused(const std::vector<std::string>& heads) {
  for (const auto& bytes : heads) {
    ResponseHeadParser parser;
    ASSERT_EQ(parser.parse(bytes), Status::kError) << bytes;
    EXPECT_EQ(parser.error().kind, ErrorKind::kUpstreamProtocol);
    EXPECT_EQ(parser.error().source, ErrorSource::kUpstream);
    EXPECT_TRUE(parser.error().detail.starts_with("response head: ")) << parser.error().detail;
  }
}

TEST(ResponseHead, ReadsTheExampleOfRfc9110) {  // section 3.9
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nServer: Apache\r\n"
      "Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\nETag: \"34aa387-d-1568eb00\"\r\nAccept-Ranges: bytes\r\n"
      "Content-Length: 51\r\nVary: Accept-Encoding\r\nContent-Type: text/plain\r\n\r\nHello World!";
  ResponseHeadParser parser;
  ASSERT_EQ(parser.parse(bytes), Status::kDone);
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_EQ(parser.head().fields.size(), 8U);
  EXPECT_EQ(parser.head().find("ETAG"), "\"34aa387-d-1568eb00\"");
  EXPECT_EQ(parser.head().content_length, 51U);
  EXPECT_EQ(bytes.substr(parser.consumed()), "Hello World!");
}

TEST(ResponseHead, FramingFollowsRfc9112Section63) {
  expect_framed({
      {ok("Content-Length: 5\r\n"), BodyFraming::kLength, 5, true},
      {ok("Content-Length: 0\r\n"), BodyFraming::kLength, 0, true},
      {ok("Content-Length: 5\r\nContent-Length: 5\r\n"), BodyFraming::kLength, 5, true},
      {ok("Content-Length: 5, 5\r\n"), BodyFraming::kLength, 5, true},
      {ok("Transfer-Encoding: Chunked\r\n"), BodyFraming::kChunked, 0, true},
      {ok(""), BodyFraming::kUntilClose, 0, false},
      {ok("Connection: close\r\nContent-Length: 5\r\n"), BodyFraming::kLength, 5, false},
      {ok("Connection: foo, Close\r\nTransfer-Encoding: chunked\r\n"), BodyFraming::kChunked, 0, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", BodyFraming::kLength, 5, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", BodyFraming::kLength, 5, true},
      {"HTTP/1.0 200 OK\r\n\r\n", BodyFraming::kUntilClose, 0, false},
      {"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", BodyFraming::kLength, 5, true},
  });
}

TEST(ResponseHead, Row31_SomeAnswersHaveNoBodyWhateverTheirFieldsSay) {  // RFC 9110 section 6.4.1
  expect_framed({
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", BodyFraming::kNone, 0, true},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", BodyFraming::kNone, 0, true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", BodyFraming::kNone, 0, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", BodyFraming::kNone, 0, true},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: gzip\r\n\r\n", BodyFraming::kNone, 0, false},
  });
  expect_framed({{ok("Content-Length: 5\r\n"), BodyFraming::kNone, 0, true},
                 {ok("Transfer-Encoding: chunked\r\n"), BodyFraming::kNone, 0, true}},
                true);
}

TEST(ResponseHead, Row33_BrokenHeadsAreUpstreamErrors) {
  expect_refused({
      ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      ok("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
      ok("Content-Length: 5\r\nContent-Length: 6\r\n"),
      ok("Content-Length: 5, 6\r\n"),
      ok("Content-Length: +5\r\n"),
      ok("Content-Length: -1\r\n"),
      ok("Content-Length: 0x5\r\n"),
      ok("Content-Length:\r\n"),
      ok("Content-Length: 18446744073709551616\r\n"),
      ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      ok("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
      ok("A: b\r\n c\r\n"),
      ok("Transfer-Encoding:\r\n chunked\r\n"),
      ok("A: b\n"),
      ok("A : b\r\n"),
      ok("A: b\x01\r\n"),
      ok(std::string("A: b\0c\r\n", 8)),
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 999 X\r\n\r\n",
      "HTTP/1.1 600 X\r\n\r\n",
      "HTTP/1.1 099 X\r\n\r\n",
      "HTTP/1.1 000 X\r\n\r\n",
      "HTTP/1.1 20 X\r\n\r\n",
      "HTTP/1.1 2000 X\r\n\r\n",
      "HTTP/1.1 +20 X\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "<html>",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "\x15\x03\x03",
  });
}

TEST(ResponseHead, Row34_InformationalHeadsAreReportedOneByOne) {  // RFC 9110 section 15.2
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  std::string_view rest = bytes;
  ResponseHeadParser parser;
  std::vector<int> statuses;
  auto status = Status::kNeedMore;
  while ((status = parser.parse(rest)) == Status::kInformational) {
    statuses.push_back(parser.head().status);
    rest.remove_prefix(parser.consumed());
    parser.next_head();
  }
  ASSERT_EQ(status, Status::kDone);
  EXPECT_EQ(statuses, (std::vector<int>{100, 103}));
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_EQ(rest.substr(parser.consumed()), "hi");
}

TEST(ResponseHead, Row34_InformationalHeadsKeepTheHeadRequest) {
  ResponseHeadParser parser;
  parser.reset(true);
  ASSERT_EQ(parser.parse("HTTP/1.1 100 Continue\r\n\r\n"), Status::kInformational);
  parser.next_head();
  ASSERT_EQ(parser.parse(ok("Content-Length: 5\r\n")), Status::kDone);
  EXPECT_EQ(parser.head().framing, BodyFraming::kNone);
}

TEST(ResponseHead, Row35_OtherTransferCodingIsReadUntilCloseAndNeverReused) {
  expect_framed({{ok("Transfer-Encoding: identity\r\n"), BodyFraming::kUntilClose, 0, false},
                 {ok("Transfer-Encoding: xchunked\r\nConnection: keep-alive\r\n"), BodyFraming::kUntilClose, 0,
                 false}});
  expect_refused({ok("Transfer-Encoding: gzip, chunked\r\n"), ok("Transfer-Encoding: chunked, gzip\r\n"),
                  ok("Transfer-Encoding: chunked, chunked\r\n")});
}

TEST(ResponseHead, Row36_ATruncatedHeadNeedsMore) {
  const auto bytes = ok("Content-Length: 5\r\nA: b\r\n");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ResponseHeadParser parser;
    EXPECT_EQ(parser.parse(bytes.substr(0, size)), Status::kNeedMore) << size;
  }
}

TEST(ResponseHead, Row37_BytesBehindTheHeadAreLeft) {
  const auto bytes = ok("Content-Length: 0\r\n");
  ResponseHeadParser parser;
  ASSERT_EQ(parser.parse(bytes + "HTTP/1.1 200 OK\r\n"), Status::kDone);
  EXPECT_EQ(parser.consumed(), bytes.size());
}

TEST(ResponseHead, AnySlicingGivesTheSameHead) {
  const auto bytes = ok("Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n");
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    ResponseHeadParser parser;
    std::string buffer;
    auto status = Status::kNeedMore;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      buffer = std::string(buffer).append(bytes.substr(at, step));
      status = parser.parse(buffer);
    }
    ASSERT_EQ(status, Status::kDone);
    EXPECT_EQ(parser.head().find("content-type"), "text/event-stream");
  }
}

TEST(ResponseHead, SizeAndFieldCountAreBounded) {
  const auto sized = [](std::size_t size) { return ok("A: " + std::string(size - ok("A: \r\n").size(),
      'b') + "\r\n"); };
  ResponseHeadParser parser;
  EXPECT_EQ(parser.parse(sized(65536)), Status::kDone);
  std::string lines;
  for (int i = 0; i < 201; ++i) lines += "A: b\r\n";
  expect_refused({sized(65537), sized(100000).substr(0, 65536), "HTTP/1.1 200 " + std::string(70000, 'x'), ok(lines)});
  parser.reset(false);
  EXPECT_EQ(parser.parse(ok(lines.substr(6))), Status::kDone);
}

TEST(RetryAfter, ReadsMillisecondsSecondsAndDates) {
  const auto now =
      std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + std::chrono::hours(8) + std::chrono::minutes(49);
  struct Case {
    std::string lines;
    std::optional<milliseconds> wait;
  };
  const std::vector<Case> cases{
      {"Retry-After: 7\r\n", milliseconds(7000)},
      {"Retry-After: 0\r\n", milliseconds(0)},
      {"Retry-After-Ms: 250\r\nRetry-After: 7\r\n", milliseconds(250)},
      {"Retry-After-Ms: soon\r\nRetry-After: 7\r\n", milliseconds(7000)},
      {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", milliseconds(37000)},
      {"Retry-After: Sun, 06 Nov 1994 08:48:37 GMT\r\n", milliseconds(0)},
      {"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", milliseconds(252618189059000)},
      {"Retry-After: Sun, 31 Feb 1994 08:49:37 GMT\r\n", std::nullopt},
      {"Retry-After: Sun, 06 Nov 1994 24:49:37 GMT\r\n", std::nullopt},
      {"Retry-After: -1\r\n", std::nullopt},
      {"Retry-After: 1.5\r\n", std::nullopt},
      {"Retry-After:\r\n", std::nullopt},
      {"", std::nullopt},
      {"Retry-After: 99999999999999999999999\r\n", milliseconds(2147483647LL * 1000)},
  };
  for (const auto& test : cases) {
    const auto bytes = "HTTP/1.1 429 Too Many Requests\r\n" + test.lines + "\r\n";
    ResponseHeadParser parser;
    ASSERT_EQ(parser.parse(bytes), Status::kDone) << test.lines;
    EXPECT_EQ(retry_after(parser.head(), now), test.wait) << test.lines;
  }
}

}  // namespace
}  // namespace fluxgate::http
