// Test names that begin with RowNN cite the gateway's HTTP/1.1 checklist; the RFC section stands beside each group.
#include "fluxgate/http/request_head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::http {
namespace {

using Status = RequestHeadParser::Status;

// What a test wants to know of a verdict, in one comparable value.
struct Verdict {
  Status status = Status::kNeedMore;
  ErrorKind kind = ErrorKind::kInternal;  // only for kError
  std::string message;
};

Verdict verdict_of(const RequestHeadParser& parser, Status status) {
  if (status != Status::kError) return {status, ErrorKind::kInternal, ""};
  const auto error = parser.error();
  return {status, error.kind, error.message};
}

Verdict judge(std::string_view bytes, const HeadLimits& limits = {}) {
  RequestHeadParser parser(limits);
  return verdict_of(parser, parser.parse(bytes));
}

// A GET with the given lines between Host and the empty line.
std::string with(std::string_view lines) { return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n"; }
std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

void expect_refused(const std::vector<std::string>& heads, ErrorKind kind = ErrorKind::kBadRequest) {
  for (const auto& head : heads) {
    const auto verdict = judge(head);
    EXPECT_EQ(verdict.status, Status::kError) << head;
    EXPECT_EQ(to_string(verdict.kind), to_string(kind)) << head << verdict.message;
  }
}

void expect_accepted(const std::vector<std::string>& heads) {
  for (const auto& head : heads) {
    const auto verdict = judge(head);
    EXPECT_EQ(verdict.status, Status::kDone) << head << verdict.message;
  }
}

constexpr std::string_view kTypical =
    "POST /v1/chat/completions?api-version=2&x HTTP/1.1\r\n"
    "Host: gateway.example:8080\r\n"
    "Authorization: Bearer sk-test\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 27\r\n"
    "Accept:text/event-stream \t\r\n"
    "Empty:\r\n"
    "User-Agent: OpenAI/Python 1.2 \xc3\xa9\r\n"
    "\r\n";

TEST(RequestHead, ReadsEveryPartOfATypicalHead) {
  RequestHeadParser parser;
  const std::string bytes = std::string(kTypical) + "{\"body\":1}";
  ASSERT_EQ(parser.parse(bytes), Status::kDone);
  EXPECT_EQ(parser.consumed(), kTypical.size());
  const auto& head = parser.head();
  EXPECT_EQ(head.method, Method::kPost);
  EXPECT_EQ(to_string(head.method), "POST");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_EQ(head.target, "/v1/chat/completions?api-version=2&x");
  EXPECT_EQ(head.path, "/v1/chat/completions");
  EXPECT_EQ(head.query, "api-version=2&x");
  EXPECT_EQ(head.host, "gateway.example:8080");
  EXPECT_EQ(head.framing, BodyFraming::kLength);
  EXPECT_EQ(head.content_length, 27U);
  EXPECT_TRUE(head.has_body());
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  ASSERT_EQ(head.fields.size(), 7U);
  EXPECT_EQ(head.fields[4].name, "Accept");
  EXPECT_EQ(head.find("accept"), "text/event-stream");
  EXPECT_EQ(head.find("EMPTY"), "");
  EXPECT_EQ(head.find("user-agent"), "OpenAI/Python 1.2 \xc3\xa9");
  EXPECT_EQ(head.find("cookie"), std::nullopt);
}

TEST(RequestHead, ReadsTheExampleOfRfc9112) {  // section 3
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse("GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n"
                         "Accept-Language: en, mi\r\n\r\n"),
            Status::kDone);
  EXPECT_EQ(parser.head().path, "/hello.txt");
  EXPECT_EQ(parser.head().host, "www.example.com");
  EXPECT_EQ(parser.head().framing, BodyFraming::kNone);
  EXPECT_FALSE(parser.head().has_body());
}

TEST(RequestHead, AnySlicingAndAnyMoveOfTheBufferGivesTheSameHead) {
  for (std::size_t step = 1; step <= kTypical.size(); ++step) {
    RequestHeadParser parser;
    std::string buffer;
    Status status = Status::kNeedMore;
    for (std::size_t at = 0; at < kTypical.size(); at += step) {
      ASSERT_EQ(status, Status::kNeedMore);
      buffer = std::string(buffer).append(kTypical.substr(at, step));  // a new allocation each time
      status = parser.parse(buffer);
    }
    ASSERT_EQ(status, Status::kDone) << step;
    EXPECT_EQ(parser.head().path, "/v1/chat/completions");
    EXPECT_EQ(parser.head().fields.size(), 7U);
    EXPECT_EQ(parser.consumed(), kTypical.size());
  }
}

TEST(RequestHead, EveryPrefixNeedsMore) {
  for (std::size_t size = 0; size < kTypical.size(); ++size) {
    EXPECT_EQ(judge(kTypical.substr(0, size)).status, Status::kNeedMore) << size;
  }
}

TEST(RequestHead, RefusalsDoNotDependOnSlicing) {
  const std::vector<std::string> heads{
      with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), with("A: b\r\n c\r\n"), with("A: b\n"),
      "\x16\x03\x01\x02", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", get("/a#b")};
  for (const auto& head : heads) {
    const auto whole = judge(head);
    ASSERT_EQ(whole.status, Status::kError) << head;
    RequestHeadParser parser;
    Status status = Status::kNeedMore;
    for (std::size_t size = 0; size <= head.size(); ++size) status = parser.parse(std::string_view(head).substr(0,
        size));
    EXPECT_EQ(status, Status::kError) << head;
    EXPECT_EQ(parser.error().message, whole.message);
  }
}

TEST(RequestHead, ErrorsNameTheRuleAndTheClient) {
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse(with("Host: b\r\n")), Status::kError);
  EXPECT_EQ(parser.error().message, "Invalid HTTP request: more than one Host field");
  EXPECT_EQ(parser.error().source, ErrorSource::kClient);
  EXPECT_EQ(parser.error().retry, Retry::kNo);
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Status::kError) << "the verdict stands until reset";
}

TEST(RequestHead, Row01_ContentLengthWithChunkedIsRefused) {  // RFC 9112 section 6.3
  expect_refused({with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
                  with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
                  with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")});
}

TEST(RequestHead, Row02_FinalCodingOtherThanChunkedIsRefused) {
  for (const auto* coding : {"xchunked", "identity", "chunked, gzip", "gzip", "", "\"chunked\"", "chunked\xa0",
      "\x0b" "chunked",
                             "chunke", "chunked x", "chunked\t, identity"}) {
    expect_refused({with("Transfer-Encoding: " + std::string(coding) + "\r\n")});
  }
}

TEST(RequestHead, Row03_OnlyTheExactTokenChunkedIsAccepted) {
  expect_accepted({with("Transfer-Encoding: chunked\r\n"), with("transfer-encoding:CHUNKED \r\n")});
  for (const auto* coding : {"chunked, chunked", ",chunked", "chunked,", "chunked;q=1", "gzip;q=1, chunked",
                             "gzip,, chunked", "chunked, gzip, chunked"}) {
    expect_refused({with("Transfer-Encoding: " + std::string(coding) + "\r\n")});
  }
  for (const auto* coding : {"gzip, chunked", "gzip,chunked", "deflate, gzip, chunked"}) {
    expect_refused({with("Transfer-Encoding: " + std::string(coding) + "\r\n")}, ErrorKind::kNotImplemented);
  }
}

TEST(RequestHead, Row04_UnknownCodingWithContentLengthIsRefused) {
  expect_refused({with("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n"),
                  with("Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n")});
}

TEST(RequestHead, Row05_TransferEncodingInHttp10IsRefused) {  // RFC 9112 section 6.1
  expect_refused({"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                  "POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n"});
}

TEST(RequestHead, Row06_RepeatedTransferEncodingIsRefused) {
  expect_refused({with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                  with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
                  with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")});
}

TEST(RequestHead, Row07_BadContentLengthIsRefused) {  // RFC 9110 section 8.6
  for (const auto* length : {"+5", "-1", "0x5", "0x10", "5_0", "1_0", "", "5zz", "5 5", "010", "00", "5.0", "1e3",
      "\xb2",
                             "18446744073709551616", "99999999999999999999999", "5;", "5, 6"}) {
    expect_refused({with("Content-Length: " + std::string(length) + "\r\n")});
  }
  expect_refused({with("Content-Length: 5\r\nContent-Length: 6\r\n")});
  expect_accepted({with("Content-Length: 0\r\n"), with("Content-Length:5\r\n"), with("Content-Length: \t5 \r\n"),
                   with("Content-Length: 18446744073709551615\r\n")});
}

TEST(RequestHead, Row08_RepeatedEqualContentLengthIsRefused) {
  expect_refused({with("Content-Length: 5\r\nContent-Length: 5\r\n"), with("Content-Length: 5, 5\r\n"),
                  with("Content-Length: 5\r\ncontent-length: 5\r\n"), with("Content-Length: 5,\r\n")});
}

TEST(RequestHead, Row09_FoldedLinesAreRefused) {  // RFC 9112 section 5.2
  expect_refused({with("A: b\r\n c\r\n"), with("A: b\r\n\tc\r\n"), with("A:\r\n b\r\n"), with("A: b\r\n \r\n"),
                  with("Transfer-Encoding:\r\n chunked\r\n"), with("Transfer-Encoding: chunked\r\n , identity\r\n")});
}

TEST(RequestHead, Row10_BlanksBeforeColonOrFirstFieldAreRefused) {  // RFC 9112 sections 5.1, 2.2
  expect_refused({with("Content-Length : 5\r\n"), with("Content-Length\t: 5\r\n"), with(" A: b\r\n"),
                  "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "GET / HTTP/1.1\r\n\tA: b\r\nHost: a\r\n\r\n"});
}

TEST(RequestHead, Row11_OnlyCrLfEndsALine) {  // RFC 9112 section 2.2
  expect_refused({"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", with("A: b\rC: d\r\n"),
      with("A: b\r\r\n"),
                  with("A: b\n"), "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n",
                  "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", "GET /\n HTTP/1.1\r\nHost: a\r\n\r\n",
                  "GET / HTTP/1.1\rHost: a\r\n\r\n", "GET\r\n/ HTTP/1.1\r\nHost: a\r\n\r\n"});
  for (char c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\r' || c == '\n') continue;
    expect_refused({with("A: b" + std::string(1, c) + "c\r\n"), with("A" + std::string(1, c) + ": b\r\n")});
  }
  expect_refused({with("A: b\x7f\r\n")});
  expect_accepted({with("A: b\tc\r\n")});
}

TEST(RequestHead, Row11_NamesAreTokens) {
  for (const auto* line : {"A", "A\r\nb: c", ": b", "A[]: b", "A(: b", "\xc3\xa9: b", "A\x80: b", "A\xa0: b",
      "A b: c", "A\r\n: b",
                           "\"A\": b", "A/b: c"}) {
    expect_refused({with(std::string(line) + "\r\n")});
  }
}

TEST(RequestHead, Row12_UpToTwoEmptyLinesAreSkipped) {  // RFC 9112 section 2.2
  expect_accepted({"\r\n" + get("/"), "\r\n\r\n" + get("/")});
  expect_refused({"\r\n\r\n\r\n" + get("/"), "\n" + get("/"), "\r" + get("/"), " \r\n" + get("/")});
  RequestHeadParser parser;
  EXPECT_EQ(parser.parse("\r\n"), Status::kNeedMore);
  EXPECT_FALSE(parser.started()) << "empty lines are not a request: the idle timer goes on";
  EXPECT_EQ(parser.parse("\r\nG"), Status::kNeedMore);
  EXPECT_TRUE(parser.started());
  const auto bytes = "\r\n" + get("/x");
  ASSERT_EQ(parser.parse(bytes), Status::kDone);
  EXPECT_EQ(parser.consumed(), bytes.size());
  EXPECT_EQ(parser.head().path, "/x");
}

TEST(RequestHead, Row13_HostIsRequiredOnceAndValid) {  // RFC 9112 section 3.2
  expect_refused({"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                  "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"});
  for (const auto* host : {"", "a b", "foo?", "foo/", "x#", "u@h", "[::1", "a:99999999", "a:65536", "a:-1", "a:x",
      ":80", "a, b",
                           "[::1]x", "[::1]:x", "[g::1]", "[]", "[:]", "a:1:2", "http://a", "a\\b", "\xc3\xa9",
                           "a%2e", "a\tb"}) {
    expect_refused({"GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"});
  }
  for (const auto* host : {"a", "A.Example-1.com", "127.0.0.1:8080", "[::1]", "[2001:db8::1]:443", "[::ffff:1.2.3.4]",
      "a:",
                           "a:65535", "my_service.internal"}) {
    expect_accepted({"GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"});
  }
  expect_accepted({"GET / HTTP/1.0\r\n\r\n"});
}

TEST(RequestHead, Row14_AbsoluteFormMustAgreeWithHost) {  // RFC 9112 section 3.2.2
  const auto absolute = [](std::string_view target, std::string_view host) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
  };
  expect_refused({absolute("http://b/", "a"), absolute("http://a:80/", "a"), absolute("http://u@a/", "a"),
      absolute("http:///", "a"),
                  absolute("ftp://a/", "a"), absolute("http:/a", "a"), absolute("a/b", "a"), absolute("a", "a"),
                  "GET http://a/ HTTP/1.1\r\n\r\n"});
  RequestHeadParser parser;
  const auto full = absolute("HTTP://A.example:81/v1/models?x=1", "a.Example:81");
  ASSERT_EQ(parser.parse(full), Status::kDone);
  EXPECT_EQ(parser.head().path, "/v1/models");
  EXPECT_EQ(parser.head().query, "x=1");
  EXPECT_EQ(parser.head().host, "A.example:81");
  parser.reset();
  const auto root = absolute("https://a?x", "a");
  ASSERT_EQ(parser.parse(root), Status::kDone);
  EXPECT_EQ(parser.head().path, "/");
  EXPECT_EQ(parser.head().query, "x");
}

TEST(RequestHead, Row15_TargetsOutsideTheGrammarAreRefused) {
  expect_refused({get("*"), get("/a#b"), get("/\xc3\xa9"), get("/a?\xff"), get("/a\tb"), get("/a b"), get(""),
      get("/a\x7f"),
                  get("/a\x01"), "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
                  "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", get("*/a"), get("?a")});
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), Status::kDone);
  EXPECT_EQ(parser.head().path, "*");
}

TEST(RequestHead, Row16_ThereIsOneCanonicalPath) {
  for (const auto* path : {"//", "//a", "/a//b", "/a/./b", "/./a", "/a/.", "/.", "/..", "/a/../b", "/a/..", "/a\\b",
      "/a%2fb", "/a%2Fb",
                           "/a%5cb", "/a%00b", "/%2e%2e/b", "/%2e", "/a%2Eb", "/a%252eb", "/a%0ab", "/a%0d", "/a%7f",
                           "/a%3fb",
                           "/a%23b", "/a%", "/a%4", "/a%zz", "/a%4g", "/%u0041"}) {
    expect_refused({get(path), "GET http://a" + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n"});
  }
  const std::vector<std::pair<std::string, std::string>> canonical{
      {"/", "/"}, {"/v1/models/", "/v1/models/"}, {"/v1/%6Dodels", "/v1/models"}, {"/a%3Ab%20c", "/a:b c"}, {"/...",
          "/..."},
      {"/.well-known/x", "/.well-known/x"}, {"/%C3%A9", "/\xc3\xa9"}, {"/v1/models/llama3:8b", "/v1/models/llama3:8b"},
      {"/A;b", "/A;b"}, {"/a?x=//../%2e", "/a"}};
  for (const auto& [target, path] : canonical) {
    RequestHeadParser parser;
    const auto bytes = get(target);
    ASSERT_EQ(parser.parse(bytes), Status::kDone) << target;
    EXPECT_EQ(parser.head().path, path);
    EXPECT_EQ(parser.head().target, target);
  }
}

TEST(RequestHead, Row17_OnlyHttp11AndHttp10) {  // RFC 9110 sections 2.5, 15.6.6
  const auto version = [](std::string_view text) { return "GET / " + std::string(text) + "\r\nHost: a\r\n\r\n"; };
  expect_refused({version("HTTP/2.0"), version("HTTP/9.9"), version("HTTP/0.9"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
                 ErrorKind::kVersionUnsupported);
  expect_refused({version("HTTP/1.2"), version("HTTP/1.9"), version("http/1.1"), version("HTTP/1.10"),
      version("HTTP/11.1"),
                  version("HTTP/257.1"), version("HTTP/1.1 "), version("HTTP/1,1"), version("HTTP/"),
                      version("HTTX/1.1"),
                  version("HTTP/1"), version(""), "GET /\r\nHost: a\r\n\r\n", "GET\r\nHost: a\r\n\r\n",
                      version("x HTTP/2.0")});
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse("GET / HTTP/1.0\r\n\r\n"), Status::kDone);
  EXPECT_EQ(parser.head().version_minor, 0);
  EXPECT_TRUE(parser.head().host.empty());
}

TEST(RequestHead, Row18_LongRequestLineIs414) {  // RFC 9112 section 3
  const std::string overhead = "GET / HTTP/1.1";
  const auto line_of = [&](std::size_t size) { return get("/" + std::string(size - overhead.size(), 'a')); };
  expect_accepted({line_of(8000), line_of(8192)});
  expect_refused({line_of(8193), line_of(100000)}, ErrorKind::kUriTooLong);
  // Without an end in sight it is refused as soon as the limit is crossed.
  EXPECT_EQ(judge("GET /" + std::string(8192 + 2 - 5 - 1, 'a')).status, Status::kNeedMore);
  EXPECT_EQ(judge("GET /" + std::string(8192 + 2 - 5, 'a')).kind, ErrorKind::kUriTooLong);
}

TEST(RequestHead, Row19_LargeHeadAndTooManyFieldsAre431) {  // RFC 9110 section 5.4
  const std::size_t overhead = with("A: \r\n").size();
  const auto head_of = [&](std::size_t size) { return with("A: " + std::string(size - overhead, 'b') + "\r\n"); };
  ASSERT_EQ(head_of(32768).size(), 32768U);
  expect_accepted({head_of(32768)});
  expect_refused({head_of(32769), head_of(100000), head_of(40000).substr(0, 32768)}, ErrorKind::kHeadTooLarge);
  EXPECT_EQ(judge(head_of(40000).substr(0, 32767)).status, Status::kNeedMore);

  const auto fields = [](int count) {
    std::string lines;
    for (int i = 1; i < count; ++i) lines += "A: b\r\n";  // Host is one
    return with(lines);
  };
  expect_accepted({fields(100)});
  expect_refused({fields(101), fields(500)}, ErrorKind::kHeadTooLarge);
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse(fields(100)), Status::kDone);
  EXPECT_EQ(parser.head().fields.size(), 100U);
}

TEST(RequestHead, Row19_LimitsAreConfigurable) {
  const HeadLimits small{.request_line = 20, .head = 60, .fields = 2};
  EXPECT_EQ(judge(get("/aaaaaa"), small).status, Status::kDone);
  EXPECT_EQ(judge(get("/aaaaaaa"), small).kind, ErrorKind::kUriTooLong);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n", small).kind, ErrorKind::kHeadTooLarge);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(30, 'b') + "\r\n\r\n", small).kind,
      ErrorKind::kHeadTooLarge);
}

TEST(RequestHead, Row24_ConnectionMustNotNameFramingFields) {  // RFC 9110 section 7.6.1
  expect_refused({with("Connection: content-length\r\nContent-Length: 5\r\n"),
                  with("Connection: close, Transfer-Encoding\r\n"), with("Connection: Host\r\n")});
  expect_accepted({with("Connection: x-api-key, authorization\r\n")});
}

TEST(RequestHead, ConnectionAndVersionDecideKeepAlive) {
  const std::vector<std::pair<std::string, bool>> cases{
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n", false}};
  for (const auto& [bytes, keep] : cases) {
    RequestHeadParser parser;
    ASSERT_EQ(parser.parse(bytes), Status::kDone) << bytes;
    EXPECT_EQ(parser.head().keep_alive, keep) << bytes;
  }
}

TEST(RequestHead, Row27_Expect) {  // RFC 9110 section 10.1.1
  expect_refused({with("Expect: 200-ok\r\nContent-Length: 5\r\n"), with("Expect: 100-continue, x\r\n"),
      with("Expect:\r\n")},
                 ErrorKind::kExpectationFailed);
  expect_refused({with("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n")});
  const std::vector<std::pair<std::string, bool>> cases{
      {with("Expect: 100-Continue\r\nContent-Length: 5\r\n"), true},
      {with("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), true},
      {with("Expect: 100-continue\r\nContent-Length: 0\r\n"), false},
      {with("Expect: 100-continue\r\n"), false},
      {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false},
      {"POST / HTTP/1.0\r\nExpect: other\r\nContent-Length: 5\r\n\r\n", false}};
  for (const auto& [bytes, expects] : cases) {
    RequestHeadParser parser;
    ASSERT_EQ(parser.parse(bytes), Status::kDone) << bytes;
    EXPECT_EQ(parser.head().expect_continue, expects) << bytes;
  }
}

TEST(RequestHead, Row30_PipelinedHeadsAreReadOneByOne) {
  const auto second = with("Content-Length: 3\r\n");
  const std::string bytes = get("/1") + second + "abc" + "GET / HTTP/1.1\r\n\r\n";
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse(bytes), Status::kDone);
  EXPECT_EQ(parser.head().path, "/1");
  std::string_view rest = std::string_view(bytes).substr(parser.consumed());
  parser.reset();
  ASSERT_EQ(parser.parse(rest), Status::kDone);
  EXPECT_EQ(parser.head().method, Method::kPost);
  rest.remove_prefix(parser.consumed() + parser.head().content_length);
  parser.reset();
  EXPECT_EQ(parser.parse(rest), Status::kError) << "no Host";
}

TEST(RequestHead, Row30_ContentLengthZeroLeavesTheNextRequestAlone) {
  RequestHeadParser parser;
  const auto first = with("Content-Length: 0\r\n");
  ASSERT_EQ(parser.parse(first + get("/next")), Status::kDone);
  EXPECT_EQ(parser.consumed(), first.size());
  EXPECT_FALSE(parser.head().has_body());
}

TEST(RequestHead, Row31_HeadAndGetKeepTheirFraming) {
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"), Status::kDone);
  EXPECT_EQ(parser.head().method, Method::kHead);
  EXPECT_EQ(parser.head().content_length, 3U) << "a body nobody wants must still be drained";
}

TEST(RequestHead, Row32_Methods) {  // RFC 9110 section 9
  const auto method = [](std::string_view name) { return std::string(name) + " / HTTP/1.1\r\nHost: a\r\n\r\n"; };
  expect_accepted({method("GET"), method("HEAD"), method("POST"), method("PUT"), method("DELETE"), method("OPTIONS"),
      method("PATCH")});
  expect_refused({method("TRACE"), "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"}, ErrorKind::kMethodNotAllowed);
  expect_refused({method("FOO"), method("get"), method("PROPFIND"), method("G"), method("GETT")},
      ErrorKind::kNotImplemented);
  expect_refused({method("G(T"), method(""), method("G\xc3T"), method("\"GET\"")});
}

TEST(RequestHead, UnderscoreAliasesOfFramingFieldsAreRefused) {
  expect_refused({with("Transfer_Encoding: chunked\r\n"), with("content_length: 5\r\n"),
      with("CONTENT_LENGTH: 5\r\n")});
  expect_accepted({with("x_custom: 1\r\n"), with("content_type: 1\r\n"), with("x_content_length: 1\r\n")});
}

TEST(RequestHead, RepeatedSingletonsAreRefused) {
  expect_refused({with("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
                  with("Content-Type: application/json\r\nContent-Type: text/plain\r\n")});
  expect_accepted({with("Accept: a\r\nAccept: b\r\n")});
}

TEST(RequestHead, BytesThatAreNoHttpAreRefusedAtTheFirstOne) {
  for (const std::string_view bytes : {std::string_view("\x16\x03\x01"), std::string_view("\0", 1),
      std::string_view("{"), std::string_view(" GET"),
                                       std::string_view("\x80"), std::string_view("\n")}) {
    EXPECT_EQ(judge(bytes).kind, ErrorKind::kBadRequest);
  }
}

TEST(RequestHead, AReusedParserForgetsThePreviousHead) {
  RequestHeadParser parser;
  ASSERT_EQ(parser.parse(kTypical), Status::kDone);
  parser.reset();
  EXPECT_FALSE(parser.started());
  const auto second = get("/%41");
  ASSERT_EQ(parser.parse(second), Status::kDone);
  EXPECT_EQ(parser.head().path, "/A");
  EXPECT_EQ(parser.head().fields.size(), 1U);
  EXPECT_EQ(parser.head().content_length, 0U);
  EXPECT_EQ(parser.head().framing, BodyFraming::kNone);
}

}  // namespace
}  // namespace fluxgate::http
