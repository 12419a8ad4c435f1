#include "fluxgate/policies/filters.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "unit/policies/world.hpp"

namespace fluxgate::policies {
namespace {

using api::Ability;
using api::RejectCode;

struct Setting {
  World world;
  std::uint64_t sensitivity = 0;
  std::uint64_t reserved = 0;
  Option& option = world.add("a");
  Traits& traits = world.traits_of(0);

  std::optional<api::Rejected> verdict(bool lift_health = false) const {
    return ruled_out({world.facts, world.rules, sensitivity, reserved}, option, lift_health);
  }
};

struct Row {
  const char* what;
  std::function<void(Setting&)> set;
  std::optional<RejectCode> code;
  int detail = 0;
  double needed = 0;
  double available = 0;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table{
      {"nothing is asked, nothing is known", [](Setting&) {}, std::nullopt},
      {"the route's label is missing",
       [](Setting& s) { s.world.rules.required_labels = 0b110; s.traits.labels = 0b010; }, RejectCode::kMissingLabel, 2},
      {"all labels are there", [](Setting& s) { s.world.rules.required_labels = 0b110; s.traits.labels = 0b111; }, std::nullopt},
      {"sensitivity asks for a label", [](Setting& s) { s.sensitivity = 0b1; }, RejectCode::kMissingLabel, 0},
      {"another region", [](Setting& s) { s.world.route.require.regions = {"eu", "ch"}; s.traits.region = "us"; },
       RejectCode::kRegion},
      {"no region known", [](Setting& s) { s.world.route.require.regions = {"eu"}; }, RejectCode::kRegion},
      {"one of the regions", [](Setting& s) { s.world.route.require.regions = {"eu", "ch"}; s.traits.region = "ch"; },
       std::nullopt},
      {"an ability it is known to lack",
       [](Setting& s) { s.world.facts.needs.add(Ability::kTools); s.traits.abilities.set(Ability::kTools, false); },
       RejectCode::kAbility, static_cast<int>(Ability::kTools)},
      {"an unknown ability will do", [](Setting& s) { s.world.facts.needs.add(Ability::kTools); }, std::nullopt},
      {"unless it must be known",
       [](Setting& s) {
         s.world.route.require.known_abilities = true;
         s.world.facts.needs.add(Ability::kTools);
         s.world.facts.needs.add(Ability::kSeed);
         s.traits.abilities.set(Ability::kTools, true);
       },
       RejectCode::kAbility, static_cast<int>(Ability::kSeed)},
      {"known and there",
       [](Setting& s) {
         s.world.route.require.known_abilities = true;
         s.world.facts.needs.add(Ability::kTools);
         s.traits.abilities.set(Ability::kTools, true);
       },
       std::nullopt},
      {"fits with the last token",
       [](Setting& s) {
         s.world.facts.input_tokens = s.option.estimate.input_tokens = 1000;
         s.reserved = 512;
         s.traits.context_window = 1576;
       },
       std::nullopt},
      {"one token too many",
       [](Setting& s) {
         s.world.facts.input_tokens = s.option.estimate.input_tokens = 1000;
         s.reserved = 512;
         s.traits.context_window = 1575;
       },
       RejectCode::kContext, 0, 1576, 1575},
      {"a prompt that was not counted", [](Setting& s) { s.traits.context_window = 10; s.reserved = 512; }, std::nullopt},
      {"more output than it can write",
       [](Setting& s) { s.world.facts.max_output_tokens = 4097; s.traits.max_output_tokens = 4096; }, RejectCode::kMaxOutput, 0,
       4097, 4096},
      {"as much output as it can write",
       [](Setting& s) { s.world.facts.max_output_tokens = 4096; s.traits.max_output_tokens = 4096; }, std::nullopt},
      {"a price must be known", [](Setting& s) { s.world.route.require.known_price = true; }, RejectCode::kPriceUnknown},
      {"a limit needs a price", [](Setting& s) { s.world.route.require.max_input_price = 5; }, RejectCode::kPriceUnknown},
      {"so does a limit of the request", [](Setting& s) { s.world.route.policy.max_cost = 5; }, RejectCode::kPriceUnknown},
      {"free is a price",
       [](Setting& s) { s.world.route.require.known_price = true; s.traits.price = config::Price{}; }, std::nullopt},
      {"input too dear",
       [](Setting& s) { s.world.route.require.max_input_price = 2; s.traits.price = config::Price{3, 1, {}, {}}; },
       RejectCode::kPriceMax, 0, 3, 2},
      {"output too dear",
       [](Setting& s) { s.world.route.require.max_output_price = 2; s.traits.price = config::Price{1, 3, {}, {}}; },
       RejectCode::kPriceMax, 0, 3, 2},
      {"at the limit", [](Setting& s) { s.world.route.require.max_output_price = 3; s.traits.price = config::Price{1, 3, {}, {}}; },
       std::nullopt},
      {"the cautious estimate is above the limit",
       [](Setting& s) {
         s.world.route.policy.max_cost = 0.01;
         s.traits.price = config::Price{1, 3, {}, {}};
         s.option.estimate.usd = 0.005;
         s.option.estimate.usd_p95 = 0.02;
       },
       RejectCode::kPriceMax, 0, 0.02, 0.01},
      {"known to be too bad", [](Setting& s) { s.world.route.policy.quality_floor = 0.8; s.option.estimate.quality = 0.7; },
       RejectCode::kQualityFloor, 0, 0.8, 0.7},
      {"quality unknown", [](Setting& s) { s.world.route.policy.quality_floor = 0.8; }, std::nullopt},
      {"probation", [](Setting& s) { s.option.status.gate = api::Gate::kProbation; }, std::nullopt},
      {"probing", [](Setting& s) { s.option.status.gate = api::Gate::kProbing; }, RejectCode::kGate, 2},
      {"shut", [](Setting& s) { s.option.status.gate = api::Gate::kShut; }, RejectCode::kGate, 3},
      {"cooling", [](Setting& s) { s.option.status.gate = api::Gate::kCooling; }, RejectCode::kGate, 4},
      {"no credential", [](Setting& s) { s.option.status.gate = api::Gate::kNoCredential; }, RejectCode::kGate, 5},
      {"no rate left", [](Setting& s) { s.option.status.headroom = 0; }, RejectCode::kHeadroom},
      {"full", [](Setting& s) { s.option.status.concurrency = 8; s.option.status.pending = 8; }, RejectCode::kConcurrency, 0, 9,
       8},
      {"room for one", [](Setting& s) { s.option.status.concurrency = 8; s.option.status.pending = 7; }, std::nullopt},
  };
  return table;
}

TEST(Filters, Table) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.what);
    Setting setting;
    setting.world.add("other");
    row.set(setting);
    const auto verdict = setting.verdict();
    ASSERT_EQ(verdict.has_value(), row.code.has_value());
    if (!verdict) continue;
    EXPECT_EQ(verdict->code, *row.code);
    EXPECT_EQ(verdict->target, 0u);
    EXPECT_EQ(verdict->detail, row.detail);
    EXPECT_DOUBLE_EQ(verdict->needed, row.needed);
    EXPECT_DOUBLE_EQ(verdict->available, row.available);
  }
}

// One that fails everywhere is repaired filter by filter: the codes must appear in the order of the enum.
TEST(Filters, TheFirstInOrderNamesTheReason) {
  Setting s;
  s.world.rules.required_labels = 1;
  s.world.route.require.regions = {"eu"};
  s.world.facts.needs.add(Ability::kVision);
  s.traits.abilities.set(Ability::kVision, false);
  s.world.facts.input_tokens = s.option.estimate.input_tokens = 1000;
  s.traits.context_window = 500;
  s.world.facts.max_output_tokens = 100;
  s.traits.max_output_tokens = 50;
  s.world.route.require.max_input_price = 1;
  s.world.route.policy.quality_floor = 0.5;
  s.option.estimate.quality = 0.4;
  s.option.status.gate = api::Gate::kShut;
  s.option.status.headroom = 0;
  s.option.status.concurrency = s.option.status.pending = 1;
  const std::vector<std::function<void()>> repairs{
      [&] { s.traits.labels = 1; },
      [&] { s.traits.region = "eu"; },
      [&] { s.traits.abilities.set(Ability::kVision, true); },
      [&] { s.traits.context_window = 5000; },
      [&] { s.traits.max_output_tokens = 100; },
      [&] { s.traits.price = config::Price{2, 2, {}, {}}; },
      [&] { s.traits.price->input = 1; },
      [&] { s.option.estimate.quality = 0.5; },
      [&] { s.option.status.gate = api::Gate::kOpen; },
      [&] { s.option.status.headroom = 0.1; },
      [&] { s.option.status.concurrency = 2; },
  };
  ASSERT_EQ(repairs.size(), static_cast<std::size_t>(RejectCode::kConcurrency) + 1);
  for (std::size_t code = 0; code < repairs.size(); ++code) {
    const auto verdict = s.verdict();
    ASSERT_TRUE(verdict) << code;
    EXPECT_EQ(static_cast<std::size_t>(verdict->code), code);
    const auto lifted = s.verdict(true);
    EXPECT_EQ(lifted.has_value(), code < static_cast<std::size_t>(RejectCode::kGate));
    repairs[code]();
  }
  EXPECT_FALSE(s.verdict());
}

TEST(Filters, MarginsOfTheWindow) {
  struct Case {
    std::uint32_t tokens;
    bool exact;
    std::uint64_t needed;
  };
  for (const Case& each : {Case{100, false, 164 + 10}, Case{3200, false, 3264 + 10}, Case{10000, false, 10200 + 10},
                           Case{10000, true, 10016 + 10}}) {
    api::RequestFacts facts;
    facts.tokens_exact = each.exact;
    api::Estimate estimate;
    estimate.input_tokens = each.tokens;
    EXPECT_EQ(needed_window(facts, estimate, 10), each.needed) << each.tokens;
  }
}

}  // namespace
}  // namespace fluxgate::policies
