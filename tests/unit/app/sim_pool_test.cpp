#include "app/sim_pool.hpp"

#include <gtest/gtest.h>

#include "unit/gateway/gateway_test_support.hpp"
#include "unit/net/net_test_support.hpp"

namespace fluxgate::app {
namespace {

using gateway::testing::base_config;
using gateway::testing::make_snapshot;
using Ports = std::vector<std::uint16_t>;

config::Provider sim(std::string name, std::size_t tokens) {
  config::Provider provider;
  provider.name = std::move(name);
  provider.kind = config::ProviderKind::kSim;
  provider.sim.tokens = tokens;
  return provider;
}

bool listens(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

class SimPoolTest : public ::testing::Test {
 protected:
  // A snapshot of a configuration with these providers in front.
  std::shared_ptr<const gateway::Snapshot> load(std::vector<config::Provider> sims, Ports& ports) {
    auto config = base_config();
    config.providers.insert(config.providers.begin(), sims.begin(), sims.end());
    ports = pool_.ports(config.providers);
    auto snapshot = make_snapshot(std::move(config), metrics_, ports);
    pool_.commit(snapshot);
    return snapshot;
  }

  telemetry::Metrics metrics_;
  SimPool pool_;
};

TEST_F(SimPoolTest, ServesOnlySimulatedProviders) {
  Ports ports;
  const auto snapshot = load({sim("one", 5), sim("two", 5)}, ports);
  ASSERT_EQ(ports.size(), 4U);
  EXPECT_TRUE(listens(ports[0]));
  EXPECT_TRUE(listens(ports[1]));
  EXPECT_NE(ports[0], ports[1]) << "each provider has its own";
  EXPECT_EQ(ports[2], 0);
  EXPECT_EQ(ports[3], 0);
}

TEST_F(SimPoolTest, AnUnchangedProviderKeepsItsServer) {
  Ports before;
  Ports after;
  auto first = load({sim("one", 5), sim("two", 5)}, before);
  auto second = load({sim("two", 5), sim("one", 6)}, after);
  EXPECT_EQ(after[0], before[1]);
  EXPECT_NE(after[1], before[0]) << "other settings, another server";
  EXPECT_TRUE(listens(before[0])) << "the old snapshot may still be in use";
  first.reset();
  Ports again;
  const auto third = load({sim("two", 5), sim("one", 6)}, again);
  EXPECT_EQ(again, after);
  EXPECT_FALSE(listens(before[0])) << "nothing needs it any more";
  EXPECT_TRUE(listens(after[0]));
}

TEST_F(SimPoolTest, AConfigurationThatWasNotTakenLeavesNothingBehind) {
  Ports in_force;
  const auto snapshot = load({sim("one", 5)}, in_force);
  const Ports refused = pool_.ports({sim("other", 5)});
  EXPECT_TRUE(listens(refused[0]));
  pool_.ports(snapshot->config().providers);
  pool_.commit(snapshot);
  EXPECT_FALSE(listens(refused[0]));
  EXPECT_TRUE(listens(in_force[0]));
}

}  // namespace
}  // namespace fluxgate::app
