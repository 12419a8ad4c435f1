// Endpoints that the gateway answers by itself: the answer is sent, counted and logged here, whatever it says.
#pragma once

#include <optional>
#include <string>

#include "fluxgate/gateway/client_response.hpp"
#include "fluxgate/gateway/request.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/task.hpp"

namespace fluxgate::server {

// What to say: a JSON body with status 200, or an error.
struct LocalAnswer {
  std::string body;
  std::optional<Error> error;
};

net::Task<void> send_local_answer(LocalAnswer answer, const gateway::ClientRequest& request,
                                  gateway::ClientResponse& response, gateway::WorkerState& state);

}  // namespace fluxgate::server
