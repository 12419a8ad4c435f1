#include "fluxgate/upstream/exchange.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "upstream_test_support.hpp"

namespace fluxgate::upstream {
namespace {

using std::chrono::milliseconds;
using testing::always;
using testing::ok;
using testing::Peer;
using testing::read_request;
using testing::Scripted;

net::Origin origin_of(const Scripted& server) {
  net::Origin origin;
  origin.host = "127.0.0.1";
  origin.port = server.port();
  origin.id = "test:" + std::to_string(server.port());
  origin.allow_private = true;
  return origin;
}

// How one exchange went.
struct Went {
  int status = 0;
  std::string body;
  std::optional<Error> error;
  bool reused = false;
  bool untouched = true;
};

class ExchangeTest : public ::testing::Test {
 protected:
  struct Bench {
    net::Worker worker{0};
    net::Resolver resolver;
    Pools pools{worker, resolver};
    telemetry::ProviderCells cells;
    net::Interrupt interrupt{worker.deadlines()};
  };

  // One whole exchange, on an idle connection if there is one; the body is read `room` bytes at a time.
  static net::Task<Went> exchange(Bench& bench, net::Origin origin, std::size_t room) {
    Went went;
    Lease lease = bench.pools.take_idle(origin, bench.cells);
    if (!lease) {
      const TimePoint until = SteadyClock::now() + net::testing::kPatience;
      bench.interrupt.arm(until);
      auto fresh = co_await bench.pools.connect(origin, bench.cells, bench.interrupt, until);
      if (!fresh) {
        went.error = fresh.error();
        co_return went;
      }
      lease = std::move(fresh).value();
    }
    Exchange exchange(std::move(lease));
    went.reused = exchange.reused();
    static constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    const std::array<net::asio::const_buffer, 1> request{net::asio::buffer(kRequest)};
    auto sending = exchange.send(request);
    const net::IoResult sent = co_await sending;
    Buffer buffer(64);  // small, so that heads make it grow
    auto head = co_await exchange.read_head(buffer, !sending.waited() && !sent.error);
    went.untouched = exchange.untouched();
    if (!head) {
      went.error = head.error();
      co_return went;
    }
    went.status = exchange.head().status;
    auto piece = exchange.take_early_body(buffer, 0);
    std::string body;
    if (piece) body.assign(buffer.data(), piece->size);
    while (piece && !piece->done) {
      std::string more(room, '\0');
      piece = co_await exchange.read_body(more.data(), more.size());
      if (piece) body.append(more.data(), piece->size);
    }
    went.body = body;
    if (!piece) went.error = piece.error();
    exchange.finish();
    co_return went;
  }

  Went go(const Scripted& server, std::size_t room = 4096) {
    Went went = net::testing::run(bench_.worker.context(), exchange(bench_, origin_of(server), room));
    // What a server sends behind its answer has time to arrive, as it has between two requests.
    net::testing::run_for(bench_.worker.context(), milliseconds(30));
    return went;
  }

  Bench bench_;
};

TEST_F(ExchangeTest, KeepsAndReusesTheConnection) {
  const Scripted server(always(ok("hello")));
  for (int i = 0; i < 3; ++i) {
    const Went went = go(server);
    ASSERT_FALSE(went.error) << went.error->message;
    EXPECT_EQ(went.status, 200);
    EXPECT_EQ(went.body, "hello");
    EXPECT_EQ(went.reused, i > 0);
  }
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(bench_.cells.connections.value(), 1);
  EXPECT_EQ(bench_.cells.leases.value(telemetry::Reuse::kNew), 1U);
  EXPECT_EQ(bench_.cells.leases.value(telemetry::Reuse::kReused), 2U);
}

struct Answer {
  const char* name;
  std::string text;
  std::string body;
  bool reusable;
};

TEST_F(ExchangeTest, ReadsEveryFraming) {
  const std::string large(200000, 'y');
  for (const Answer& c : {
           Answer{"length", ok("hello"), "hello", true},
           Answer{"empty", ok(""), "", true},
           Answer{"no content", "HTTP/1.1 204 No Content\r\n\r\n", "", true},
           Answer{"chunked",
                  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\n\r\n",
                  "abcdefg", true},
           Answer{"chunked, empty", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "", true},
           Answer{"with trailers", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n",
                  "a", true},
           Answer{"large", ok(large), large, true},
           Answer{"large head", ok("x", "x-large: " + std::string(5000, 'z') + "\r\n"), "x", true},
           Answer{"says close", ok("bye", "connection: close\r\n"), "bye", false},
           Answer{"1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", "hi", false},
           Answer{"bytes behind", ok("hello") + "X", "hello", false},
           Answer{"bytes behind nothing", ok("") + "X", "", false},
           Answer{"a second answer", ok("hello") + ok("smuggled"), "hello", false},
           Answer{"bytes behind chunks",
                  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
                  "a", false},
       }) {
    const Scripted server(always(c.text));
    for (const std::size_t room : {std::size_t{4096}, std::size_t{7}}) {
      if (room == 7 && c.body.size() > 1000) continue;
      const Went first = go(server, room);
      ASSERT_FALSE(first.error) << c.name << ": " << first.error->message;
      EXPECT_TRUE(first.body == c.body) << c.name;
      const Went second = go(server, room);
      ASSERT_FALSE(second.error) << c.name << ": " << second.error->message;
      EXPECT_TRUE(second.body == c.body) << c.name;
      EXPECT_EQ(second.reused, c.reusable) << c.name;
    }
  }
}

TEST_F(ExchangeTest, AnAnswerInManyPiecesIsTheSame) {
  const std::string text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
  const Scripted server([&](Peer& peer, int) {
    while (read_request(peer)) {
      for (const char c : text) {
        if (!peer.write(std::string(1, c))) return;
        std::this_thread::sleep_for(milliseconds(1));
      }
    }
  });
  for (int i = 0; i < 2; ++i) {
    const Went went = go(server);
    ASSERT_FALSE(went.error) << went.error->message;
    EXPECT_EQ(went.body, "abcdefg");
    EXPECT_EQ(went.reused, i > 0);
  }
}

TEST_F(ExchangeTest, UntilClose) {
  const Scripted server([](Peer& peer, int) {
    read_request(peer);
    peer.write("HTTP/1.1 200 OK\r\n\r\nuntil ");
    std::this_thread::sleep_for(milliseconds(10));
    peer.write("the end");
  });
  for (int i = 0; i < 2; ++i) {
    const Went went = go(server);
    ASSERT_FALSE(went.error) << went.error->message;
    EXPECT_EQ(went.body, "until the end");
    EXPECT_FALSE(went.reused);
  }
  EXPECT_EQ(bench_.cells.connections.value(), 0);
}

TEST_F(ExchangeTest, InformationalAnswersAreSkipped) {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
  const Scripted server(always("HTTP/1.1 100 Continue\r\n\r\n" + early + early + ok("final")));
  for (int i = 0; i < 2; ++i) {
    const Went went = go(server);
    ASSERT_FALSE(went.error) << went.error->message;
    EXPECT_EQ(went.status, 200);
    EXPECT_EQ(went.body, "final");
    EXPECT_EQ(went.reused, i > 0);
  }
}

TEST_F(ExchangeTest, ButNotWithoutEnd) {
  std::string many;
  for (int i = 0; i < 8; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
  {
    const Scripted server(always(many + ok("final")));
    EXPECT_EQ(go(server).body, "final");
  }
  const Scripted server([&](Peer& peer, int) {
    read_request(peer);
    while (peer.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    }
  });
  const Went went = go(server);
  ASSERT_TRUE(went.error);
  EXPECT_EQ(went.error->kind, ErrorKind::kUpstreamProtocol);
}

struct Broken {
  const char* name;
  std::string text;
  ErrorKind kind;
};

TEST_F(ExchangeTest, WhatIsNotWholeIsAnError) {
  for (const Broken& c : {
           Broken{"nothing", "", ErrorKind::kUpstreamReset},
           Broken{"half a head", "HTTP/1.1 200 OK\r\ncontent-le", ErrorKind::kUpstreamReset},
           Broken{"only 100", "HTTP/1.1 100 Continue\r\n\r\n", ErrorKind::kUpstreamReset},
           Broken{"short", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", ErrorKind::kUpstreamReset},
           Broken{"no body", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", ErrorKind::kUpstreamReset},
           Broken{"no last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
                  ErrorKind::kUpstreamReset},
           Broken{"bad chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
                  ErrorKind::kUpstreamProtocol},
           Broken{"no HTTP", "220 smtp.example ESMTP\r\n\r\n", ErrorKind::kUpstreamProtocol},
           Broken{"two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
                  ErrorKind::kUpstreamProtocol},
       }) {
    const Scripted server([&](Peer& peer, int) {
      read_request(peer);
      peer.write(c.text);
    });
    const Went went = go(server);
    ASSERT_TRUE(went.error) << c.name;
    EXPECT_EQ(went.error->kind, c.kind) << c.name;
    EXPECT_EQ(went.error->source, ErrorSource::kUpstream) << c.name;
    EXPECT_EQ(went.error->retry, Retry::kYes) << c.name;
    EXPECT_EQ(bench_.cells.connections.value(), 0) << c.name << ": it must not be kept";
  }
}

TEST_F(ExchangeTest, AnEndlessHeadIsRefused) {
  const Scripted server([](Peer& peer, int) {
    read_request(peer);
    peer.write("HTTP/1.1 200 OK\r\n");
    while (peer.write("x-filler: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  const Went went = go(server);
  ASSERT_TRUE(went.error);
  EXPECT_EQ(went.error->kind, ErrorKind::kUpstreamProtocol);
}

TEST_F(ExchangeTest, AKeptConnectionThatDiesUnderUsMayBeRetried) {
  // The second request arrives, and only then does the server close: quiet() cannot have known.
  const Scripted server([](Peer& peer, int) {
    read_request(peer);
    peer.write(ok("hello"));
    read_request(peer);
  });
  EXPECT_FALSE(go(server).error);
  const Went second = go(server);
  EXPECT_TRUE(second.reused);
  EXPECT_TRUE(second.untouched);
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->kind, ErrorKind::kUpstreamReset);
  EXPECT_EQ(second.error->retry, Retry::kIfReused);
}

TEST_F(ExchangeTest, ButNotOnceItHasBegunToAnswer) {
  const Scripted server([](Peer& peer, int) {
    read_request(peer);
    peer.write(ok("hello"));
    read_request(peer);
    peer.write("HTTP/1.1 200 OK\r\n");
  });
  EXPECT_FALSE(go(server).error);
  const Went second = go(server);
  EXPECT_TRUE(second.reused);
  EXPECT_FALSE(second.untouched);
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->retry, Retry::kYes);
}

}  // namespace
}  // namespace fluxgate::upstream
