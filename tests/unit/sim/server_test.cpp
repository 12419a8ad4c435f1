// The server over TCP: framing, keep-alive, faults on the wire, clients that leave, stopping.
#include "fluxgate/sim/server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "unit/sim/helpers.hpp"

namespace fluxgate::sim {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

std::string chat_body(const std::string& model, bool stream) {
  return R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hi"}],"stream":)" +
         (stream ? "true" : "false") + "}";
}

// A blocking client on one connection.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }

  void send(const std::string& model, bool stream, unsigned version = 11) {
    http::request<http::string_body> request(http::verb::post, "/v1/chat/completions", version);
    request.set(http::field::host, "sim");
    request.set(http::field::content_type, "application/json");
    request.body() = chat_body(model, stream);
    request.prepare_payload();
    http::write(socket_, request);
  }

  http::response<http::string_body> receive(boost::system::error_code& ec) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(64 * 1024 * 1024);
    http::read(socket_, buffer_, parser, ec);
    return parser.release();
  }

  http::response<http::string_body> ask(const std::string& model, bool stream) {
    send(model, stream);
    boost::system::error_code ec;
    auto response = receive(ec);
    EXPECT_FALSE(ec) << ec.message();
    return response;
  }

  std::size_t read_some() {
    char bytes[256];
    return socket_.read_some(asio::buffer(bytes));
  }

  void write_raw(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  void close() { socket_.close(); }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(SimServer, AnswersPlainAndStreamOnOneConnection) {
  SimServer server(quick());
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Json::parse(client.ask("m", false).body())["model"], "m");
    const auto stream = client.ask("m", true);
    EXPECT_TRUE(stream.chunked());
    EXPECT_EQ(stream[http::field::content_type], "text/event-stream; charset=utf-8");
    EXPECT_TRUE(stream.body().ends_with("data: [DONE]\n\n"));
    EXPECT_EQ(events_in(stream.body()).size(), 15U);
  }
  EXPECT_EQ(server.stats().connections, 1U);
  EXPECT_EQ(server.stats().requests, 6U);
}

TEST(SimServer, AnOldClientGetsAStreamThatEndsWithTheConnection) {
  SimServer server(quick());
  Client client(server.port());
  client.send("m", true, 10);
  boost::system::error_code ec;
  const auto response = client.receive(ec);
  EXPECT_FALSE(response.chunked());
  EXPECT_TRUE(response.body().ends_with("data: [DONE]\n\n"));
}

TEST(SimServer, KeepsTheTimesOfItsOptions) {
  config::Sim options = quick();
  options.tokens = 4;
  options.first_token_delay = 30ms;
  options.token_interval = 10ms;
  SimServer server(options);
  Client client(server.port());
  for (const bool stream : {true, false}) {
    const auto start = std::chrono::steady_clock::now();
    client.ask("m", stream);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 60ms);  // the first token, then three more
  }
}

TEST(SimServer, CutEndsInTheMiddle) {
  SimServer server(quick());
  for (const bool stream : {true, false}) {
    Client client(server.port());
    client.send("sim-cut", stream);
    boost::system::error_code ec;
    const auto response = client.receive(ec);
    EXPECT_EQ(ec, http::error::partial_message);
    EXPECT_EQ(response.result_int(), 200U);
    EXPECT_FALSE(response.body().empty());
    EXPECT_EQ(response.body().find("[DONE]"), std::string::npos);
  }
}

TEST(SimServer, GarbageIsWellFramed) {
  SimServer server(quick());
  Client client(server.port());
  for (const bool stream : {true, false}) {
    const auto response = client.ask("sim-garbage", stream);
    EXPECT_EQ(response.result_int(), 200U);
    EXPECT_TRUE(response.body().starts_with("<html>"));
  }
}

TEST(SimServer, RefusalsKeepTheConnection) {
  SimServer server(quick());
  Client client(server.port());
  const auto limited = client.ask("sim-error-429", true);
  EXPECT_EQ(limited.result_int(), 429U);
  EXPECT_EQ(limited[http::field::retry_after], "1");
  EXPECT_EQ(client.ask("m", false).result_int(), 200U);
}

TEST(SimServer, StallNeverAnswersAndSeesTheClientLeave) {
  SimServer server(quick());
  Client client(server.port());
  client.send("sim-stall", false);
  ASSERT_TRUE(eventually([&] { return server.stats().requests == 1; }));
  EXPECT_EQ(server.stats().abandoned, 0U);
  client.close();
  EXPECT_TRUE(eventually([&] { return server.stats().abandoned == 1; }));
}

TEST(SimServer, AClientThatLeavesStopsItsStream) {
  config::Sim options = quick();
  options.tokens = 5000;
  options.token_interval = 1ms;
  SimServer server(options);
  Client client(server.port());
  client.send("m", true);
  EXPECT_GT(client.read_some(), 0U);
  client.close();
  EXPECT_TRUE(eventually([&] { return server.stats().abandoned == 1; }));
}

TEST(SimServer, AClientThatLeavesDuringALongDelayIsNoticed) {
  config::Sim options = quick();
  options.first_token_delay = 1h;
  SimServer server(options);
  Client client(server.port());
  client.send("m", false);
  ASSERT_TRUE(eventually([&] { return server.stats().requests == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return server.stats().abandoned == 1; }));
}

TEST(SimServer, PipelinedRequestsAreAnsweredInOrder) {
  config::Sim options = quick();
  options.first_token_delay = 5ms;
  SimServer server(options);
  Client client(server.port());
  client.send("first", false);
  client.send("second", false);
  boost::system::error_code ec;
  EXPECT_EQ(Json::parse(client.receive(ec).body())["model"], "first");
  EXPECT_EQ(Json::parse(client.receive(ec).body())["model"], "second");
}

TEST(SimServer, WhatIsNotHttpIsRefused) {
  SimServer server(quick());
  Client client(server.port());
  client.write_raw("\x16\x03\x01 this is no request\r\n\r\n");
  boost::system::error_code ec;
  EXPECT_EQ(client.receive(ec).result_int(), 400U);
}

TEST(SimServer, ExpectContinueIsHonoured) {
  SimServer server(quick());
  Client client(server.port());
  const std::string body = chat_body("m", false);
  client.write_raw("POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\nExpect: 100-continue\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n");
  boost::system::error_code ec;
  EXPECT_EQ(client.receive(ec).result_int(), 100U);
  client.write_raw(body);
  EXPECT_EQ(client.receive(ec).result_int(), 200U);
}

TEST(SimServer, StopsWithOpenConnectionsAndTwice) {
  config::Sim options = quick();
  options.tokens = 5000;
  options.token_interval = 1ms;
  SimServer server(options);
  Client idle(server.port());
  Client stalled(server.port());
  Client streaming(server.port());
  stalled.send("sim-stall", false);
  streaming.send("m", true);
  EXPECT_GT(streaming.read_some(), 0U);
  ASSERT_TRUE(eventually([&] { return server.stats().requests == 2; }));
  server.stop();
  server.stop();
  EXPECT_EQ(server.stats().abandoned, 0U);  // the server left, not they
  boost::system::error_code ec;
  stalled.receive(ec);
  EXPECT_TRUE(ec);
}

TEST(SimServer, ServesManyAtOnce) {
  config::Sim options = quick();
  options.token_interval = 1ms;
  SimServer server(options);
  std::vector<std::thread> threads;
  std::atomic<int> complete{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&server, &complete] {
      Client client(server.port());
      for (int i = 0; i < 5; ++i) {
        if (client.ask("m", i % 2 == 0).result_int() == 200) ++complete;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(complete.load(), 40);
  EXPECT_EQ(server.stats().requests, 40U);
  EXPECT_EQ(server.stats().abandoned, 0U);
}

}  // namespace
}  // namespace fluxgate::sim
