// GET /v1/models and /v1/models/{id}: the names clients may ask for, from the configuration; no upstream is called.
#pragma once

#include "fluxgate/gateway/client_response.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "routes.hpp"

namespace fluxgate::server {

net::Task<void> answer_models(const RouteRow& row, const gateway::ClientRequest& request,
                              gateway::ClientResponse& response, const gateway::Snapshot& snapshot,
                              gateway::WorkerState& state);

}  // namespace fluxgate::server
