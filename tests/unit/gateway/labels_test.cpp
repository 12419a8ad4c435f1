#include <gtest/gtest.h>

#include "fluxgate/api/plan.hpp"
#include "fluxgate/telemetry/labels.hpp"

namespace fluxgate::gateway {
namespace {

// Telemetry may not include api, so settle casts from one enum to the other: they must stay in step.
TEST(Labels, OfDecisionsAreThoseOfThePlan) {
  for (std::size_t i = 0; i < telemetry::LabelValues<telemetry::Pick>::values.size(); ++i) {
    EXPECT_EQ(telemetry::LabelValues<telemetry::Pick>::values[i], api::to_string(static_cast<api::ChosenBy>(i)));
  }
  for (std::size_t i = 0; i < telemetry::LabelValues<telemetry::Exclusion>::values.size(); ++i) {
    EXPECT_EQ(telemetry::LabelValues<telemetry::Exclusion>::values[i], api::to_string(static_cast<api::RejectCode>(i)));
  }
}

}  // namespace
}  // namespace fluxgate::gateway
