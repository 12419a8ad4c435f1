// The router's keys: every kind of error and warning, with its place, its key and its words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_test_support.hpp"

namespace fluxgate::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Case {
  std::string text;
  std::vector<std::string> expected;  // without the file's name
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    std::vector<std::string> expected;
    for (const auto& line : c.expected) expected.push_back("f:" + line);
    EXPECT_EQ(messages(c.text), expected) << c.text;
  }
}

// Three lines, then `routes`. t and u are at different providers; only q has the label x and the region eu.
std::string with_routes(const std::string& routes, const std::string& root = "") {
  return root + "providers: {p: {kind: sim}, q: {kind: sim, labels: [x], region: eu}}\n"
         "targets: {t: {provider: p, model: m}, u: {provider: q, model: m, labels: [y]}}\nroutes:\n" + routes;
}

// One route in line 4 that names both targets, and `more` at column 61.
std::string with_route(const std::string& more, const std::string& root = "") {
  return with_routes("- {name: r, match: {model: a}, targets: [t], fallback: [u], " + more + "}\n", root);
}

std::string with_target(const std::string& more) {
  return "providers: {p: {kind: sim}}\ntargets:\n  t: {provider: p, model: m, " + more +
         "}\nroutes: [{name: r, match: {model: default}, targets: [t]}]\n";
}

TEST(RouterChecks, ProviderKeys) {
  const auto env = options_with({{"A", "1"}, {"B", "1"}});
  const auto provider = [&](const std::string& more) {
    return messages("providers:\n  p: {kind: openai, " + more + "}\ntargets: {t: {provider: p, model: m}}\n"
                    "routes: [{name: r, match: {model: default}, targets: [t]}]\n", env);
  };
  EXPECT_THAT(provider("api_keys: [{env: A}]"), IsEmpty());
  EXPECT_THAT(provider("api_keys: []"),
              ElementsAre("f:2:31: error: providers.p.api_keys: must have at least one entry"));
  EXPECT_THAT(provider("api_keys: {env: A}"),
              ElementsAre("f:2:31: error: providers.p.api_keys: must be a list, not a map"));
  EXPECT_THAT(provider("api_keys: [{env: A}, {env: B}]"),
              ElementsAre("f:2:42: error: providers.p.api_keys[1]: the same secret is listed twice"));
  EXPECT_THAT(provider("api_keys: [{env: A}, {env: C}]"),
              ElementsAre("f:2:48: error: providers.p.api_keys[1].env: the environment variable \"C\" is not set"));
  EXPECT_THAT(provider("api_key: {env: A}, api_keys: [{env: B}]"),
              ElementsAre("f:2:40: error: providers.p.api_keys: api_key is given as well; give one of the two"));
  EXPECT_THAT(provider("api_keys: [{env: A}], headers: {authorization: {env: B}}"),
              ElementsAre("f:2:53: error: providers.p.headers.authorization: api_keys set this header already; give "
                          "one of the two"));
  EXPECT_THAT(provider("labels: ['a b']"),
              ElementsAre("f:2:30: error: providers.p.labels[0]: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ "
                          "-"));
  EXPECT_THAT(provider("region: a/b"),
              ElementsAre("f:2:29: error: providers.p.region: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"));
  EXPECT_THAT(provider("api_keys: [topsecret]"),
              ElementsAre("f:2:32: warning: providers.p.api_keys[0]: a secret in the file itself; better {env: NAME} "
                          "or {file: path}"));
}

TEST(RouterChecks, Targets) {
  expect_all({
      {with_target("abilities: {visio: true}"),
       {R"(3:42: error: targets.t.abilities.visio: unknown key (did you mean "vision"?))"}},
      {with_target("abilities: {vision: 1}"),
       {R"(3:50: error: targets.t.abilities.vision: must be true or false, not "1")"}},
      {with_target("abilities: [vision]"),
       {"3:41: error: targets.t.abilities: must be a map of keys, not a list"}},
      {with_target("tokenizer: o200k"),
       {R"(3:41: error: targets.t.tokenizer: must be o200k_base, cl100k_base or estimate, not "o200k")"}},
      {with_target("quality: 1.5"), {"3:39: error: targets.t.quality: must be from 0 to 1"}},
      {with_target("max_concurrency: 0"), {"3:47: error: targets.t.max_concurrency: must be from 1 to 1000000"}},
      {with_target("price: {input: 1, output: 2, cached_input: -1}"),
       {"3:73: error: targets.t.price.cached_input: must be from 0 to 1000000"}},
  });
}

TEST(RouterChecks, Match) {
  const auto match = [](const std::string& conditions, const std::string& root = "") {
    return with_routes("- {name: r, match: {" + conditions + "}, targets: [t, u]}\n", root);
  };
  expect_all({
      {match("headers: {x-team: search}"), {}},
      {match("tokens: {min: 5}"), {}},
      {match("needs: [tools]"), {}},
      {match("model: default, headers: {x-team: search}"), {}},
      {match("headers: {'a b': c}"), {R"(4:31: error: routes[0].match.headers["a b"]: not a valid header name)"}},
      {match("headers: {Authorization: c}"),
       {"4:31: error: routes[0].match.headers.Authorization: this header holds a credential, which must not stand in "
        "routes"}},
      {match("headers: {A: b, a: c}"),
       {"4:37: error: routes[0].match.headers.a: the same header twice (header names ignore case)"}},
      {match("headers: {}"), {"4:30: error: routes[0].match.headers: must name at least one header"}},
      {match("needs: [vison]"),
       {"4:29: error: routes[0].match.needs[0]: must be vision, audio_input, files, tools, parallel_tools, "
        "tool_choice_required, json_object, json_schema, reasoning, logprobs, several_choices, seed, prefill, "
        "audio_output, image_output, streaming, system_prompt, prompt_caching or embeddings, not \"vison\" (did you "
        "mean \"vision\"?)"}},
      {match("needs: []"), {"4:28: error: routes[0].match.needs: must have at least one entry"}},
      {match("task: []"), {"4:27: error: routes[0].match.task: must have at least one entry"}},
      {match("tokens: {min: 5, max: 4}"),
       {"4:43: error: routes[0].match.tokens.max: is less than min, so that no request matches"}},
      {match("tokens: {mn: 5}"),
       {"4:13: error: routes[0].match.model: required key is missing, as there is no other condition",
        R"(4:30: error: routes[0].match.tokens.mn: unknown key (did you mean "min"?))"}},
      {match("sensitivity: [pii]"),
       {"4:21: warning: routes[0].match.sensitivity: sensitivity has no detectors and no patterns, so that nothing "
        "raises a label"}},
      {match("sensitivity: [pii]", "sensitivity: {detectors: all}\n"), {}},
      {match("task: [code]"),
       {"4:28: warning: routes[0].match.task[0]: only the x-fluxgate-task header can name this task"}},
      {match("task: [cod]", "tasks: {keywords: {code: [segfault]}}\n"),
       {R"(5:28: warning: routes[0].match.task[0]: only the x-fluxgate-task header can name this task (did you mean )"
        R"("code"?))"}},
      {match("task: [code]", "tasks: {keywords: {code: [segfault]}}\n"), {}},
      {match("task: [other]", "tasks: {structure: true}\n"), {}},
  });
}

TEST(RouterChecks, Policy) {
  expect_all({
      {with_route("policy: {order_by: price}"),
       {"4:80: error: routes[0].policy.order_by: must be listed, cost, latency, quality, weighted or adaptive, not "
        "\"price\""}},
      {with_route("policy: {quality: {default: {tt: 0.5}}}"),
       {R"(4:94: error: routes[0].policy.quality.default.tt: there is no target "tt" (did you mean "t"?))"}},
      {with_route("policy: {quality: {'a b': {t: 0.5}}}"),
       {R"(4:80: error: routes[0].policy.quality["a b"]: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -)"}},
      {with_route("policy: {quality: {default: {t: 2}}}"),
       {"4:93: error: routes[0].policy.quality.default.t: must be from 0 to 1"}},
      {with_route("policy: {quality: {default: 3}}"),
       {"4:89: error: routes[0].policy.quality.default: must be a map of keys, not a plain value"}},
      {with_route("policy: {weights: {quality: 0, latency: 0, cost: 0, load: 0}}"),
       {"4:70: error: routes[0].policy.weights: not all of them may be 0"}},
      {with_route("policy: {quality_floor: 0.5}"),
       {"4:85: warning: routes[0].policy.quality_floor: has no effect: no quality is given here, at the targets or by "
        "tasks.file"}},
      {with_route("policy: {order_by: quality}"),
       {"4:80: warning: routes[0].policy.order_by: has no effect: no quality is given here, at the targets or by "
        "tasks.file"}},
      {with_route("policy: {quality_floor: 0.5, quality: {default: {t: 0.6}}}"), {}},
      {with_route("policy: {order_by: cost}"), {}},  // the catalogue may know m
      {with_route("balance: random"),
       {"4:70: error: routes[0].balance: must be ordered, weighted, round_robin, least_outstanding, p2c, session or "
        "prefix, not \"random\""}},
      {with_route("precedence: -3"), {}},
      {with_route("precedence: 1.5"), {R"(4:73: error: routes[0].precedence: must be a whole number, not "1.5")"}},
      {with_route("precedence: -1000001"),
       {"4:73: error: routes[0].precedence: must be from -1000000 to 1000000"}},
  });
  EXPECT_THAT(messages("providers: {p: {kind: sim}}\ntargets: {t: {provider: p, model: '*'}}\nroutes:\n"
                       "- {name: r, match: {model: default}, targets: [t], policy: {order_by: cost}}\n"),
              ElementsAre("f:4:71: warning: routes[0].policy.order_by: the target \"t\" has model \"*\" and no price: "
                          "unless the catalogue knows what clients ask for, it comes last"));
}

TEST(RouterChecks, Experiments) {
  expect_all({
      {with_route("experiment: {name: e, variants: [{name: a, share: 0.6, targets: [t]}, "
                  "{name: a, share: 0.5, targets: [uu]}]}"),
       {"4:83: error: routes[0].experiment.variants: the shares add up to more than 1",
        "4:138: error: routes[0].experiment.variants[1].name: another variant has this name",
        R"(4:163: error: routes[0].experiment.variants[1].targets[0]: there is no target "uu" (did you mean "u"?))"}},
      {with_route("experiment: {name: e, variants: [{name: a, share: 0, targets: []}]}"),
       {"4:111: error: routes[0].experiment.variants[0].share: must be greater than 0, at most 1",
        "4:114: error: routes[0].experiment.variants[0].targets: must name at least one target"}},
      {with_route("experiment: {name: e, variants: []}"),
       {"4:93: error: routes[0].experiment.variants: must have at least one entry"}},
      {with_route("experiment: {name: e/1, variants: [{name: a, share: 0.1, targets: [t]}]}"),
       {"4:80: error: routes[0].experiment.name: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"}},
      {with_route("canary: {targets: [t], steps: [0.1, 0.1]}"),
       {"4:97: error: routes[0].canary.steps[1]: each step must be greater than the one before"}},
      {with_route("canary: {targets: [t], steps: [0, 1]}"),
       {"4:92: error: routes[0].canary.steps[0]: must be greater than 0, at most 1"}},
      {with_route("canary: {targets: [t], steps: []}"),
       {"4:91: error: routes[0].canary.steps: must have at least one entry"}},
      {with_route("canary: {targets: [t], confidence: 1}"),
       {"4:96: error: routes[0].canary.confidence: must be less than 1: nothing is ever that sure"}},
      {with_route("canary: {targets: [tt]}"),
       {R"(4:80: error: routes[0].canary.targets[0]: there is no target "tt" (did you mean "t"?))"}},
      {with_route("canary: {}"), {"4:61: error: routes[0].canary.targets: required key is missing"}},
      {with_route("shadow: {targets: [tt]}"),
       {R"(4:80: error: routes[0].shadow.targets[0]: there is no target "tt" (did you mean "t"?))"}},
      {with_route("shadow: {targets: [t], share: 0}"),
       {"4:91: error: routes[0].shadow.share: must be greater than 0, at most 1"}},
  });
}

TEST(RouterChecks, WhatOnlyAnExperimentUsesIsUsed) {
  const std::string route = "- {name: r, match: {model: a}, targets: [t], ";
  for (const std::string more : {"shadow: {targets: [u]}", "canary: {targets: [u]}",
                                 "experiment: {name: e, variants: [{name: a, share: 1, targets: [u]}]}"}) {
    EXPECT_THAT(messages(with_routes(route + more + "}\n")), IsEmpty()) << more;
  }
}

TEST(RouterChecks, Resilience) {
  expect_all({
      {with_route("queue: {max: 5}"), {"4:61: warning: routes[0].queue: has no effect without on_exhausted: queue"}},
      {with_route("on_exhausted: queue, queue: {max: 5}"), {}},
      {with_route("hedge: {delay: 20ms}"), {"4:76: error: routes[0].hedge.delay: is less than min_delay (50ms)"}},
      {with_route("hedge: {delay: 20ms, min_delay: 20ms}"), {}},
      {with_route("hedge: {delay: p99}"),
       {R"(4:76: error: routes[0].hedge.delay: must be a duration such as 250ms, 2s, 1m or 1h, not "p99")"}},
      {with_route("hedge: {}, attempts: {max: 1}"),
       {"4:61: warning: routes[0].hedge: has no effect with attempts.max: 1"}},
      {with_route("retry_budget: {ratio: 2}"), {"4:83: error: routes[0].retry_budget.ratio: must be from 0 to 1"}},
      {"breaker: {backoff: 10m}\n" + kRest,
       {"1:20: error: breaker.backoff: max_backoff (5m) is less than backoff (10m)"}},
      {"breaker: {max_backoff: 1s}\n" + kRest,
       {"1:24: error: breaker.max_backoff: max_backoff (1s) is less than backoff (5s)"}},
  });
}

TEST(RouterChecks, Requirements) {
  expect_all({
      {with_route("require: {labels: [x, y]}"), {}},  // one of the provider, one of the target
      {with_route("require: {labels: [x, z]}"),
       {"4:71: error: routes[0].require.labels: no target of this route has all of these labels"}},
      {with_route("require: {regions: [eu]}"), {}},
      {with_route("require: {regions: [us]}"),
       {"4:71: error: routes[0].require.regions: no target of this route is in one of these regions"}},
      {with_route("require: {regions: []}"), {"4:80: error: routes[0].require.regions: must have at least one entry"}},
      {with_route("require: {labels: [x]}, canary: {targets: [t]}"),
       {"4:94: error: routes[0].canary.targets: none of these is allowed by the route's require"}},
      {with_route("require: {regions: [eu]}, shadow: {targets: [t]}"),
       {"4:96: error: routes[0].shadow.targets: none of these is allowed by the route's require"}},
      {with_route("require: {labels: [x]}, experiment: {name: e, variants: [{name: a, share: 1, targets: [t]}]}"),
       {"4:138: error: routes[0].experiment.variants[0].targets: none of these is allowed by the route's require"}},
      {with_route("require: {max_price: {inptu: 3}}"),
       {R"(4:83: error: routes[0].require.max_price.inptu: unknown key (did you mean "input"?))"}},
  });
}

TEST(RouterChecks, SeveralRoutesForOneModel) {
  const auto two = [](const std::string& first, const std::string& second) {
    return with_routes("- {name: a, " + first + ", targets: [t, u]}\n- {name: b, " + second + ", targets: [t]}\n");
  };
  const std::string hidden = "warning: routes[1].match: the route in line 4 takes every request before this one can";
  expect_all({
      {two("match: {model: x}", "match: {model: x, headers: {x-team: a}}"), {}},
      {two("match: {model: x, needs: [tools, vision]}", "match: {model: x, needs: [vision, tools]}"),
       {R"(5:28: error: routes[1].match.model: the route in line 4 takes "x" already under the same conditions)"}},
      {two("match: {needs: [tools]}", "match: {needs: [tools]}"),
       {"5:13: error: routes[1].match: the route in line 4 has the same conditions"}},
      {two("match: {model: default}", "match: {model: default, needs: [tools]}"), {}},
      {two("match: {model: x}", "match: {model: x}, precedence: 1"),
       {"4:13: warning: routes[0].match: the route in line 5 takes every request before this one can"}},
      {two("match: {model: default}, precedence: 1", "match: {model: x}"), {"5:13: " + hidden}},
      {two("match: {model: default}, precedence: 1", "match: {needs: [tools]}"), {"5:13: " + hidden}},
      {two("match: {model: x*}", "match: {model: [xy*, xz*]}"), {"5:13: " + hidden}},
      {two("match: {model: x*}", "match: {model: [xy*, y*]}"), {}},
      {two("match: {model: '*'}", "match: {model: default}"), {"5:13: " + hidden}},
      {two("match: {model: '*'}", "match: {model: default}, precedence: 1"),
       {"4:13: warning: routes[0].match: the route in line 5 takes every request before this one can"}},
      {two("match: {model: '*'}", "match: {model: x}"), {}},
      {two("match: {model: xy*}", "match: {model: x*}"), {}},
      {two("match: {needs: [tools]}, precedence: 1", "match: {model: x}"), {}},
  });
}

TEST(RouterChecks, Signals) {
  expect_all({
      {"sensitivity: {detectors: none}\n" + kRest,
       {R"(1:26: error: sensitivity.detectors: must be all or a list of detectors, not "none")"}},
      {"sensitivity: {detectors: [email, all]}\n" + kRest,
       {"1:34: error: sensitivity.detectors[1]: all stands alone, not in a list: write detectors: all"}},
      {"sensitivity: {patterns: {n: {label: l}}}\n" + kRest,
       {"1:26: error: sensitivity.patterns.n.regex: required key is missing"}},
      {"sensitivity: {patterns: {n: {regex: a, label: 'l m'}}}\n" + kRest,
       {"1:47: error: sensitivity.patterns.n.label: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"}},
      {with_route("retries: 1", "sensitivity: {require: {pii: [x, y]}}\n"),
       {"1:15: warning: sensitivity.require: there are no detectors and no patterns, so that nothing raises a label"}},
      {with_route("retries: 1", "sensitivity: {detectors: [email], require: {pii: [x, y]}}\n"), {}},
      {with_route("retries: 1", "sensitivity: {detectors: all, require: {pii: [z]}}\n"),
       {"1:41: warning: sensitivity.require.pii: no target has all of these labels: every request with \"pii\" will be "
        "refused"}},
      {with_route("retries: 1", "sensitivity: {detectors: all, require: {pii: []}}\n"),
       {"1:46: error: sensitivity.require.pii: must have at least one entry"}},
      {"tasks: {keywords: {code: word}}\n" + kRest,
       {"1:26: error: tasks.keywords.code: must be a list, not a plain value"}},
      {"tasks: {keywords: {code: [a, a]}}\n" + kRest, {R"(1:30: error: tasks.keywords.code[1]: "a" is listed twice)"}},
      {"tasks: {keywords: {'a b': [a]}}\n" + kRest,
       {R"(1:20: error: tasks.keywords["a b"]: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -)"}},
      {"tasks: {file: /nonexistent/t}\n" + kRest, {R"(1:15: error: tasks.file: there is no file "/nonexistent/t")"}},
      {"catalogue: {file: /nonexistent/m}\n" + kRest,
       {R"(1:19: error: catalogue.file: there is no file "/nonexistent/m")"}},
      {"decision_log: {text: true}\n" + kRest, {"1:1: warning: decision_log: nothing is logged without a file"}},
      {"decision_log: {file: /var/log/d, sample: 1.1}\n" + kRest,
       {"1:42: error: decision_log.sample: must be from 0 to 1"}},
  });
}

TEST(RouterChecks, SetsThatRoutingKeepsAsBitsAreBounded) {
  const auto list = [](int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += (i == 0 ? "l" : ", l") + std::to_string(i);
    return out;
  };
  EXPECT_THAT(messages(with_target("labels: [" + list(64) + "]")), IsEmpty());
  EXPECT_THAT(messages(with_target("labels: [" + list(65) + "]")),
              ElementsAre("f:2:1: error: targets: there are 65 different labels of targets and providers; at most 64 "
                          "are possible"));
  std::string headers;
  for (int i = 0; i < 65; ++i) headers += (i == 0 ? "h: {x" : ", x") + std::to_string(i) + ": a";
  headers = "headers" + headers.substr(1) + "}";
  EXPECT_THAT(messages(with_routes("- {name: r, match: {" + headers + "}, targets: [t, u]}\n")),
              ElementsAre("f:3:1: error: routes: there are 65 different header conditions; at most 64 are possible"));
  std::string patterns = "sensitivity: {patterns: {";
  for (int i = 0; i < 61; ++i) {
    const auto n = std::to_string(i);
    patterns += "p" + n + ": {regex: a, label: l" + n + "}, ";
  }
  EXPECT_THAT(messages(patterns + "}}\n" + kRest),
              ElementsAre("f:1:15: error: sensitivity.patterns: there are 61 different labels; at most 60 are "
                          "possible"));
}

}  // namespace
}  // namespace fluxgate::config
