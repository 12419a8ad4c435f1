// The key table: every key reaches its member, every default is one the reader takes.
#include "config/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/tree.hpp"
#include "unit/config/config_test_support.hpp"

namespace fluxgate::config {
namespace {

// Every key of every section, none at its default.
constexpr std::string_view kEverything = R"(
listen: { address: 0.0.0.0:1, tls: { certificate: c.pem, key: /k.pem } }
admin: { address: "[::1]:2" }
workers: 3
log: { level: debug, format: json, access: false, file: logs/a.log }
limits:
  request_line: 1KiB
  request_head: 2KiB
  header_count: 9
  request_body: 3KiB
  upload_body: 4KiB
  response_body: 5KiB
  connections: 6
  in_flight: 7
  head_timeout: 8s
  body_idle_timeout: 9s
  body_min_rate: 10
  keep_alive_timeout: 11s
  write_timeout: 12s
drain: { delay: 13s, timeout: 14s }
providers:
  a:
    kind: openai_compatible
    base_url: https://example.com:444/v2
    api_key: { env: KEY }
    organization: org
    project: proj
    headers: { X-Plain: text, X-Env: { env: OTHER } }
    allow_private: true
    stream_usage: false
    max_idle_connections: 15
    idle_timeout: 16s
    labels: [l1, l2]
    tls: { ca: ca.pem, certificate: cc.pem, key: ck.pem, server_name: sni }
  b:
    kind: sim
    sim:
      first_token_delay: 17ms
      token_interval: 18ms
      tokens: 19
      error_429: 0.01
      error_500: 0.02
      error_503: 0.03
      stall: 0.04
      cut: 0.05
      garbage: 0.06
      seed: 20
targets:
  t: { provider: a, model: "*", strip_prefix: a/, weight: 2.5, price: { input: 0.15, output: 0.6 }, context_window: 21 }
  u: { provider: b, model: m }
routes:
  - name: r
    match: { model: [x, y-*] }
    balance: ordered
    targets: [t]
    fallback: [u, t]
    retries: 2
    attempts:
      max: 4
      deadline: 22s
      connect_timeout: 23s
      first_token_timeout: 24s
      idle_timeout: 25s
      stream_timeout: 26s
      backoff: 27ms
    require: { labels: [l1] }
  - { name: d, match: { model: default }, targets: [u] }
)";

Config everything() {
  auto options = options_with({{"KEY", "k"}, {"OTHER", "o"}});
  options.check_files = false;
  auto result = load_string(kEverything, "dir/all.yaml", options);
  for (const auto& diagnostic : result.diagnostics) ADD_FAILURE() << format(diagnostic);
  return std::move(result.config).value_or(Config{});
}

TEST(Keys, ServerKeysReachTheirMembers) {
  const auto c = everything();
  EXPECT_EQ(c.file, "dir/all.yaml");
  EXPECT_EQ(c.listen.address.host, "0.0.0.0");
  EXPECT_EQ(c.listen.address.port, 1);
  ASSERT_TRUE(c.listen.tls);
  EXPECT_EQ(c.listen.tls->certificate, "dir/c.pem");
  EXPECT_EQ(c.listen.tls->key, "/k.pem");
  EXPECT_EQ(c.admin.address.host, "::1");
  EXPECT_EQ(c.admin.address.port, 2);
  EXPECT_EQ(c.workers, 3u);
  EXPECT_EQ(c.log.level, LogLevel::kDebug);
  EXPECT_EQ(c.log.format, LogFormat::kJson);
  EXPECT_FALSE(c.log.access);
  EXPECT_EQ(c.log.file, "dir/logs/a.log");
  EXPECT_EQ(c.limits.request_line, 1024u);
  EXPECT_EQ(c.limits.request_head, 2048u);
  EXPECT_EQ(c.limits.header_count, 9u);
  EXPECT_EQ(c.limits.request_body, 3072u);
  EXPECT_EQ(c.limits.upload_body, 4096u);
  EXPECT_EQ(c.limits.response_body, 5120u);
  EXPECT_EQ(c.limits.connections, 6u);
  EXPECT_EQ(c.limits.in_flight, 7u);
  EXPECT_EQ(c.limits.head_timeout, milliseconds(8000));
  EXPECT_EQ(c.limits.body_idle_timeout, milliseconds(9000));
  EXPECT_EQ(c.limits.body_min_rate, 10u);
  EXPECT_EQ(c.limits.keep_alive_timeout, milliseconds(11000));
  EXPECT_EQ(c.limits.write_timeout, milliseconds(12000));
  EXPECT_EQ(c.drain.delay, milliseconds(13000));
  EXPECT_EQ(c.drain.timeout, milliseconds(14000));
}

TEST(Keys, ProviderKeysReachTheirMembers) {
  const auto c = everything();
  ASSERT_EQ(c.providers.size(), 2u);
  const auto& a = c.providers[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.kind, ProviderKind::kOpenAiCompatible);
  EXPECT_EQ(a.base_url, "https://example.com:444/v2");
  EXPECT_EQ(a.api_key.reveal(), "k");
  EXPECT_EQ(a.organization, "org");
  EXPECT_EQ(a.project, "proj");
  ASSERT_EQ(a.headers.size(), 2u);
  EXPECT_EQ(a.headers.at("X-Plain").reveal(), "text");
  EXPECT_EQ(a.headers.at("X-Env").reveal(), "o");
  EXPECT_TRUE(a.allow_private);
  EXPECT_FALSE(a.stream_usage);
  EXPECT_EQ(a.max_idle_connections, 15u);
  EXPECT_EQ(a.idle_timeout, milliseconds(16000));
  EXPECT_THAT(a.labels, testing::ElementsAre("l1", "l2"));
  EXPECT_EQ(a.tls.ca, "dir/ca.pem");
  EXPECT_EQ(a.tls.certificate, "dir/cc.pem");
  EXPECT_EQ(a.tls.key, "dir/ck.pem");
  EXPECT_EQ(a.tls.server_name, "sni");
  EXPECT_EQ(a.where.line, 22);
  EXPECT_EQ(a.where.column, 3);
  const auto& sim = c.providers[1].sim;
  EXPECT_EQ(c.providers[1].kind, ProviderKind::kSim);
  EXPECT_EQ(sim.first_token_delay, milliseconds(17));
  EXPECT_EQ(sim.token_interval, milliseconds(18));
  EXPECT_EQ(sim.tokens, 19u);
  EXPECT_THAT((std::vector{sim.error_429, sim.error_500, sim.error_503, sim.stall, sim.cut, sim.garbage}),
              testing::ElementsAre(0.01, 0.02, 0.03, 0.04, 0.05, 0.06));
  EXPECT_EQ(sim.seed, 20u);
}

TEST(Keys, RoutingKeysReachTheirMembers) {
  const auto c = everything();
  ASSERT_EQ(c.targets.size(), 2u);
  const auto& t = c.targets[0];
  EXPECT_EQ(t.name, "t");
  EXPECT_EQ(t.provider, "a");
  EXPECT_EQ(t.model, "*");
  EXPECT_EQ(t.strip_prefix, "a/");
  EXPECT_EQ(t.weight, 2.5);
  ASSERT_TRUE(t.price);
  EXPECT_EQ(t.price->input, 0.15);
  EXPECT_EQ(t.price->output, 0.6);
  EXPECT_EQ(t.context_window, 21u);
  EXPECT_FALSE(c.targets[1].price);
  EXPECT_FALSE(c.targets[1].context_window);
  ASSERT_EQ(c.routes.size(), 2u);
  const auto& r = c.routes[0];
  EXPECT_EQ(r.name, "r");
  EXPECT_THAT(r.match.models, testing::ElementsAre("x", "y-*"));
  EXPECT_FALSE(r.match.is_default);
  EXPECT_EQ(r.balance, Balance::kOrdered);
  EXPECT_THAT(r.targets, testing::ElementsAre("t"));
  EXPECT_THAT(r.fallback, testing::ElementsAre("u", "t"));
  EXPECT_EQ(r.retries, 2u);
  EXPECT_EQ(r.attempts.max, 4u);
  EXPECT_EQ(r.attempts.deadline, milliseconds(22000));
  EXPECT_EQ(r.attempts.connect_timeout, milliseconds(23000));
  EXPECT_EQ(r.attempts.first_token_timeout, milliseconds(24000));
  EXPECT_EQ(r.attempts.idle_timeout, milliseconds(25000));
  EXPECT_EQ(r.attempts.stream_timeout, milliseconds(26000));
  EXPECT_EQ(r.attempts.backoff, milliseconds(27));
  EXPECT_THAT(r.require_labels, testing::ElementsAre("l1"));
  EXPECT_TRUE(c.routes[1].match.is_default);
  EXPECT_THAT(c.routes[1].match.models, testing::IsEmpty());
}

// Names of the section's keys that no map at that place of the document has.
std::vector<std::string> missing_keys(const SectionInfo& section, const std::vector<const Node*>& maps) {
  std::vector<std::string> missing;
  for (const auto& key : section.keys) {
    std::vector<const Node*> values;
    for (const Node* map : maps) {
      for (std::size_t i = 0; i < map->keys.size(); ++i) {
        if (map->keys[i].text == key.name) values.push_back(&map->items[i]);
      }
    }
    if (values.empty()) missing.push_back(section.name + "." + key.name);
    if (key.section == nullptr) continue;
    std::vector<const Node*> nested;
    for (const Node* value : values) {
      if (key.shape == Shape::kSection) {
        nested.push_back(value);
      } else {
        for (const Node& item : value->items) nested.push_back(&item);
      }
    }
    const auto below = missing_keys(*key.section, nested);
    missing.insert(missing.end(), below.begin(), below.end());
  }
  return missing;
}

TEST(Keys, TheRoundTripAboveCoversTheWholeTable) {
  const auto tree = parse_yaml(kEverything);
  EXPECT_THAT(missing_keys(root_section().info(), {&std::get<Node>(tree)}), testing::IsEmpty());
}

// The table's defaults as YAML (JSON is YAML), for every section that stands once.
nlohmann::json defaults_of(const SectionInfo& section) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& key : section.keys) {
    if (!key.fallback.is_null()) out[key.name] = key.fallback;
    if (key.section != nullptr && key.shape == Shape::kSection && key.section->name != "listen.tls") {
      auto nested = defaults_of(*key.section);
      if (!nested.empty()) out[key.name] = std::move(nested);
    }
  }
  return out;
}

TEST(Keys, EveryDefaultIsAValueTheReaderTakes) {
  auto document = defaults_of(root_section().info());
  auto provider = defaults_of(provider_section().info());
  provider["kind"] = "sim";
  document["providers"]["p"] = provider;
  document["targets"]["t"] = defaults_of(target_section().info());
  document["targets"]["t"].update({{"provider", "p"}, {"model", "m"}});
  document["targets"]["t"].erase("price");
  auto route = defaults_of(route_section().info());
  route.update({{"name", "r"}, {"match", {{"model", "default"}}}, {"targets", {"t"}}});
  document["routes"] = nlohmann::json::array({route});
  EXPECT_THAT(messages(document.dump()), testing::IsEmpty()) << document.dump(2);
  ASSERT_TRUE(document["limits"].contains("head_timeout"));
  ASSERT_TRUE(document["routes"][0]["attempts"].contains("deadline"));
}

TEST(Keys, WhatIsAbsentHasTheDefaultOfTheModel) {
  const auto c = load_string(kRest, "f", options_with({})).config.value();
  EXPECT_EQ(c.listen.address.port, Listen{}.address.port);
  EXPECT_FALSE(c.listen.tls);
  EXPECT_EQ(c.workers, 0u);
  EXPECT_EQ(c.limits.request_body, Limits{}.request_body);
  EXPECT_EQ(c.routes[0].attempts.deadline, Attempts{}.deadline);
  EXPECT_EQ(c.routes[0].balance, Balance::kWeighted);
  EXPECT_FALSE(c.routes[0].retries);
  EXPECT_EQ(c.targets[0].weight, 1);
  EXPECT_EQ(c.targets[0].strip_prefix, "");
}

TEST(Keys, KindOpenAiHasItsUrl) {
  const auto c = load_string("providers: {p: {kind: openai}}\ntargets: {t: {provider: p, model: m}}\n"
                             "routes: [{name: r, match: {model: default}, targets: [t]}]\n", "f", options_with({}));
  ASSERT_TRUE(c.config);
  EXPECT_EQ(c.config->providers[0].base_url, "https://api.openai.com/v1");
}

}  // namespace
}  // namespace fluxgate::config
