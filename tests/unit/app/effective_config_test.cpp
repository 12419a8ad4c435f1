#include "app/effective_config.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "unit/gateway/gateway_test_support.hpp"

namespace fluxgate::app {
namespace {

using gateway::testing::base_config;
using nlohmann::json;

TEST(EffectiveConfig, ShowsWhatIsInForce) {
  auto config = base_config();
  config.file = "fluxgate.yaml";
  config.workers = 3;
  config.routes[0].require.labels = {"eu"};
  config.routes[0].retries = 2;
  config.routes[1].match.is_default = true;
  config.targets[0].price = config::Price{0.15, 0.6, {}, {}};
  const json shown = json::parse(effective_config_json(config));
  EXPECT_EQ(shown.at("file"), "fluxgate.yaml");
  EXPECT_EQ(shown.at("workers"), 3);
  EXPECT_EQ(shown.at("listen").at("address"), "127.0.0.1:8080");
  EXPECT_EQ(shown.at("listen").at("tls"), false);
  EXPECT_EQ(shown.at("providers").at("up").at("kind"), "openai_compatible");
  EXPECT_EQ(shown.at("providers").at("up").at("base_url"), "http://api.up.test/v1");
  EXPECT_EQ(shown.at("targets").at("mini").at("model"), "gpt-4o-mini");
  EXPECT_EQ(shown.at("targets").at("mini").at("price").at("output"), 0.6);
  EXPECT_EQ(shown.at("routes").at(0).at("match").at("model").at(0), "smart");
  EXPECT_EQ(shown.at("routes").at(0).at("retries"), 2);
  EXPECT_EQ(shown.at("routes").at(0).at("require").at("labels").at(0), "eu");
  EXPECT_EQ(shown.at("routes").at(1).at("match").at("model"), "default");
}

TEST(EffectiveConfig, OfTheRouterShowsWhatIsNotTheDefault) {
  const auto plain = json::parse(effective_config_json(base_config()));
  for (const auto* key : {"precedence", "policy", "require", "context", "priority", "on_exhausted", "queue",
                          "retry_budget", "hedge", "experiment", "canary", "shadow"}) {
    EXPECT_FALSE(plain.at("routes").at(0).contains(key)) << key;
  }
  for (const auto* key : {"breaker", "sensitivity", "tasks", "decision_log", "catalogue"}) {
    EXPECT_FALSE(plain.contains(key)) << key;
  }

  auto config = base_config();
  config.providers[0].region = "eu";
  auto& target = config.targets[0];
  target.price = config::Price{1, 2, 0.1, std::nullopt};
  target.abilities = {{"vision", false}};
  target.max_concurrency = 7;
  auto& route = config.routes[0];
  route.precedence = -2;
  route.match.models.clear();
  route.match.sensitivity = {"pii"};
  route.match.min_tokens = 9;
  route.balance = config::Balance::kPrefix;
  route.policy.order_by = config::OrderBy::kWeighted;
  route.policy.quality["code"]["mini"] = 0.5;
  route.require.max_output_price = 3;
  route.context.on_overflow = config::OnOverflow::kTrim;
  route.priority = config::PriorityClass::kLow;
  route.on_exhausted = config::OnExhausted::kQueue;
  route.hedge.emplace();
  route.experiment = config::Experiment{"e", config::ExperimentUnit::kUser, {{"v", 0.5, {"mini"}, {}}}};
  route.canary.emplace().targets = {"mini"};
  route.shadow.emplace().targets = {"mini"};
  config.breaker.consecutive = 8;
  config.sensitivity.patterns.push_back({"n", "a+", "pii", {}});
  config.tasks.keywords["code"] = {"segfault"};
  config.decision_log.file = "d.log";
  config.catalogue_file = "m.json";
  const auto shown = json::parse(effective_config_json(config));
  EXPECT_EQ(shown.at("providers").at("up").at("region"), "eu");
  EXPECT_EQ(shown.at("targets").at("mini").at("price"), (json{{"input", 1.0}, {"output", 2.0}, {"cached_input", 0.1}}));
  EXPECT_EQ(shown.at("targets").at("mini").at("abilities"), (json{{"vision", false}}));
  EXPECT_EQ(shown.at("targets").at("mini").at("max_concurrency"), 7);
  const auto& first = shown.at("routes").at(0);
  EXPECT_EQ(first.at("precedence"), -2);
  EXPECT_EQ(first.at("match"), (json{{"sensitivity", {"pii"}}, {"tokens", {{"min", 9}}}}));
  EXPECT_EQ(first.at("balance"), "prefix");
  EXPECT_EQ(first.at("policy").at("order_by"), "weighted");
  EXPECT_EQ(first.at("policy").at("weights").at("quality"), 0.4);
  EXPECT_EQ(first.at("policy").at("quality").at("code").at("mini"), 0.5);
  EXPECT_EQ(first.at("require"), (json{{"max_price", {{"output", 3.0}}}}));
  EXPECT_EQ(first.at("context"), (json{{"on_overflow", "trim"}}));
  EXPECT_EQ(first.at("priority"), "low");
  EXPECT_EQ(first.at("on_exhausted"), "queue");
  EXPECT_EQ(first.at("queue").at("timeout_ms"), 5000);
  EXPECT_EQ(first.at("hedge"), json::object());
  EXPECT_EQ(first.at("experiment").at("unit"), "user");
  EXPECT_EQ(first.at("experiment").at("variants").at(0).at("share"), 0.5);
  EXPECT_EQ(first.at("canary").at("step_duration_ms"), 600000);
  EXPECT_EQ(first.at("shadow").at("share"), 0.01);
  EXPECT_EQ(shown.at("breaker"), (json{{"consecutive", 8}}));
  EXPECT_EQ(shown.at("sensitivity").at("patterns").at("n").at("regex"), "a+");
  EXPECT_EQ(shown.at("tasks"), (json{{"keywords", {{"code", {"segfault"}}}}}));
  EXPECT_EQ(shown.at("decision_log").at("file"), "d.log");
  EXPECT_EQ(shown.at("catalogue").at("file"), "m.json");
}

TEST(EffectiveConfig, HoldsNoSecret) {
  auto config = base_config();
  config.providers[0].api_key = Secret(std::string("sk-very-secret"));
  config.providers[0].headers.emplace("x-key", Secret(std::string("hush-hush")));
  config.providers[1].api_keys = {Secret(std::string("very-secret-1")), Secret(std::string("very-secret-2"))};
  const std::string text = effective_config_json(config);
  EXPECT_EQ(text.find("very-secret"), std::string::npos);
  EXPECT_EQ(text.find("hush"), std::string::npos);
  const json shown = json::parse(text);
  EXPECT_EQ(shown.at("providers").at("up").at("api_key"), "***");
  EXPECT_EQ(shown.at("providers").at("up").at("headers").at("x-key"), "***");
  EXPECT_EQ(shown.at("providers").at("plain").at("api_keys"), (json{"***", "***"}));
  config.providers[1].api_keys.clear();
  EXPECT_EQ(json::parse(effective_config_json(config)).at("providers").at("plain").at("api_key"), "none");
}

TEST(EffectiveConfig, BytesThatAreNoTextDoNotBreakIt) {
  auto config = base_config();
  config.targets[0].model = "bad\xff";
  EXPECT_TRUE(json::accept(effective_config_json(config)));
}

}  // namespace
}  // namespace fluxgate::app
