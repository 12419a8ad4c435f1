// The simulated providers of the configurations in use.
//
// A reload that leaves a sim provider as it was keeps its server; one that changes it starts another. The old server goes
// when no request can reach it any more, that is when the last snapshot made with it has gone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fluxgate/config/model.hpp"
#include "fluxgate/gateway/snapshot.hpp"
#include "fluxgate/sim/server.hpp"

namespace fluxgate::app {

class SimPool {
 public:
  // The port of each provider's server, in the order of `providers`; 0 for those of other kinds.
  std::vector<std::uint16_t> ports(const std::vector<config::Provider>& providers);
  // The servers last asked for belong to this snapshot; servers that no living snapshot needs end.
  void commit(const std::shared_ptr<const gateway::Snapshot>& snapshot);

 private:
  struct Server {
    std::string provider;
    config::Sim settings;
    std::unique_ptr<sim::SimServer> server;
    bool wanted = false;                                   // by the configuration last asked for
    std::vector<std::weak_ptr<const gateway::Snapshot>> users;
  };
  std::vector<Server> servers_;
};

}  // namespace fluxgate::app
