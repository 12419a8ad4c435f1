// From a request to its answer: path, body, model, fault, handler.
#pragma once

#include <cstdint>

#include "fluxgate/config/model.hpp"
#include "sim/answer.hpp"
#include "sim/faults.hpp"

namespace fluxgate::sim {

// Lives on the server's thread; the dice and the counter are its only state.
class Router {
 public:
  explicit Router(const config::Sim& options) : options_(options), dice_(options) {}

  Answer answer(const Request& request, std::int64_t now);  // now: Unix seconds

 private:
  Answer serve(const Request& request, std::int64_t now);

  config::Sim options_;
  FaultDice dice_;
  std::uint64_t serial_ = 0;
};

}  // namespace fluxgate::sim
