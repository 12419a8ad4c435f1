// Shadow copies: a request that was planned is also sent to another target, whose answer is measured and thrown away.
//
// A copy owns everything it needs, because the client's connection goes on without it: it can neither delay nor fail the
// request it was made of. It never goes where the request itself may not go, and has a bound of its own.
#pragma once

#include <memory>

#include "fluxgate/gateway/facts_builder.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/task.hpp"

namespace fluxgate::gateway {

struct ShadowCall;

// A copy of `request` for one of the shadow targets of `route`, if it is this request's turn and there is room for one.
std::unique_ptr<ShadowCall> make_shadow(WorkerState& state, std::shared_ptr<const Snapshot> snapshot, std::uint32_t route,
                                        const ClientRequest& request, const api::RequestFacts& facts);
// Sends it and reads the answer to its end. Runs by itself.
net::Task<void> run_shadow(WorkerState& state, std::unique_ptr<ShadowCall> call);

}  // namespace fluxgate::gateway
