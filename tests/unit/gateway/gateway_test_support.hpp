// A small configuration as values, and the snapshot of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::gateway::testing {

inline config::Provider provider(std::string name, std::string base_url) {
  config::Provider result;
  result.name = std::move(name);
  result.kind = config::ProviderKind::kOpenAiCompatible;
  result.base_url = std::move(base_url);
  return result;
}

inline config::Target target(std::string name, std::string of, std::string model) {
  config::Target result;
  result.name = std::move(name);
  result.provider = std::move(of);
  result.model = std::move(model);
  return result;
}

inline config::Route route(std::string name, std::vector<std::string> models, std::vector<std::string> targets) {
  config::Route result;
  result.name = std::move(name);
  result.match.models = std::move(models);
  result.targets = std::move(targets);
  return result;
}

inline config::Config base_config() {
  config::Config config;
  config.providers = {provider("up", "http://api.up.test/v1"), provider("plain", "http://plain.test:8000")};
  config.providers[0].api_key = Secret(std::string("sk-gateway"));
  config.providers[0].headers.emplace("x-tenant", Secret(std::string("t1")));
  config.providers[1].stream_usage = false;
  config.targets = {target("mini", "up", "gpt-4o-mini"), target("any", "up", "*"), target("local", "plain", "m"),
                    target("all", "up", "*")};
  config.targets[1].strip_prefix = "openai/";
  config.routes = {route("smart", {"smart"}, {"mini"}), route("any", {"openai/*"}, {"any"})};
  return config;
}

inline std::shared_ptr<const Snapshot> make_snapshot(config::Config config, telemetry::Metrics& metrics,
                                                     const std::vector<std::uint16_t>& sim_ports = {}) {
  static LiveState live(1);  // must outlive every snapshot
  auto snapshot = Snapshot::make(std::move(config), metrics, live, sim_ports);
  EXPECT_TRUE(snapshot) << (snapshot ? "" : snapshot.error().message);
  return snapshot ? *snapshot : nullptr;
}

}  // namespace fluxgate::gateway::testing
