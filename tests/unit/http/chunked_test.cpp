#include "fluxgate/http/chunked.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::http {
namespace {

using Role = ChunkedDecoder::Role;

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;
};

// Feeds `body` in slices of `step` bytes.
Decoded decode(std::string_view body, std::size_t step = std::string_view::npos) {
  ChunkedDecoder decoder(Role::kRequest);
  Decoded all;
  for (std::size_t at = 0; at < body.size() && !all.done && !all.failed;) {
    std::string slice(body.substr(at, step));
    const auto result = decoder.decode(slice);
    all.payload += slice.substr(0, result.payload);
    all.consumed += result.consumed;
    all.done = result.done;
    all.failed = result.failed;
    at += slice.size();
  }
  return all;
}

void expect_refused(const std::vector<std::string>& bodies) {
  for (const auto& body : bodies) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, body.size()}) {
      EXPECT_TRUE(decode(body, step).failed) << body << " in steps of " << step;
    }
  }
}

void expect_payload(const std::vector<std::pair<std::string, std::string>>& cases) {
  for (const auto& [body, payload] : cases) {
    const auto result = decode(body);
    EXPECT_TRUE(result.done) << body;
    EXPECT_EQ(result.payload, payload) << body;
    EXPECT_EQ(result.consumed, body.size()) << body;
  }
}

TEST(Chunked, DecodesInPlace) {
  expect_payload({{"0\r\n\r\n", ""},
                  {"5\r\nhello\r\n0\r\n\r\n", "hello"},
                  {"4\r\nWiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\n\r\n", "Wikipedia in\r\n\r\nchunks."},
                  {"a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", "01234567890123456789"},
                  {"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"}});
}

TEST(Chunked, EverySlicingGivesTheSamePayload) {
  const std::string body =
      "5;a=\"b;c\"\r\nhello\r\nf\r\n\r\n0\r\n\r\n5\r\nhello\r\n1\r\nX\r\n0;last\r\nTrailer-A: 1\r\nB:\r\n\r\n";
  const auto whole = decode(body);
  ASSERT_TRUE(whole.done);
  EXPECT_EQ(whole.payload, "hello\r\n0\r\n\r\n5\r\nhelloX");
  for (std::size_t step = 1; step < body.size(); ++step) {
    const auto sliced = decode(body, step);
    EXPECT_TRUE(sliced.done) << step;
    EXPECT_EQ(sliced.payload, whole.payload) << step;
    EXPECT_EQ(sliced.consumed, body.size());
  }
}

TEST(Chunked, Row21_SizesAreBareHexadecimal) {  // RFC 9112 section 7.1
  for (const auto* size : {"0x5", "+5", "-5", " 5", "5 ", "5\t", "", "g", "5g", "5_0", "\xb2", "5,", "5 ;a",
      "FFFFFFFFFFFFFFFFF",
                           "8000000000000000", "ffffffffffffffff", "00000000000000005"}) {
    expect_refused({std::string(size) + "\r\nhello\r\n0\r\n\r\n"});
  }
}

TEST(Chunked, Row21_LinesEndInCrLf) {
  expect_refused({"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\rXhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n",
                  "5\r\nhello\r\r0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n",
                  "5\r\nhello0\r\n\r\n", "0\n\n",
                  "0\r\n\n", "0\r\n\rX", "5;a\nhello\r\n0\r\n\r\n", "0\r\nA: b\n\r\n", "0\r\nA: b\r\r\n"});
}

TEST(Chunked, Row21_PayloadBeforeAFaultIsDelivered) {
  const auto result = decode("5\r\nhello\r\nxyz");
  EXPECT_TRUE(result.failed);
  EXPECT_EQ(result.payload, "hello");
  EXPECT_EQ(result.consumed, 10U);
}

TEST(Chunked, Row22_ExtensionsAreIgnoredAndBounded) {  // RFC 9112 section 7.1.1
  const auto chunk = [](std::string_view extension) { return "1" + std::string(extension) + "\r\nX\r\n"; };
  expect_payload({{chunk(";a") + "0\r\n\r\n", "X"},
                  {chunk("; a = \"q\\\"\" ;b=c") + "0;z\r\n\r\n", "X"},
                  {chunk(";" + std::string(255, 'a')) + "0\r\n\r\n", "X"}});
  expect_refused({chunk(";"), chunk(";;"), chunk(";=a"), chunk(";a\x01"), chunk(";a\xc3\xa9"), chunk(";a\rb"),
      chunk(";a=\"\r\n\""),
                  chunk(";" + std::string(257, 'a')), chunk(std::string(1 << 20, ';'))});
  std::string many;
  for (int i = 0; i < 32; ++i) many += chunk(";" + std::string(256, 'a'));
  EXPECT_FALSE(decode(many).failed) << "8192 bytes in all";
  expect_refused({many + chunk(";a")});
}

TEST(Chunked, Row23_TrailersAreDroppedAndBounded) {  // RFC 9110 section 6.5
  expect_payload({{"1\r\nX\r\n0\r\nAuthorization: Bearer x\r\nX-Y:z\r\n\r\n", "X"}, {"0\r\nEmpty:\r\n\r\n", ""}});
  expect_refused({"0\r\nContent-Length: 5\r\n\r\n", "0\r\ntransfer-encoding: chunked\r\n\r\n", "0\r\nHOST: a\r\n\r\n",
                  "0\r\nConnection: close\r\n\r\n", "0\r\n: x\r\n\r\n", "0\r\nA b: c\r\n\r\n", "0\r\nA : c\r\n\r\n",
                  "0\r\nA\r\n\r\n",
                  "0\r\n A: b\r\n\r\n", "0\r\nA: b\r\n c\r\n\r\n", std::string("0\r\nA: \0\r\n\r\n", 11),
                  "0\r\nA: " + std::string(9000, 'b') + "\r\n\r\n", "0\r\n" + std::string(9000, 'a')});
  std::string lines;
  for (int i = 0; i < 64; ++i) lines += "A: b\r\n";
  EXPECT_TRUE(decode("0\r\n" + lines + "\r\n").done);
  expect_refused({"0\r\n" + lines + "A: b\r\n\r\n"});
  expect_payload({{"0\r\n" + std::string(300, 'a') + ": long names are no framing fields\r\n\r\n", ""}});
}

TEST(Chunked, BytesBehindTheBodyAreLeftUntouched) {
  std::string bytes = "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
  ChunkedDecoder decoder(Role::kRequest);
  const auto result = decoder.decode(bytes);
  EXPECT_TRUE(result.done);
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(result.consumed, 15U);
  EXPECT_EQ(bytes.substr(0, result.payload), "hello");
  EXPECT_EQ(bytes.substr(result.consumed), "GET / HTTP/1.1\r\n");
  const auto again = decoder.decode(std::span(bytes).subspan(result.consumed));
  EXPECT_TRUE(again.done);
  EXPECT_EQ(again.consumed, 0U);
}

TEST(Chunked, AnEmptyReadChangesNothing) {
  ChunkedDecoder decoder(Role::kResponse);
  const auto result = decoder.decode({});
  EXPECT_FALSE(result.done || result.failed);
}

TEST(Chunked, Row36_ATruncatedBodyIsNotDone) {
  const std::string body = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto result = decode(body.substr(0, size));
    EXPECT_FALSE(result.done || result.failed) << size;
  }
}

TEST(Chunked, ErrorsBelongToThePeerThatSentTheBody) {
  std::string bytes = "x";
  ChunkedDecoder request(Role::kRequest);
  ASSERT_TRUE(request.decode(bytes).failed);
  EXPECT_EQ(request.error().kind, ErrorKind::kBadRequest);
  EXPECT_EQ(request.error().message, "Invalid chunked request body: a chunk size must be a bare hexadecimal number");
  EXPECT_TRUE(request.decode(bytes).failed) << "a failed body stays failed";
  ChunkedDecoder response(Role::kResponse);
  ASSERT_TRUE(response.decode(bytes).failed);
  EXPECT_EQ(response.error().kind, ErrorKind::kUpstreamProtocol);
  EXPECT_EQ(response.error().source, ErrorSource::kUpstream);
}

TEST(Chunked, HeadsRoundTrip) {
  std::array<char, 20> out{};
  EXPECT_EQ(chunk_head(1, out), "1\r\n");
  EXPECT_EQ(chunk_head(255, out), "ff\r\n");
  EXPECT_EQ(chunk_head(~std::size_t{0}, out), "ffffffffffffffff\r\n");
  for (const std::size_t size : {std::size_t{1}, std::size_t{16}, std::size_t{4097}}) {
    const std::string payload(size, 'p');
    const auto body = std::string(chunk_head(size, out)).append(payload).append(kChunkEnd).append(kLastChunk);
    const auto result = decode(body);
    EXPECT_TRUE(result.done);
    EXPECT_EQ(result.payload, payload);
  }
}

}  // namespace
}  // namespace fluxgate::http
