#include "fluxgate/upstream/pool.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "unit/net/test_certificates.hpp"
#include "upstream_test_support.hpp"

namespace fluxgate::upstream {
namespace {

using net::testing::Certificates;
using net::testing::Listening;
using net::testing::run;
using net::testing::run_for;
using net::testing::run_until;
using net::testing::Spawned;
using std::chrono::milliseconds;

class PoolTest : public ::testing::Test {
 protected:
  net::Origin origin(std::uint16_t port) const {
    net::Origin result;
    result.host = "127.0.0.1";
    result.port = port;
    result.id = "test:" + std::to_string(port);
    result.allow_private = true;
    result.server_name = "127.0.0.1";
    return result;
  }
  net::Task<Result<Lease>> connecting(const net::Origin& origin, milliseconds limit = net::testing::kPatience) {
    const TimePoint until = SteadyClock::now() + limit;
    interrupt_.clear_timer();
    interrupt_.arm(until);
    return pools_.connect(origin, cells_, interrupt_, until);
  }
  Result<Lease> connect(const net::Origin& origin, milliseconds limit = net::testing::kPatience) {
    return run(worker_.context(), connecting(origin, limit));
  }
  Lease connected(const net::Origin& origin) {
    auto lease = connect(origin);
    EXPECT_TRUE(lease) << (lease ? "" : lease.error().detail);
    return lease ? std::move(lease).value() : Lease();
  }
  Lease idle(const net::Origin& origin) { return pools_.take_idle(origin, cells_); }
  void settle() { run_for(worker_.context(), milliseconds(20)); }

  net::Worker worker_{0};
  net::Resolver resolver_;
  Pools pools_{worker_, resolver_};
  telemetry::ProviderCells cells_;
  net::Interrupt interrupt_{worker_.deadlines()};
};

TEST_F(PoolTest, TheNewestIdleConnectionComesFirst) {
  const Listening server;
  const auto where = origin(server.port());
  EXPECT_FALSE(idle(where)) << "nothing is there yet";
  std::vector<Lease> leases;
  std::vector<int> fds;
  for (int i = 0; i < 3; ++i) {
    leases.push_back(connected(where));
    EXPECT_FALSE(leases.back().reused());
    fds.push_back(leases.back().stream().native_handle());
  }
  EXPECT_EQ(cells_.connections.value(), 3);
  for (Lease& lease : leases) lease.release();
  EXPECT_FALSE(leases[0]) << "given back";
  leases[0].release();  // twice does no harm
  const Lease newest = idle(where);
  ASSERT_TRUE(newest);
  EXPECT_TRUE(newest.reused());
  Lease second = idle(where);
  EXPECT_EQ(second.stream().native_handle(), fds[1]);
  second.discard();
  EXPECT_EQ(cells_.connections.value(), 2);
  EXPECT_EQ(idle(where).stream().native_handle(), fds[0]);
  EXPECT_FALSE(idle(where));
}

TEST_F(PoolTest, OriginsDoNotShare) {
  const Listening server;
  auto one = origin(server.port());
  auto other = origin(server.port());
  other.id += "|other";
  connected(one).release();
  EXPECT_FALSE(idle(other));
  EXPECT_TRUE(idle(one));
}

TEST_F(PoolTest, ADroppedLeaseIsClosed) {
  Listening server;
  const auto where = origin(server.port());
  { const Lease lease = connected(where); }
  auto peer = server.accept();
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->read(), "");
  EXPECT_FALSE(idle(where));
  EXPECT_EQ(cells_.connections.value(), 0);
}

TEST_F(PoolTest, DeadOrTalkativeConnectionsAreDropped) {
  Listening server;
  const auto where = origin(server.port());
  Lease first = connected(where);
  Lease second = connected(where);
  Lease third = connected(where);
  auto peer_one = server.accept();
  auto peer_two = server.accept();
  auto peer_three = server.accept();
  const int good = first.stream().native_handle();
  first.release();
  second.release();
  third.release();
  peer_two->write("HTTP/1.1 408 Request Timeout\r\n\r\n");
  peer_three->close();
  settle();
  Lease left = idle(where);
  ASSERT_TRUE(left);
  EXPECT_EQ(left.stream().native_handle(), good);
  EXPECT_EQ(cells_.connections.value(), 1);
  EXPECT_EQ(cells_.leases.value(telemetry::Reuse::kReused), 1U);
}

TEST_F(PoolTest, KeepsNoMoreThanItShould) {
  const Listening server;
  auto where = origin(server.port());
  where.max_idle = 2;
  std::vector<Lease> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(connected(where));
  for (Lease& lease : leases) lease.release();
  EXPECT_EQ(cells_.connections.value(), 2);
  where.max_idle = 0;
  Lease lease = connected(where);
  lease.release();
  EXPECT_EQ(cells_.connections.value(), 2) << "and a changed limit holds at once";
}

TEST_F(PoolTest, AConnectionThatWasIdleTooLongIsNotReused) {
  const Listening server;
  auto where = origin(server.port());
  where.idle_timeout = milliseconds(20);
  connected(where).release();
  EXPECT_TRUE(idle(where));
  connected(where).release();
  run_for(worker_.context(), milliseconds(40));
  EXPECT_FALSE(idle(where));
  EXPECT_EQ(cells_.connections.value(), 0);
}

TEST_F(PoolTest, ALeaseMayOutliveItsPool) {
  const Listening server;
  const auto where = origin(server.port());
  std::optional<Pools> pools(std::in_place, worker_, resolver_);
  interrupt_.arm(SteadyClock::now() + net::testing::kPatience);
  auto lease = run(worker_.context(), pools->connect(where, cells_, interrupt_, interrupt_.armed()));
  ASSERT_TRUE(lease);
  pools.reset();
  lease->release();
  EXPECT_FALSE(*lease);
}

TEST_F(PoolTest, PrivateAddressesNeedPermission) {
  const Listening server;
  auto where = origin(server.port());
  where.allow_private = false;
  for (const char* host : {"127.0.0.1", "localhost", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"}) {
    where.host = host;
    const auto lease = connect(where);
    ASSERT_FALSE(lease) << host;
    EXPECT_EQ(lease.error().kind, ErrorKind::kForbiddenAddress) << host;
    EXPECT_EQ(lease.error().source, ErrorSource::kUpstream);
    EXPECT_EQ(lease.error().message.find(host), std::string::npos) << "clients are not told where upstreams are";
  }
  EXPECT_EQ(cells_.connections.value(), 0);
}

TEST_F(PoolTest, ARefusedConnectionIsAConnectError) {
  std::uint16_t free_port = 0;
  {
    const Listening server;
    free_port = server.port();
  }
  const auto lease = connect(origin(free_port));
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().kind, ErrorKind::kConnect);
  EXPECT_EQ(lease.error().retry, Retry::kYes);
  EXPECT_NE(lease.error().detail.find("127.0.0.1:"), std::string::npos);
  EXPECT_EQ(cells_.connections.value(), 0);
}

TEST_F(PoolTest, ANameThatDoesNotResolveIsADnsError) {
  net::Resolver resolver([](const std::string&) -> Result<net::Addresses> {
    return upstream_error(ErrorKind::kDns, Retry::kYes, "no such name");
  });
  Pools pools(worker_, resolver);
  auto where = origin(1);
  where.host = "nowhere.test";
  interrupt_.arm(SteadyClock::now() + net::testing::kPatience);
  const auto lease = run(worker_.context(), pools.connect(where, cells_, interrupt_, interrupt_.armed()));
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().kind, ErrorKind::kDns);
}

TEST_F(PoolTest, TriesEveryAddress) {
  net::Resolver resolver([](const std::string&) -> Result<net::Addresses> {
    return net::Addresses{net::asio::ip::make_address("127.0.0.2"), net::asio::ip::make_address("127.0.0.1")};
  });
  Pools pools(worker_, resolver);
  const Listening server;  // on 127.0.0.1 only
  auto where = origin(server.port());
  where.host = "two.test";
  interrupt_.arm(SteadyClock::now() + net::testing::kPatience);
  const auto lease = run(worker_.context(), pools.connect(where, cells_, interrupt_, interrupt_.armed()));
  EXPECT_TRUE(lease);
}

TEST_F(PoolTest, AHandshakeThatNeverComesTimesOut) {
  Listening server;  // accepts in its queue and says nothing
  static const Certificates certificates;
  auto where = origin(server.port());
  where.tls = net::TlsContext::client(certificates.ca(), "", "");
  const auto lease = connect(where, milliseconds(50));
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().kind, ErrorKind::kConnect);
  EXPECT_NE(lease.error().message.find("timed out"), std::string::npos);
  EXPECT_EQ(interrupt_.reason(), net::Interrupt::Reason::kTimer);
  EXPECT_EQ(cells_.connections.value(), 0);
}

TEST_F(PoolTest, TlsConnectionsResumeAndWrongNamesAreRefused) {
  static const Certificates certificates;
  const auto server_context = net::TlsContext::server(certificates.server(), certificates.server_key_file());
  Listening listening;
  net::asio::io_context server_loop;
  // A server that shakes hands, says one byte and waits for the end, on a thread of its own.
  struct Serve {
    static net::Task<bool> one(net::Stream& stream, const net::TlsContext& context) {
      const net::error_code failed = co_await stream.handshake_server(context);
      if (failed) co_return false;
      const std::array<net::asio::const_buffer, 1> hello{net::asio::buffer("x", 1)};
      if (stream.write_now(hello).error) co_return false;
      char byte = 0;
      co_await stream.read_some(&byte, 1);
      co_return true;
    }
  };
  std::vector<bool> served;
  std::thread server([&] {
    for (int i = 0; i < 3; ++i) {
      auto peer = listening.accept();
      if (!peer) return;
      net::Stream stream(net::Socket(server_loop.get_executor(), net::tcp::v4(), ::dup(peer->fd())));
      peer->close();
      served.push_back(run(server_loop, Serve::one(stream, *server_context)));
    }
  });
  struct Client {
    static net::Task<bool> read_byte(net::Stream& stream) {
      char byte = 0;
      const net::IoResult result = co_await stream.read_some(&byte, 1);
      co_return !result.error && byte == 'x';
    }
  };
  auto where = origin(listening.port());
  where.tls = net::TlsContext::client(certificates.ca(), "", "");
  where.server_name = Certificates::kServerName;
  for (const bool resumed : {false, true}) {
    Lease lease = connected(where);
    ASSERT_TRUE(lease);
    EXPECT_TRUE(lease.stream().tls());
    EXPECT_EQ(lease.stream().tls_resumed(), resumed);
    EXPECT_TRUE(run(worker_.context(), Client::read_byte(lease.stream())));
  }
  auto wrong = where;
  wrong.id += "|wrong";
  wrong.server_name = "elsewhere.test";
  const auto refused = connect(wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTls);
  server.join();
  EXPECT_EQ(served, (std::vector<bool>{true, true, false}));
}

}  // namespace
}  // namespace fluxgate::upstream
