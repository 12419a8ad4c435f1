// The key table: every key reaches its member, every default is one the reader takes.
#include "config/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/tree.hpp"
#include "fluxgate/api/abilities.hpp"
#include "unit/config/config_test_support.hpp"
#include "unit/config/everything.hpp"

namespace fluxgate::config {
namespace {

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
  ASSERT_EQ(c.providers.size(), 3u);
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
  EXPECT_EQ(a.region, "eu");
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
  ASSERT_EQ(c.providers[2].api_keys.size(), 2u);
  EXPECT_EQ(c.providers[2].api_keys[0].reveal(), "k");
  EXPECT_EQ(c.providers[2].api_keys[1].reveal(), "o");
}

TEST(Keys, RoutingKeysReachTheirMembers) {
  const auto c = everything();
  ASSERT_EQ(c.targets.size(), 3u);
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
  ASSERT_EQ(c.routes.size(), 3u);
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
  EXPECT_THAT(r.require.labels, testing::ElementsAre("l1"));
  EXPECT_TRUE(c.routes[2].match.is_default);
  EXPECT_THAT(c.routes[2].match.models, testing::IsEmpty());
}

TEST(Keys, KnowledgeAboutTargetsReachesItsMembers) {
  const auto c = everything();
  ASSERT_EQ(c.targets.size(), 3u);
  const auto& v = c.targets[2];
  EXPECT_EQ(v.catalogue, "vendor/m");
  ASSERT_TRUE(v.price);
  EXPECT_EQ(v.price->cached_input, 0.1);
  EXPECT_EQ(v.price->cache_write, 1.25);
  EXPECT_EQ(v.max_output_tokens, 28u);
  EXPECT_THAT(v.abilities, testing::ElementsAre(std::pair("tools", false), std::pair("vision", true)));
  EXPECT_EQ(v.tokenizer, "cl100k_base");
  EXPECT_EQ(v.quality, 0.75);
  EXPECT_THAT(v.labels, testing::ElementsAre("l3"));
  EXPECT_EQ(v.max_concurrency, 29u);
  EXPECT_EQ(v.requests_per_minute, 30u);
  EXPECT_EQ(v.tokens_per_minute, 5000000000u);
  EXPECT_FALSE(c.targets[0].price->cached_input);
  EXPECT_FALSE(c.targets[0].quality);
  EXPECT_FALSE(c.targets[0].max_concurrency);
}

TEST(Keys, MatchAndPolicyKeysReachTheirMembers) {
  const auto c = everything();
  ASSERT_EQ(c.routes.size(), 3u);
  const auto& r = c.routes[1];
  EXPECT_EQ(r.precedence, 31);
  EXPECT_THAT(r.match.models, testing::IsEmpty());
  EXPECT_FALSE(r.match.is_default);
  EXPECT_THAT(r.match.headers, testing::ElementsAre(std::pair("x-env", "*"), std::pair("x-team", "search")));
  EXPECT_THAT(r.match.tasks, testing::ElementsAre("code", "prose"));
  EXPECT_THAT(r.match.sensitivity, testing::ElementsAre("pii"));
  EXPECT_THAT(r.match.needs, testing::ElementsAre("vision", "json_schema"));
  EXPECT_EQ(r.match.min_tokens, 32u);
  EXPECT_EQ(r.match.max_tokens, 33u);
  EXPECT_EQ(r.balance, Balance::kP2c);
  const auto& p = r.policy;
  EXPECT_EQ(p.order_by, OrderBy::kWeighted);
  EXPECT_EQ(p.near, 0.01);
  EXPECT_EQ(p.quality_floor, 0.02);
  EXPECT_EQ(p.quality_slack, 0.03);
  EXPECT_THAT((std::vector{p.weights.quality, p.weights.latency, p.weights.cost, p.weights.load}),
              testing::ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(p.slo_ttft, milliseconds(34000));
  EXPECT_EQ(p.exploration, 0.05);
  EXPECT_EQ(p.max_cost, 0.06);
  EXPECT_FALSE(p.sticky);
  EXPECT_EQ(p.switch_margin, 0.07);
  ASSERT_EQ(p.quality.size(), 2u);
  EXPECT_THAT(p.quality.at("default"), testing::ElementsAre(std::pair("t", 0.9)));
  EXPECT_THAT(p.quality.at("code"), testing::ElementsAre(std::pair("t", 0.8), std::pair("u", 0.7)));
  EXPECT_THAT(r.require.regions, testing::ElementsAre("eu"));
  EXPECT_TRUE(r.require.known_abilities);
  EXPECT_TRUE(r.require.known_price);
  EXPECT_EQ(r.require.max_input_price, 0.08);
  EXPECT_EQ(r.require.max_output_price, 0.09);
  EXPECT_EQ(r.context.on_overflow, OnOverflow::kTrim);
  EXPECT_EQ(r.context.default_output, 35u);
}

TEST(Keys, ResilienceAndExperimentKeysReachTheirMembers) {
  const auto c = everything();
  ASSERT_EQ(c.routes.size(), 3u);
  const auto& r = c.routes[1];
  EXPECT_EQ(r.priority, PriorityClass::kHigh);
  EXPECT_EQ(r.on_exhausted, OnExhausted::kQueue);
  EXPECT_EQ(r.queue.max, 36u);
  EXPECT_EQ(r.queue.timeout, milliseconds(37000));
  EXPECT_EQ(r.retry_budget.ratio, 0.1);
  EXPECT_EQ(r.retry_budget.floor, 38);
  EXPECT_TRUE(r.content_filter_fallback);
  ASSERT_TRUE(r.hedge);
  EXPECT_EQ(r.hedge->delay, milliseconds(800));
  EXPECT_EQ(r.hedge->min_delay, milliseconds(39));
  ASSERT_TRUE(r.experiment);
  EXPECT_EQ(r.experiment->name, "e");
  EXPECT_EQ(r.experiment->unit, ExperimentUnit::kUser);
  ASSERT_EQ(r.experiment->variants.size(), 2u);
  EXPECT_EQ(r.experiment->variants[1].name, "e2");
  EXPECT_EQ(r.experiment->variants[1].share, 0.12);
  EXPECT_THAT(r.experiment->variants[1].targets, testing::ElementsAre("u", "t"));
  EXPECT_GT(r.experiment->variants[1].where.line, 0);
  ASSERT_TRUE(r.canary);
  EXPECT_THAT(r.canary->targets, testing::ElementsAre("t"));
  EXPECT_THAT(r.canary->steps, testing::ElementsAre(0.13, 1));
  EXPECT_EQ(r.canary->step_duration, milliseconds(40000));
  EXPECT_EQ(r.canary->min_requests, 41u);
  EXPECT_EQ(r.canary->max_error_increase, 0.14);
  EXPECT_EQ(r.canary->max_ttft_ratio, 1.15);
  EXPECT_EQ(r.canary->confidence, 0.9);
  ASSERT_TRUE(r.shadow);
  EXPECT_THAT(r.shadow->targets, testing::ElementsAre("t", "v"));
  EXPECT_EQ(r.shadow->share, 0.16);
  EXPECT_EQ(r.shadow->max_in_flight, 42u);
  EXPECT_FALSE(c.breaker.enabled);
  EXPECT_EQ(c.breaker.consecutive, 43u);
  EXPECT_EQ(c.breaker.success_rate, 0.17);
  EXPECT_EQ(c.breaker.min_requests, 44u);
  EXPECT_EQ(c.breaker.backoff, milliseconds(45000));
  EXPECT_EQ(c.breaker.max_backoff, milliseconds(46000));
  EXPECT_EQ(c.breaker.cooldown, milliseconds(47000));
}

TEST(Keys, SignalKeysReachTheirMembers) {
  const auto c = everything();
  EXPECT_THAT(c.sensitivity.detectors, testing::ElementsAre("email", "credit_card"));
  ASSERT_EQ(c.sensitivity.patterns.size(), 1u);
  EXPECT_EQ(c.sensitivity.patterns[0].name, "ticket");
  EXPECT_EQ(c.sensitivity.patterns[0].regex, "T-[0-9]+");
  EXPECT_EQ(c.sensitivity.patterns[0].label, "internal");
  EXPECT_GT(c.sensitivity.patterns[0].where.line, 0);
  ASSERT_EQ(c.sensitivity.require.size(), 1u);
  EXPECT_THAT(c.sensitivity.require.at("pii"), testing::ElementsAre("l1", "l2"));
  ASSERT_EQ(c.tasks.keywords.size(), 1u);
  EXPECT_THAT(c.tasks.keywords.at("code"), testing::ElementsAre("stack trace", "segfault"));
  EXPECT_TRUE(c.tasks.structure);
  EXPECT_EQ(c.tasks.file, "dir/tasks.bin");
  EXPECT_EQ(c.tasks.min_confidence, 0.6);
  EXPECT_EQ(c.decision_log.file, "dir/logs/d.log");
  EXPECT_TRUE(c.decision_log.text);
  EXPECT_EQ(c.decision_log.sample, 0.18);
  EXPECT_EQ(c.catalogue_file, "dir/models.json");
}

// config lies below api, so that it holds the words itself; here both can be seen.
TEST(Keys, AbilityWordsAreThoseOfTheApi) {
  EXPECT_THAT(ability_words(), testing::ElementsAreArray(api::kAbilityNames));
}

TEST(Keys, DetectorsMayBeAllAndTheHedgeDelayMeasured) {
  const auto c = load_string("sensitivity: {detectors: all}\nproviders: {p: {kind: sim}}\n"
                             "targets: {t: {provider: p, model: m}}\nroutes:\n"
                             "- {name: r, match: {model: default}, targets: [t], hedge: {delay: p95}}\n"
                             "- {name: s, match: {model: s}, targets: [t], hedge: }\n",
                             "f", options_with({}))
                     .config.value();
  EXPECT_THAT(c.sensitivity.detectors, testing::ElementsAre("all"));
  ASSERT_TRUE(c.routes[0].hedge);
  EXPECT_FALSE(c.routes[0].hedge->delay);
  EXPECT_TRUE(c.routes[1].hedge) << "present, even if empty: on";
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
    const auto required = [](const KeyInfo& nested) { return nested.required; };
    if (key.section != nullptr && key.shape == Shape::kSection &&
        std::none_of(key.section->keys.begin(), key.section->keys.end(), required)) {
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
  auto route = defaults_of(route_section().info());
  route.update({{"name", "r"}, {"match", {{"model", "default"}}}, {"targets", {"t"}}});
  route["on_exhausted"] = "queue";  // else the settings of the queue draw a warning
  for (auto* section : {&experiment_section().info(), &canary_section().info(), &shadow_section().info()}) {
    const auto name = section->name.substr(section->name.find('.') + 1);
    route[name] = defaults_of(*section);
    route[name]["targets"] = {"t"};
  }
  route["experiment"].erase("targets");
  route["experiment"].update({{"name", "e"}, {"variants", {{{"name", "v"}, {"share", 1}, {"targets", {"t"}}}}}});
  document["routes"] = nlohmann::json::array({route});
  EXPECT_THAT(messages(document.dump()), testing::IsEmpty()) << document.dump(2);
  ASSERT_TRUE(document["limits"].contains("head_timeout"));
  ASSERT_TRUE(document["routes"][0]["attempts"].contains("deadline"));
  ASSERT_TRUE(document["routes"][0]["policy"]["weights"].contains("load"));
  ASSERT_TRUE(document["routes"][0]["canary"].contains("steps"));
  ASSERT_TRUE(document["breaker"].contains("cooldown"));
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
  EXPECT_EQ(c.routes[0].precedence, 0);
  EXPECT_EQ(c.routes[0].policy.order_by, OrderBy::kListed);
  EXPECT_FALSE(c.routes[0].policy.near);
  EXPECT_EQ(c.routes[0].on_exhausted, OnExhausted::kLeastBad);
  EXPECT_EQ(c.routes[0].priority, PriorityClass::kNormal);
  EXPECT_FALSE(c.routes[0].hedge || c.routes[0].experiment || c.routes[0].canary || c.routes[0].shadow);
  EXPECT_TRUE(c.breaker.enabled);
  EXPECT_THAT(c.sensitivity.detectors, testing::IsEmpty());
  EXPECT_EQ(c.decision_log.file, "");
}

TEST(Keys, KindOpenAiHasItsUrl) {
  const auto c = load_string("providers: {p: {kind: openai}}\ntargets: {t: {provider: p, model: m}}\n"
                             "routes: [{name: r, match: {model: default}, targets: [t]}]\n", "f", options_with({}));
  ASSERT_TRUE(c.config);
  EXPECT_EQ(c.config->providers[0].base_url, "https://api.openai.com/v1");
}

}  // namespace
}  // namespace fluxgate::config
