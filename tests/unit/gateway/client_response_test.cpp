#include "fluxgate/gateway/client_response.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "unit/net/net_test_support.hpp"

namespace fluxgate::gateway {
namespace {

using std::chrono::milliseconds;
using Terms = ClientResponse::Terms;

constexpr std::string_view kDate = "Mon, 01 Jan 2024 00:00:00 GMT";
const std::string kHead = "HTTP/1.1 200 OK\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\nx: y\r\n";

struct Part {
  std::string bytes;
  bool last = false;
};

// The three ways to send, as coroutines, each to its end.
net::Task<bool> whole(ClientResponse& response, std::string body) { co_return co_await response.send_whole(body); }
net::Task<bool> parts(ClientResponse& response, std::vector<Part> all) {
  for (const Part& part : all) {
    if (!co_await response.send_part(part.bytes, part.last)) co_return false;
  }
  co_return true;
}
net::Task<bool> sized(ClientResponse& response, std::vector<std::string> all, std::uint64_t total) {
  for (const std::string& piece : all) {
    if (!co_await response.send_sized_part(piece, total)) co_return false;
  }
  co_return true;
}

class ClientResponseTest : public ::testing::Test {
 protected:
  ClientResponseTest() { reset({}); }

  void reset(Terms terms, Duration write_timeout = net::testing::kPatience) {
    terms.write_timeout = write_timeout;
    response_.reset(terms);
    response_.begin(200, kDate, "x: y\r\n");
  }
  bool go(net::Task<bool> task) { return net::testing::run(context_, std::move(task)); }
  // All that was sent, after closing.
  std::string received() {
    pair_.stream->shutdown_send();
    return pair_.peer.read_all();
  }

  net::asio::io_context context_;
  net::DeadlineQueue deadlines_{context_.get_executor()};
  net::Interrupt interrupt_{deadlines_};
  net::testing::Pair pair_ = net::testing::make_pair(context_.get_executor());
  net::Interrupt::Scope waiting_{interrupt_, pair_.stream.get()};
  ClientResponse response_{*pair_.stream, interrupt_};
};

TEST_F(ClientResponseTest, AWholeBody) {
  EXPECT_FALSE(response_.begun());
  response_.field("x-more", "z");
  EXPECT_TRUE(go(whole(response_, "hello")));
  EXPECT_TRUE(response_.begun());
  EXPECT_EQ(response_.status(), 200);
  EXPECT_TRUE(response_.keep_alive());
  EXPECT_NE(response_.first_byte_at(), TimePoint{});
  const std::string expected = kHead + "x-more: z\r\ncontent-length: 5\r\n\r\nhello";
  EXPECT_EQ(response_.bytes_sent(), expected.size());
  EXPECT_EQ(received(), expected);
}

TEST_F(ClientResponseTest, AnEmptyBody) {
  EXPECT_TRUE(go(whole(response_, "")));
  EXPECT_EQ(received(), kHead + "content-length: 0\r\n\r\n");
}

TEST_F(ClientResponseTest, OneConnectionManyAnswers) {
  EXPECT_TRUE(go(whole(response_, "one")));
  reset({});
  EXPECT_FALSE(response_.begun());
  EXPECT_EQ(response_.bytes_sent(), 0U);
  EXPECT_TRUE(go(whole(response_, "two")));
  EXPECT_EQ(received(), kHead + "content-length: 3\r\n\r\none" + kHead + "content-length: 3\r\n\r\ntwo");
}

TEST_F(ClientResponseTest, Chunks) {
  EXPECT_TRUE(go(parts(response_, {{"abc"}, {""}, {std::string(20, 'x')}, {"end", true}})));
  EXPECT_TRUE(response_.keep_alive());
  EXPECT_EQ(received(), kHead + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n14\r\n" + std::string(20, 'x') +
                            "\r\n3\r\nend\r\n0\r\n\r\n");
}

TEST_F(ClientResponseTest, ChunksWithAnEmptyEnd) {
  EXPECT_TRUE(go(parts(response_, {{"abc"}, {"", true}})));
  EXPECT_EQ(received(), kHead + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(ClientResponseTest, OneChunkThatIsTheLast) {
  EXPECT_TRUE(go(parts(response_, {{"abc", true}})));
  EXPECT_EQ(received(), kHead + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(ClientResponseTest, AKnownLength) {
  EXPECT_TRUE(go(sized(response_, {"abc", "", "de"}, 5)));
  EXPECT_TRUE(response_.keep_alive());
  EXPECT_EQ(received(), kHead + "content-length: 5\r\n\r\nabcde");
}

TEST_F(ClientResponseTest, Http10HasNoChunks) {
  Terms terms;
  terms.http11 = false;
  reset(terms);
  EXPECT_TRUE(go(parts(response_, {{"abc"}, {"de", true}})));
  EXPECT_FALSE(response_.keep_alive()) << "the end of the connection ends the body";
  EXPECT_EQ(received(), kHead + "connection: close\r\n\r\nabcde");
}

TEST_F(ClientResponseTest, Http10KeepsTheConnectionIfItMay) {
  Terms terms;
  terms.http11 = false;
  reset(terms);
  EXPECT_TRUE(go(whole(response_, "hi")));
  EXPECT_TRUE(response_.keep_alive());
  EXPECT_EQ(received(), kHead + "content-length: 2\r\nconnection: keep-alive\r\n\r\nhi");
}

TEST_F(ClientResponseTest, SaysWhenItCloses) {
  response_.close_after();
  EXPECT_TRUE(go(whole(response_, "hi")));
  EXPECT_FALSE(response_.keep_alive());
  EXPECT_EQ(received(), kHead + "content-length: 2\r\nconnection: close\r\n\r\nhi");
}

TEST_F(ClientResponseTest, HeadHasTheFieldsButNoBody) {
  Terms terms;
  terms.head_only = true;
  reset(terms);
  EXPECT_TRUE(go(whole(response_, "hello")));
  EXPECT_TRUE(response_.keep_alive());
  EXPECT_EQ(received(), kHead + "content-length: 5\r\n\r\n");
}

TEST_F(ClientResponseTest, HeadOfAStream) {
  Terms terms;
  terms.head_only = true;
  reset(terms);
  EXPECT_TRUE(go(parts(response_, {{"abc"}, {"de", true}})));
  EXPECT_EQ(received(), kHead + "transfer-encoding: chunked\r\n\r\n");
}

TEST_F(ClientResponseTest, ASlowClientGetsEverything) {
  const std::string body(12 * 1024 * 1024, 'b');
  std::string got;
  std::thread reader([&] {
    std::this_thread::sleep_for(milliseconds(50));
    pair_.peer.read_until("\r\n\r\n");
    got = pair_.peer.read_exactly(body.size());
  });
  EXPECT_TRUE(go(whole(response_, body)));
  reader.join();
  EXPECT_TRUE(got == body);
  EXPECT_EQ(interrupt_.armed(), TimePoint::max()) << "the write timer is off again";
}

TEST_F(ClientResponseTest, AClientThatDoesNotReadIsGivenUp) {
  reset({}, milliseconds(50));
  EXPECT_FALSE(go(whole(response_, std::string(12 * 1024 * 1024, 'b'))));
  EXPECT_FALSE(response_.keep_alive());
  EXPECT_TRUE(response_.begun()) << "some of it went out";
}

TEST_F(ClientResponseTest, AClientThatLeftIsNoticed) {
  pair_.peer.reset();
  net::testing::run_for(context_, milliseconds(10));
  EXPECT_FALSE(go(parts(response_, {{"a"}, {"b"}, {"c", true}})));
  EXPECT_FALSE(response_.keep_alive());
}

}  // namespace
}  // namespace fluxgate::gateway
