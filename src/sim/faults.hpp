// Which requests go wrong, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

#include "fluxgate/config/model.hpp"
#include "sim/answer.hpp"

namespace fluxgate::sim {

enum class Fault : std::uint8_t {
  kNone,
  kError429,  // rate limited, Retry-After: 1
  kError500,
  kError503,
  kStall,     // the request is read and never answered
  kCut,       // the connection closes in the middle of the answer
  kGarbage,   // status 200 with a body that is neither JSON nor SSE
};

// The fault that a model name asks for by its ending.
Fault fault_of_model(std::string_view model);

// The dice of the configured shares. Lives on the server's thread.
class FaultDice {
 public:
  explicit FaultDice(const config::Sim& options);
  Fault roll();  // draws exactly one number, whatever the shares are

 private:
  config::Sim options_;
  std::mt19937_64 random_;
};

// The answer that replaces the real one; nullopt for kNone and kCut, which leave it as it is.
std::optional<Answer> fault_answer(Fault fault, bool stream);

}  // namespace fluxgate::sim
