// GET /v1/models and /v1/models/{id}: what clients may ask for, from the snapshot.
#pragma once

#include "local_answer.hpp"
#include "routes.hpp"

namespace fluxgate::server {

LocalAnswer answer_models(const RouteRow& row, const gateway::ClientRequest& request, const gateway::Snapshot& snapshot);

}  // namespace fluxgate::server
