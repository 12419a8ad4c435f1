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
  config.routes[0].require_labels = {"eu"};
  config.routes[0].retries = 2;
  config.routes[1].match.is_default = true;
  config.targets[0].price = config::Price{0.15, 0.6};
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

TEST(EffectiveConfig, HoldsNoSecret) {
  auto config = base_config();
  config.providers[0].api_key = Secret(std::string("sk-very-secret"));
  config.providers[0].headers.emplace("x-key", Secret(std::string("hush-hush")));
  const std::string text = effective_config_json(config);
  EXPECT_EQ(text.find("very-secret"), std::string::npos);
  EXPECT_EQ(text.find("hush"), std::string::npos);
  const json shown = json::parse(text);
  EXPECT_EQ(shown.at("providers").at("up").at("api_key"), "***");
  EXPECT_EQ(shown.at("providers").at("up").at("headers").at("x-key"), "***");
  EXPECT_EQ(shown.at("providers").at("plain").at("api_key"), "none");
}

TEST(EffectiveConfig, BytesThatAreNoTextDoNotBreakIt) {
  auto config = base_config();
  config.targets[0].model = "bad\xff";
  EXPECT_TRUE(json::accept(effective_config_json(config)));
}

}  // namespace
}  // namespace fluxgate::app
