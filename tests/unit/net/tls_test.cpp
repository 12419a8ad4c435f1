#include "fluxgate/net/tls.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fluxgate/net/stream.hpp"
#include "fluxgate/net/worker.hpp"
#include "net_test_support.hpp"
#include "test_certificates.hpp"

namespace fluxgate::net {
namespace {

using std::chrono::milliseconds;
using testing::Certificates;
using testing::make_streams;
using testing::run;
using testing::run_for;
using testing::run_until;
using testing::Spawned;

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

struct Tls {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
  error_code client_error;
  error_code server_error;
};

Task<error_code> shake_server(Stream& stream, const TlsContext& context) {
  const error_code error = co_await stream.handshake_server(context);
  if (error) stream.close();
  co_return error;
}

Task<error_code> shake_client(Stream& stream, const TlsContext& context, const std::string& name,
                              TlsSessionStore& sessions) {
  const error_code error = co_await stream.handshake_client(context, name, sessions);
  if (error) stream.close();
  co_return error;
}

Task<std::string> read_exactly(Stream& stream, std::size_t size) {
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const IoResult result = co_await stream.read_some(text.data() + have, size - have);
    if (result.error) break;
    have += result.size;
  }
  text.resize(have);
  co_return text;
}

Task<error_code> read_error(Stream& stream) {
  char byte = 0;
  const IoResult result = co_await stream.read_some(&byte, 1);
  co_return result.error;
}

Task<IoResult> write_all(Stream& stream, const std::vector<asio::const_buffer>& buffers) {
  co_return co_await stream.write_all(buffers);
}

class TlsTest : public ::testing::Test {
 protected:
  Tls connect(const TlsContext& server, const TlsContext& client, const std::string& name, TlsSessionStore& sessions) {
    Tls tls;
    std::tie(tls.client, tls.server) = make_streams(context_.get_executor());
    Spawned<error_code> serving(shake_server(*tls.server, server));
    Spawned<error_code> connecting(shake_client(*tls.client, client, name, sessions));
    run_until(context_, [&] { return serving.done() && connecting.done(); });
    tls.server_error = serving.take();
    tls.client_error = connecting.take();
    return tls;
  }
  Tls connect() { return connect(*server_, *client_, Certificates::kServerName, sessions_); }

  void exchange(Stream& from, Stream& to, const std::string& text, std::size_t piece) {
    std::vector<asio::const_buffer> buffers;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      buffers.emplace_back(text.data() + at, std::min(piece, text.size() - at));
    }
    Spawned<IoResult> writing(write_all(from, buffers));
    Spawned<std::string> reading(read_exactly(to, text.size()));
    run_until(context_, [&] { return writing.done() && reading.done(); });
    const IoResult written = writing.take();
    EXPECT_FALSE(written.error) << written.error.message();
    EXPECT_EQ(written.size, text.size());
    EXPECT_TRUE(reading.take() == text) << text.size() << " bytes in pieces of " << piece;
  }

  asio::io_context context_;
  std::shared_ptr<const TlsContext> server_ =
      TlsContext::server(certificates().server(), certificates().server_key_file());
  std::shared_ptr<const TlsContext> client_ = TlsContext::client(certificates().ca(), "", "");
  TlsSessionStore sessions_;
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 11 + i / 777) % 26);
  return text;
}

TEST_F(TlsTest, CarriesBytesBothWays) {
  auto tls = connect();
  ASSERT_FALSE(tls.client_error) << tls.client->tls_error();
  ASSERT_FALSE(tls.server_error) << tls.server->tls_error();
  EXPECT_TRUE(tls.client->tls());
  EXPECT_FALSE(tls.client->tls_resumed());
  exchange(*tls.client, *tls.server, "hello", 2);
  exchange(*tls.server, *tls.client, "world", 5);
}

TEST_F(TlsTest, GathersAndSplitsWrites) {
  auto tls = connect();
  ASSERT_FALSE(tls.client_error);
  // Below, at and above the 16 KiB of a record; many small pieces; one huge one; more than the kernel's buffers hold.
  for (const std::size_t size : {std::size_t{16383}, std::size_t{16384}, std::size_t{16385}, std::size_t{100000}}) {
    for (const std::size_t piece : {std::size_t{100}, std::size_t{16384}, std::size_t{20000}, size}) {
      exchange(*tls.client, *tls.server, pattern(size), piece);
    }
  }
  exchange(*tls.server, *tls.client, pattern(8 * 1024 * 1024), 10000);
  exchange(*tls.server, *tls.client, pattern(8 * 1024 * 1024), 8 * 1024 * 1024);
}

TEST_F(TlsTest, AnAddressCanBeVerifiedToo) {
  auto tls = connect(*server_, *client_, Certificates::kServerAddress, sessions_);
  EXPECT_FALSE(tls.client_error) << tls.client->tls_error();
}

TEST_F(TlsTest, AnotherHostNameIsRefused) {
  for (const char* name : {"elsewhere.test", "127.0.0.2", "sub.upstream.test", "upstream.tes"}) {
    auto tls = connect(*server_, *client_, name, sessions_);
    EXPECT_TRUE(tls.client_error) << name;
    EXPECT_NE(tls.client->tls_error().find("mismatch"), std::string::npos) << tls.client->tls_error();
    EXPECT_TRUE(tls.server_error || run(context_, read_error(*tls.server))) << "no byte goes over such a connection";
  }
}

TEST_F(TlsTest, AnUnknownIssuerIsRefused) {
  const auto stranger = TlsContext::server(certificates().stranger(), certificates().stranger_key_file());
  auto tls = connect(*stranger, *client_, Certificates::kServerName, sessions_);
  EXPECT_TRUE(tls.client_error);
  EXPECT_NE(tls.client->tls_error().find("self-signed"), std::string::npos) << tls.client->tls_error();
  const auto system_trust = TlsContext::client("", "", "");
  auto other = connect(*server_, *system_trust, Certificates::kServerName, sessions_);
  EXPECT_TRUE(other.client_error) << "our test authority is nothing to the system's store";
}

TEST_F(TlsTest, TheSecondConnectionResumes) {
  {
    auto first = connect();
    ASSERT_FALSE(first.client_error);
    EXPECT_FALSE(first.client->tls_resumed());
    exchange(*first.server, *first.client, "x", 1);  // TLS 1.3 tickets arrive with the first bytes
  }
  ASSERT_NE(sessions_.get(), nullptr);
  for (int i = 0; i < 3; ++i) {
    auto again = connect();
    ASSERT_FALSE(again.client_error);
    EXPECT_TRUE(again.client->tls_resumed()) << i;
    EXPECT_TRUE(again.server->tls_resumed()) << i;
    exchange(*again.server, *again.client, "x", 1);
  }
  TlsSessionStore none;
  EXPECT_FALSE(connect(*server_, *client_, Certificates::kServerName, none).client->tls_resumed());
}

TEST_F(TlsTest, AnIdleConnectionMayGetTicketsButNothingElse) {
  auto tls = connect();
  ASSERT_FALSE(tls.client_error);
  const auto quiet = [&] {
    std::this_thread::sleep_for(milliseconds(20));
    return tls.client->quiet();
  };
  EXPECT_TRUE(quiet()) << "session tickets are waiting, and they are no data";
  exchange(*tls.client, *tls.server, "x", 1);
  EXPECT_TRUE(quiet());
  const std::vector<asio::const_buffer> unasked{asio::buffer("y", 1)};
  EXPECT_FALSE(tls.server->write_now(unasked).error);
  EXPECT_FALSE(quiet());
  EXPECT_EQ(run(context_, read_exactly(*tls.client, 1)), "y") << "looking takes nothing away";
  EXPECT_TRUE(quiet());
  tls.server->shutdown_send();
  EXPECT_FALSE(quiet());
}

TEST_F(TlsTest, BytesBehindAnAnswerAreNoticedInsideARecord) {
  auto tls = connect();
  ASSERT_FALSE(tls.client_error);
  const std::vector<asio::const_buffer> record{asio::buffer("answerX", 7)};
  EXPECT_FALSE(tls.server->write_now(record).error);
  EXPECT_EQ(run(context_, read_exactly(*tls.client, 6)), "answer");
  EXPECT_TRUE(tls.client->holds_data());
  EXPECT_FALSE(tls.client->quiet());
}

TEST_F(TlsTest, ACloseNotifyIsAnEndThoughTheConnectionStands) {
  auto tls = connect();
  ASSERT_FALSE(tls.client_error);
  const std::vector<asio::const_buffer> last{asio::buffer("last words", 10)};
  EXPECT_FALSE(tls.server->write_now(last).error);
  tls.server->shutdown_send();
  std::this_thread::sleep_for(milliseconds(20));  // so that all of it arrives at once
  EXPECT_EQ(run(context_, read_exactly(*tls.client, 10)), "last words");
  EXPECT_EQ(run(context_, read_error(*tls.client)), asio::error::eof);
  EXPECT_EQ(run(context_, read_error(*tls.client)), asio::error::eof) << "and stays one";
}

TEST_F(TlsTest, EveryWayToEndIsAnEnd) {
  auto polite = connect();
  polite.server->shutdown_send();
  EXPECT_EQ(run(context_, read_error(*polite.client)), asio::error::eof);
  auto abrupt = connect();
  abrupt.server->close();
  EXPECT_TRUE(is_disconnect(run(context_, read_error(*abrupt.client))));
  auto reset = connect();
  reset.server->close_with_reset();
  EXPECT_TRUE(is_disconnect(run(context_, read_error(*reset.client))));
}

TEST_F(TlsTest, PlainTextInsteadOfAHandshakeFails) {
  auto pair = testing::make_pair(context_.get_executor());
  pair.peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(run(context_, shake_client(*pair.stream, *client_, Certificates::kServerName, sessions_)));
  EXPECT_FALSE(pair.stream->tls_error().empty());
  auto gone = testing::make_pair(context_.get_executor());
  gone.peer.close();
  EXPECT_TRUE(run(context_, shake_server(*gone.stream, *server_)));
  EXPECT_FALSE(gone.stream->tls_error().empty());
}

Task<error_code> write_until_it_fails(Stream& stream) {
  const std::string text(1000, 'x');
  const std::vector<asio::const_buffer> buffers{asio::buffer(text)};
  Timer timer(stream.socket().get_executor());
  for (int i = 0; i < 1000; ++i) {
    const IoResult result = stream.write_now(buffers);
    if (result.error) co_return result.error;
    timer.expires_after(milliseconds(1));
    co_await wait_for(timer);
  }
  co_return error_code();
}

Task<void> shake_and_leave(Stream& stream, const TlsContext& context) {
  const error_code error = co_await stream.handshake_server(context);
  if (!error) stream.close();
}

Task<void> shake_and_write(Stream& stream, const TlsContext& context, TlsSessionStore& sessions,
                           std::promise<error_code>& answer) {
  error_code error = co_await stream.handshake_client(context, Certificates::kServerName, sessions);
  if (!error) error = co_await write_until_it_fails(stream);
  answer.set_value(error);
}

// OpenSSL writes with write(2), whose failure raises SIGPIPE: on a worker that must not end the process.
TEST_F(TlsTest, WritingToAPeerThatLeftIsAnErrorAndNoSignalOnAWorker) {
  std::promise<error_code> answer;
  auto future = answer.get_future();
  Worker worker(0);
  {
    const auto streams = make_streams(worker.executor());
    asio::post(worker.executor(), [&] {
      spawn(shake_and_leave(*streams.second, *server_));
      spawn(shake_and_write(*streams.first, *client_, sessions_, answer));
    });
    worker.start();
    EXPECT_EQ(future.wait_for(testing::kPatience), std::future_status::ready);
    worker.finish();
  }
  const error_code error = future.get();
  EXPECT_TRUE(is_disconnect(error)) << error.message();
}

TEST(TlsContext, NamesTheFileAtFault) {
  const auto message_of = [](auto make) -> std::string {
    try {
      make();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  };
  const auto& c = certificates();
  EXPECT_NE(message_of([&] { TlsContext::server("/nonexistent.pem", c.server_key_file()); }).find("/nonexistent.pem"),
            std::string::npos);
  EXPECT_NE(message_of([&] { TlsContext::server(c.server(), "/nonexistent.key"); }).find("/nonexistent.key"),
            std::string::npos);
  EXPECT_NE(message_of([&] { TlsContext::server(c.server(), c.stranger_key_file()); }).find(c.stranger_key_file()),
            std::string::npos);
  EXPECT_NE(message_of([&] { TlsContext::client("/nonexistent.ca", "", ""); }).find("/nonexistent.ca"),
            std::string::npos);
  EXPECT_NO_THROW(TlsContext::client(c.ca(), c.server(), c.server_key_file()));
}

}  // namespace
}  // namespace fluxgate::net
