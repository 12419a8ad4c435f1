#include "fluxgate/resilience/shed.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fluxgate::resilience {
namespace {

TEST(Shed, WorkedValues) {
  struct Case {
    double saturation;
    double probability;
  };
  for (const Case& c : {Case{-1, 0}, Case{0, 0}, Case{.10, .0030}, Case{.15, .0228}, Case{.20, .0960}, Case{.25, .2930},
                        Case{.30, .7290}, Case{.3196, 1}, Case{.5, 1}, Case{2, 1}}) {
    EXPECT_NEAR(shed_probability(c.saturation), c.probability, 0.0002) << c.saturation;
  }
}

TEST(Shed, SaturationIsTheMeanOverThoseThatServe) {
  const auto target = [](std::uint32_t pending, std::uint32_t cap, api::Gate gate) {
    api::TargetStatus status;
    status.pending = pending;
    status.concurrency = cap;
    status.gate = gate;
    return status;
  };
  using api::Gate;
  std::vector<api::TargetStatus> targets;
  EXPECT_DOUBLE_EQ(saturation(targets), 1);
  targets.push_back(target(5, 10, Gate::kOpen));
  EXPECT_DOUBLE_EQ(saturation(targets), 0.5);
  targets.push_back(target(100, 0, Gate::kOpen));
  EXPECT_DOUBLE_EQ(saturation(targets), 0.25) << "no cap: empty";
  targets.push_back(target(10, 10, Gate::kShut));
  EXPECT_DOUBLE_EQ(saturation(targets), 0.25) << "shut: does not count";
  for (auto& t : targets) t.gate = Gate::kCooling;
  EXPECT_DOUBLE_EQ(saturation(targets), 1);
}

}  // namespace
}  // namespace fluxgate::resilience
