#include "fluxgate/gateway/snapshot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "fluxgate/gateway/worker_state.hpp"
#include "gateway_test_support.hpp"

namespace fluxgate::gateway {
namespace {

using testing::base_config;
using testing::make_snapshot;
using Names = std::vector<std::string>;

api::RequestFacts asking(std::string_view model) {
  api::RequestFacts facts;
  facts.model = model;
  return facts;
}

TEST(Snapshot, ListsTheModelsClientsMayAskFor) {
  telemetry::Metrics metrics;
  auto config = base_config();
  config.providers.push_back(testing::provider("s", ""));
  config.providers.back().kind = config::ProviderKind::kSim;
  config.targets.push_back(testing::target("sim-any", "s", "*"));
  config.routes = {testing::route("exact", {"smart", "cheap"}, {"mini"}),
                   testing::route("again", {"cheap", "third"}, {"mini"}),      // a name twice is listed once
                   testing::route("open", {"gpt-*", "named"}, {"local", "any"})};  // a wildcard: its targets' models
  config.routes.push_back(testing::route("rest", {}, {"mini", "sim-any"}));
  config.routes.back().match.is_default = true;
  const auto snapshot = make_snapshot(config, metrics, {0, 0, 4711});
  EXPECT_EQ(snapshot->model_names(), (Names{"smart", "cheap", "third", "named", "m", "gpt-4o-mini", "sim"}));
}

TEST(Snapshot, AnswersForItsOwnCopyOfTheConfiguration) {
  telemetry::Metrics metrics;
  std::shared_ptr<const Snapshot> snapshot;
  {
    auto config = base_config();
    snapshot = make_snapshot(std::move(config), metrics);
  }
  ASSERT_NE(snapshot->routes().match(asking("smart")), nullptr);
  EXPECT_EQ(snapshot->routes().match(asking("smart"))->config->name, "smart");
  EXPECT_EQ(snapshot->target(0).config->name, "mini");
  EXPECT_EQ(snapshot->target(0).model_json, "\"gpt-4o-mini\"");
  EXPECT_EQ(snapshot->target(1).model_json, "");
  EXPECT_EQ(snapshot->target(0).provider, snapshot->target(1).provider) << "one object for each provider";
  EXPECT_NE(snapshot->target(0).provider, snapshot->target(2).provider);
}

TEST(Snapshot, ModelNames) {
  telemetry::Metrics metrics;
  const auto snapshot = make_snapshot(base_config(), metrics);
  EXPECT_EQ(snapshot->target(0).model_for("smart"), "gpt-4o-mini");
  EXPECT_EQ(snapshot->target(1).model_for("openai/gpt-4o"), "gpt-4o");
  EXPECT_EQ(snapshot->target(1).model_for("gpt-4o"), "gpt-4o");
  EXPECT_EQ(snapshot->target(1).model_for("openai/openai/x"), "openai/x") << "taken off once";
  EXPECT_EQ(snapshot->target(3).model_for("openai/x"), "openai/x");
}

TEST(Snapshot, NamesKeepTheirMetricsOverAReload) {
  telemetry::Metrics metrics;
  const auto before = make_snapshot(base_config(), metrics);
  auto config = base_config();
  std::reverse(config.targets.begin(), config.targets.end());
  const auto after = make_snapshot(std::move(config), metrics);
  EXPECT_EQ(before->target(0).metrics, after->target(3).metrics);
  EXPECT_NE(before->target(0).metrics, after->target(0).metrics);
  EXPECT_EQ(before->route(1).metrics, after->route(1).metrics);
  EXPECT_EQ(before->route(1).live, after->route(1).live) << "and what was learned";
  EXPECT_EQ(before->target(0).provider_metrics, before->target(1).provider_metrics);
}

TEST(Snapshot, ABadCertificateIsAConfigurationError) {
  telemetry::Metrics metrics;
  auto config = base_config();
  config.providers[0].base_url = "https://api.up.test/v1";
  config.providers[0].tls.ca = "/nonexistent.pem";
  LiveState live(1);
  const auto snapshot = Snapshot::make(std::move(config), metrics, live, {});
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().kind, ErrorKind::kConfig);
}

TEST(DateCache, IsAnHttpDate) {
  DateCache cache;
  const std::string first(cache.now());
  ASSERT_EQ(first.size(), 29U) << first;  // RFC 9110, 5.6.7: fixed length
  EXPECT_TRUE(first.ends_with(" GMT"));
  EXPECT_EQ(first[3], ',');
  const std::string second(cache.now());
  EXPECT_EQ(second.substr(0, 16), first.substr(0, 16));
}

}  // namespace
}  // namespace fluxgate::gateway
