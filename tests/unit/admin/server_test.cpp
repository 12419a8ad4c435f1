#include "fluxgate/admin/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace fluxgate::admin {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using Reply = http::response<http::string_body>;

// A blocking client with one connection.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(context_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }

  Reply send(http::verb method, const std::string& target, const std::string& body = "",
             const std::string& content_type = "") {
    http::request<http::string_body> request(method, target, 11);
    request.set(http::field::host, "localhost");
    if (!content_type.empty()) request.set(http::field::content_type, content_type);
    if (!origin.empty()) request.set(http::field::origin, origin);
    request.body() = body;
    request.prepare_payload();
    http::write(socket_, request);
    return read(method == http::verb::head);
  }

  Reply read(bool to_head = false) {
    http::response_parser<http::string_body> parser;
    parser.skip(to_head);
    http::read(socket_, buffer_, parser);
    return parser.release();
  }

  void send_raw(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  bool closed_by_peer() {
    char byte = 0;
    boost::system::error_code error;
    asio::read(socket_, asio::buffer(&byte, 1), error);
    return error == asio::error::eof || error == asio::error::connection_reset;
  }

  std::string origin;

 private:
  asio::io_context context_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

class AdminTest : public testing::Test {
 protected:
  AdminServer& serve(AdminHooks hooks) {
    server_ = std::make_unique<AdminServer>(config::Address{"127.0.0.1", 0}, std::move(hooks));
    server_->start();
    return *server_;
  }
  std::unique_ptr<AdminServer> server_;
};

std::string header(const Reply& reply, http::field name) { return std::string(reply[name]); }

TEST_F(AdminTest, WithoutHooksItIsAliveAndReadyAndNothingElse) {
  Client client(serve({}).port());
  EXPECT_EQ(client.send(http::verb::get, "/livez").body(), "ok\n");
  EXPECT_EQ(client.send(http::verb::get, "/healthz").result_int(), 200U);
  EXPECT_EQ(client.send(http::verb::get, "/readyz").result_int(), 200U);
  for (const char* path : {"/metrics", "/config", "/status", "/", "/livez/", "/nothing"}) {
    EXPECT_EQ(client.send(http::verb::get, path).result_int(), 404U) << path;
  }
}

TEST_F(AdminTest, ReadinessGivesTheReasonAndVerboseEveryCheck) {
  std::atomic<bool> draining = false;
  AdminHooks hooks;
  hooks.ready = [&draining] {
    return std::vector<Check>{{"config", true, ""}, {"accepting", !draining.load(), "draining"}};
  };
  Client client(serve(hooks).port());
  EXPECT_EQ(client.send(http::verb::get, "/readyz?verbose").body(), "[+]config ok\n[+]accepting ok\ncheck passed\n");
  draining = true;
  const Reply plain = client.send(http::verb::get, "/readyz");
  EXPECT_EQ(plain.result_int(), 503U);
  EXPECT_EQ(plain.body(), "draining\n");
  EXPECT_EQ(client.send(http::verb::get, "/readyz?a=b&verbose=1").body(),
            "[+]config ok\n[-]accepting failed: draining\ncheck failed\n");
  EXPECT_EQ(client.send(http::verb::get, "/livez").result_int(), 200U);  // draining is not dying
}

TEST_F(AdminTest, LivenessFailsWithoutAHeartbeat) {
  AdminHooks hooks;
  hooks.live = [] { return std::vector<Check>{{"worker 0", false, "no heartbeat"}}; };
  Client client(serve(hooks).port());
  EXPECT_EQ(client.send(http::verb::get, "/livez").result_int(), 503U);
}

TEST_F(AdminTest, HeadHasTheHeadOfGetAndNoBody) {
  AdminHooks hooks;
  hooks.metrics_text = [] { return std::string("up 1\n"); };
  Client client(serve(hooks).port());
  const Reply get = client.send(http::verb::get, "/metrics");
  EXPECT_EQ(get.body(), "up 1\n");
  EXPECT_EQ(header(get, http::field::content_type), "text/plain; version=0.0.4; charset=utf-8");
  const Reply head = client.send(http::verb::head, "/metrics");
  EXPECT_EQ(head.result_int(), 200U);
  EXPECT_EQ(header(head, http::field::content_length), "5");
  EXPECT_EQ(client.send(http::verb::get, "/livez").body(), "ok\n");  // the connection is still in step
}

TEST_F(AdminTest, ErrorsAreJson) {
  AdminHooks hooks;
  hooks.metrics_text = []() -> std::string { throw std::runtime_error("private detail"); };
  Client client(serve(hooks).port());
  const Reply missing = client.send(http::verb::get, "/nothing");
  EXPECT_EQ(json::parse(missing.body()).at("error").at("code"), "not_found");
  EXPECT_EQ(header(missing, http::field::content_type), "application/json");
  const Reply method = client.send(http::verb::delete_, "/livez");
  EXPECT_EQ(method.result_int(), 405U);
  EXPECT_EQ(header(method, http::field::allow), "GET, HEAD");
  EXPECT_EQ(json::parse(method.body()).at("error").at("code"), "method_not_allowed");
  EXPECT_EQ(header(client.send(http::verb::get, "/reload"), http::field::allow), "POST");
  const Reply failed = client.send(http::verb::get, "/metrics");
  EXPECT_EQ(failed.result_int(), 500U);
  EXPECT_THAT(failed.body(), Not(HasSubstr("private")));
}

TEST_F(AdminTest, ReloadReportsItsOutcome) {
  std::atomic<bool> good_file = true;
  AdminHooks hooks;
  hooks.reload = [&good_file]() -> ReloadOutcome {
    if (good_file) return {true, {"2 routes"}};
    return {false, {"fluxgate.yaml:3:1: unknown key \xff"}};
  };
  Client client(serve(hooks).port());
  const Reply good = client.send(http::verb::post, "/reload", "", "application/json");
  EXPECT_EQ(good.result_int(), 200U);
  EXPECT_EQ(json::parse(good.body()), json({{"ok", true}, {"messages", {"2 routes"}}}));
  good_file = false;
  const Reply bad = client.send(http::verb::post, "/reload", "{}", "Application/JSON; charset=utf-8");
  EXPECT_EQ(bad.result_int(), 422U);
  EXPECT_EQ(json::parse(bad.body()).at("ok"), false);
}

TEST_F(AdminTest, ABrowserCannotTriggerAReload) {
  std::atomic<int> reloads = 0;
  AdminHooks hooks;
  hooks.reload = [&reloads] {
    ++reloads;
    return ReloadOutcome{};
  };
  Client client(serve(hooks).port());
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"}) {
    EXPECT_EQ(client.send(http::verb::post, "/reload", "", type).result_int(), 415U) << type;
  }
  client.origin = "http://evil.example";
  EXPECT_EQ(client.send(http::verb::post, "/reload", "", "application/json").result_int(), 415U);
  EXPECT_EQ(client.send(http::verb::options, "/reload").result_int(), 405U);
  EXPECT_EQ(reloads.load(), 0);
}

TEST_F(AdminTest, ConfigAndStatusPassThrough) {
  AdminHooks hooks;
  hooks.config_json = [] { return std::string(R"({"routes":[]})"); };
  hooks.status_json = [] { return std::string(R"({"draining":false})"); };
  Client client(serve(hooks).port());
  EXPECT_EQ(client.send(http::verb::get, "/config").body(), R"({"routes":[]})");
  EXPECT_EQ(client.send(http::verb::get, "/status").body(), R"({"draining":false})");
}

TEST_F(AdminTest, LimitsHeadAndBody) {
  const std::uint16_t port = serve({}).port();
  {
    Client client(port);
    client.send_raw("GET /livez HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n\r\n");
    EXPECT_EQ(client.read().result_int(), 431U);
  }
  {
    Client client(port);
    client.send_raw("POST /reload HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
    EXPECT_EQ(client.read().result_int(), 413U);
    EXPECT_TRUE(client.closed_by_peer());
  }
  Client client(port);
  client.send_raw("nonsense\r\n\r\n");
  const Reply reply = client.read();
  EXPECT_EQ(reply.result_int(), 400U);
  EXPECT_FALSE(reply.keep_alive());
}

TEST_F(AdminTest, ClosesAfterATransferCoding) {
  Client client(serve({}).port());
  client.send_raw("GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(client.read().result_int(), 200U);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(AdminTest, TakesAtMost32Connections) {
  const std::uint16_t port = serve({}).port();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<Client>(port));
    ASSERT_EQ(clients.back()->send(http::verb::get, "/livez").result_int(), 200U);
  }
  EXPECT_TRUE(Client(port).closed_by_peer());
  clients.front().reset();
  // Its seat is free once the server has noticed.
  bool served = false;
  for (int i = 0; i < 500 && !served; ++i) {
    Client next(port);
    next.send_raw("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    try {
      served = next.read().result_int() == 200U;
    } catch (const boost::system::system_error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  EXPECT_TRUE(served);
}

TEST_F(AdminTest, ClosesConnectionsThatAreTooSlow) {
  AdminServer server(config::Address{"127.0.0.1", 0}, {}, std::chrono::milliseconds(50));
  server.start();
  Client idle(server.port());
  Client half(server.port());
  half.send_raw("GET /livez HTTP/1.1\r\nHost:");
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_TRUE(half.closed_by_peer());
}

TEST_F(AdminTest, StopClosesConnectionsAndFreesThePort) {
  AdminServer& server = serve({});
  const std::uint16_t port = server.port();
  Client client(port);
  EXPECT_EQ(client.send(http::verb::get, "/livez").result_int(), 200U);
  server.stop();
  server.stop();
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_THROW(Client{port}, boost::system::system_error);
}

TEST_F(AdminTest, AnAddressInUseIsAnErrorAtOnce) {
  const std::uint16_t port = serve({}).port();
  try {
    const AdminServer second(config::Address{"127.0.0.1", port}, {});
    FAIL() << "bound twice";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen on admin address 127.0.0.1:" + std::to_string(port)));
  }
}

}  // namespace
}  // namespace fluxgate::admin
