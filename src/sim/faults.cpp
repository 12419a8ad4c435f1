#include "sim/faults.hpp"

#include <utility>

namespace fluxgate::sim {
namespace {

constexpr std::pair<std::string_view, Fault> kModels[] = {
    {"sim-error-429", Fault::kError429}, {"sim-error-500", Fault::kError500}, {"sim-error-503", Fault::kError503},
    {"sim-stall", Fault::kStall},        {"sim-cut", Fault::kCut},            {"sim-garbage", Fault::kGarbage},
};

Answer rate_limited() {
  Answer answer =
      error_answer(429, "requests", "rate_limit_exceeded", "The simulated provider was told to refuse this.");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

Answer garbage(bool stream) {
  Answer answer;
  answer.body = "<html>simulated garbage \x80\xff\x01</html>\n\n";
  if (!stream) return answer;
  answer.content_type = "text/event-stream; charset=utf-8";
  answer.frames.push_back({std::exchange(answer.body, {}), {}});
  return answer;
}

}  // namespace

Fault fault_of_model(std::string_view model) {
  for (const auto& [name, fault] : kModels) {
    if (model.ends_with(name)) return fault;
  }
  return Fault::kNone;
}

FaultDice::FaultDice(const config::Sim& options) : options_(options), random_(options.seed) {}

Fault FaultDice::roll() {
  // 53 random bits as a number in [0, 1): the standard's distributions differ between libraries, this does not.
  double left = static_cast<double>(random_() >> 11) * 0x1p-53;
  const std::pair<double, Fault> shares[] = {
      {options_.error_429, Fault::kError429}, {options_.error_500, Fault::kError500},
      {options_.error_503, Fault::kError503}, {options_.stall, Fault::kStall},
      {options_.cut, Fault::kCut},            {options_.garbage, Fault::kGarbage},
  };
  for (const auto& [share, fault] : shares) {
    if (left < share) return fault;
    left -= share;
  }
  return Fault::kNone;
}

std::optional<Answer> fault_answer(Fault fault, bool stream) {
  switch (fault) {
    case Fault::kNone:
    case Fault::kCut: return std::nullopt;
    case Fault::kError429: return rate_limited();
    case Fault::kError500:
      return error_answer(500, "server_error", "", "The simulated provider was told to fail this request.");
    case Fault::kError503:
      return error_answer(503, "server_error", "service_unavailable",
                          "The simulated provider was told to be overloaded.");
    case Fault::kStall: {
      Answer answer;
      answer.delivery = Delivery::kNever;
      return answer;
    }
    case Fault::kGarbage: return garbage(stream);
  }
  return std::nullopt;
}

}  // namespace fluxgate::sim
