// POST /v1/feedback: what a caller thinks of an earlier answer. It teaches the routes that learn (order_by: adaptive) and
// goes into the decision log.
#pragma once

#include "fluxgate/gateway/worker_state.hpp"
#include "local_answer.hpp"

namespace fluxgate::server {

// Body: {"id": the x-fluxgate-request-id, "score": 0..1 or "verdict": a word, "channel": where it comes from}.
LocalAnswer answer_feedback(const gateway::ClientRequest& request, gateway::WorkerState& state);

}  // namespace fluxgate::server
