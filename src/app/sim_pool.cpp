#include "sim_pool.hpp"

#include <algorithm>

namespace fluxgate::app {

std::vector<std::uint16_t> SimPool::ports(const std::vector<config::Provider>& providers) {
  for (Server& server : servers_) server.wanted = false;
  std::vector<std::uint16_t> result;
  for (const config::Provider& provider : providers) {
    if (provider.kind != config::ProviderKind::kSim) {
      result.push_back(0);
      continue;
    }
    auto found = std::find_if(servers_.begin(), servers_.end(), [&](const Server& server) {
      return server.provider == provider.name && server.settings == provider.sim;
    });
    if (found == servers_.end()) {
      Server server;
      server.provider = provider.name;
      server.settings = provider.sim;
      server.server = std::make_unique<sim::SimServer>(provider.sim);
      servers_.push_back(std::move(server));
      found = servers_.end() - 1;
    }
    found->wanted = true;
    result.push_back(found->server->port());
  }
  return result;
}

void SimPool::commit(const std::shared_ptr<const gateway::Snapshot>& snapshot) {
  for (Server& server : servers_) {
    std::erase_if(server.users, [](const auto& user) { return user.expired(); });
    if (server.wanted) server.users.push_back(snapshot);
  }
  std::erase_if(servers_, [](const Server& server) { return server.users.empty(); });
}

}  // namespace fluxgate::app
