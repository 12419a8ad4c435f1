// Every kind of error and warning, with its place, its key and its words.
#include "fluxgate/config/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_test_support.hpp"

namespace fluxgate::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Case {
  std::string text;
  std::vector<std::string> expected;
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) EXPECT_EQ(messages(c.text), c.expected) << c.text;
}

// One line of a file whose rest is fine.
void expect_line(const std::vector<std::pair<std::string, std::string>>& cases) {
  for (const auto& [line, expected] : cases) {
    EXPECT_THAT(messages(line + "\n" + kRest), ElementsAre("f:" + expected)) << line;
  }
}

TEST(Loader, TheLeastFileLoadsWithoutAWord) {
  EXPECT_THAT(messages(kRest), IsEmpty());
}

TEST(Loader, SyntaxErrorsHaveLineAndColumn) {
  const auto result = load_string("a: 1\n b: 2\n", "f", options_with({}));
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_FALSE(result.config);
  EXPECT_EQ(result.diagnostics[0].where.line, 2);
  EXPECT_EQ(result.diagnostics[0].where.column, 3);
  EXPECT_EQ(result.diagnostics[0].severity, Diagnostic::error);
}

TEST(Loader, AnEmptyFileNamesWhatIsMissing) {
  EXPECT_THAT(messages(""), ElementsAre("f:1:1: error: providers: required key is missing",
                                        "f:1:1: error: targets: required key is missing",
                                        "f:1:1: error: routes: required key is missing"));
  EXPECT_THAT(messages("[]"), ElementsAre("f:1:1: error: must be a map of keys, not a list"));
}

TEST(Loader, KeysThatAreNotKnownOrGivenTwice) {
  expect_line({
      {"listn: {}", R"(1:1: error: listn: unknown key (did you mean "listen"?))"},
      {"log: {levl: info}", R"(1:7: error: log.levl: unknown key (did you mean "level"?))"},
      {"zzz: 1", "1:1: error: zzz: unknown key"},
      {"\"a.b\": 1", R"(1:1: error: ["a.b"]: unknown key)"},
      {"log: {level: info, level: warn}", "1:20: error: log.level: duplicate key, first given in line 1"},
      {"log: 3", "1:6: error: log: must be a map of keys, not a plain value"},
  });
  EXPECT_THAT(messages(kRest + "  policy: {order_by: cost}\n"), testing::SizeIs(1));  // syntax: not inside the route
  EXPECT_THAT(messages("providers: {p: {kind: sim}}\ntargets: {t: {provider: p, model: m}}\nroutes:\n"
                       "- name: r\n  match: {model: default}\n  targets: [t]\n  polcy: {order_by: cost}\n"),
              ElementsAre(R"(f:7:3: error: routes[0].polcy: unknown key (did you mean "policy"?))"));
}

TEST(Loader, SectionsWithNothingBelowThemAreEmpty) {
  EXPECT_THAT(messages("log:\nlisten:\nadmin:\nlimits:\ndrain:\n" + kRest), IsEmpty());
}

TEST(Loader, ScalarTypes) {
  expect_line({
      {"workers: 0", "1:10: error: workers: must be from 1 to 1024"},
      {"workers: many", R"(1:10: error: workers: must be auto or a whole number, not "many")"},
      {"workers: -1", "1:10: error: workers: must be from 1 to 1024"},
      {"log: {access: yes}", R"(1:15: error: log.access: must be true or false, not "yes")"},
      {"log: {access: 'true'}", "1:15: error: log.access: must be true or false, not text in quotes"},
      {"log: {level: inof}",
       R"(1:14: error: log.level: must be debug, info, warn or error, not "inof" (did you mean "info"?))"},
      {"log: {format: [json]}", "1:15: error: log.format: must be text or json, not a list"},
      {"log: {file: ''}", "1:13: error: log.file: must not be empty"},
      {"log: {file: ~}", "1:13: error: log.file: must be text, not nothing"},
      {"log: {file: \"a\\nb\"}", "1:13: error: log.file: must not hold line breaks or control characters"},
      {"log: {file: " + std::string(4097, 'x') + "}", "1:13: error: log.file: must not be longer than 4096 bytes"},
      {"limits: {header_count: 7}", "1:24: error: limits.header_count: must be from 8 to 10000"},
      {"limits: {header_count: ten}", R"(1:24: error: limits.header_count: must be a whole number, not "ten")"},
      {"limits: {header_count: 99999999999999999999}", "1:24: error: limits.header_count: must be from 8 to 10000"},
      {"limits: {header_count: '9'}", "1:24: error: limits.header_count: must be a whole number, not text in quotes"},
      {"limits: {header_count: {}}", "1:24: error: limits.header_count: must be a whole number, not a map"},
  });
}

TEST(Loader, DurationsAndSizes) {
  expect_line({
      {"drain: {delay: 30}", "1:16: error: drain.delay: a duration needs a unit: write 30ms, 30s, 30m or 30h"},
      {"drain: {delay: 1.5s}",
       R"(1:16: error: drain.delay: must be a duration such as 250ms, 2s, 1m or 1h, not "1.5s")"},
      {"drain: {delay: [1s]}",
       "1:16: error: drain.delay: must be a duration such as 250ms, 2s, 1m or 1h, not a list"},
      {"drain: {delay: 11m}", "1:16: error: drain.delay: must be from 0s to 10m"},
      {"limits: {request_body: 10 MB}",
       R"(1:24: error: limits.request_body: must be a size such as 512B, 64KiB or 10MiB, not "10 MB")"},
      {"limits: {request_body: 1}", "1:24: error: limits.request_body: must be from 1KiB to 1GiB"},
      {"limits: {request_body: {}}",
       "1:24: error: limits.request_body: must be a size such as 512B, 64KiB or 10MiB, not a map"},
  });
}

TEST(Loader, Listeners) {
  expect_line({
      {"listen: {address: localhost}", "1:19: error: listen.address: the port is missing: write host:port"},
      {"listen: {address: ':80'}",
       "1:19: error: listen.address: the host is missing (0.0.0.0 stands for every IPv4 address)"},
      {"listen: {address: '::1:80'}", "1:19: error: listen.address: an IPv6 address needs brackets: [::1]:8080"},
      {"listen: {address: 0.0.0.0:9090}", "1:19: error: listen.address: listen and admin have the same port, 9090"},
      {"admin: {address: 127.0.0.1:8080}", "1:18: error: admin.address: listen and admin have the same port, 8080"},
      {"admin: {address: 0.0.0.0:9090}",
       "1:18: warning: admin.address: the admin listener asks for no password and is not on a loopback address"},
  });
  EXPECT_THAT(messages("listen:\n  tls: {certificate: /nonexistent/c}\n" + kRest),
              ElementsAre("f:2:3: error: listen.tls.key: required key is missing",
                          R"(f:2:22: error: listen.tls.certificate: there is no file "/nonexistent/c")"));
  EXPECT_THAT(messages("listen: {address: 127.0.0.1:0}\nadmin: {address: 127.0.0.1:0}\n" + kRest), IsEmpty());
}

std::string with_provider(const std::string& provider) {
  return "providers:\n  p: " + provider + "\ntargets: {t: {provider: p, model: m}}\nroutes:\n"
         "- {name: r, match: {model: default}, targets: [t]}\n";
}

TEST(Loader, Providers) {
  expect_all({
      {with_provider("{}"), {"f:2:3: error: providers.p.kind: required key is missing"}},
      {with_provider("{kind: opnai}"),
       {"f:2:13: error: providers.p.kind: must be openai, openai_compatible or sim, not \"opnai\" (did you mean "
        "\"openai\"?)"}},
      {with_provider("{kind: openai_compatible}"),
       {"f:2:3: error: providers.p.base_url: required for kind: openai_compatible"}},
      {with_provider("{kind: openai, base_url: api.openai.com}"),
       {"f:2:31: error: providers.p.base_url: must begin with http:// or https://"}},
      {with_provider("{kind: openai, base_url: 'https://u@a/'}"),
       {"f:2:31: error: providers.p.base_url: must not hold a user name or password; use api_key or headers"}},
      {with_provider("{kind: openai, base_url: 'http://127.0.0.1:1/'}"),
       {"f:2:31: error: providers.p.base_url: \"127.0.0.1\" is a private address; set allow_private: true if that is "
        "meant"}},
      {with_provider("{kind: openai, base_url: 'http://127.0.0.1:1/', allow_private: true}"), {}},
      {with_provider("{kind: sim, base_url: 'http://a/'}"),
       {"f:2:28: error: providers.p.base_url: kind: sim is built in and has no base_url"}},
      {with_provider("{kind: openai, sim: {tokens: 3}}"),
       {"f:2:21: error: providers.p.sim: only kind: sim has these settings"}},
      {with_provider("{kind: sim, sim: {cut: 0.6, stall: 0.5}}"),
       {"f:2:18: error: providers.p.sim: the shares of failing requests add up to more than 1"}},
      {with_provider("{kind: sim, sim: {cut: 1.5}}"), {"f:2:29: error: providers.p.sim.cut: must be from 0 to 1"}},
      {with_provider("{kind: sim, sim: {cut: -0.5}}"), {"f:2:29: error: providers.p.sim.cut: must be from 0 to 1"}},
      {with_provider("{kind: sim, sim: {cut: often}}"),
       {R"(f:2:29: error: providers.p.sim.cut: must be a number, not "often")"}},
      {with_provider("{kind: sim, labels: [a, a]}"), {R"(f:2:30: error: providers.p.labels[1]: "a" is listed twice)"}},
      {with_provider("{kind: sim, labels: a}"),
       {"f:2:26: error: providers.p.labels: must be a list, not a plain value"}},
      {"providers: {}\ntargets: {t: {provider: p, model: m}}\nroutes:\n"
       "- {name: r, match: {model: default}, targets: [t]}\n",
       {"f:1:1: error: providers: must have at least one entry",
        R"(f:2:25: error: targets.t.provider: there is no provider "p")"}},
      {"providers: {a b: {kind: sim}}\ntargets: {t: {provider: a b, model: m}}\nroutes:\n"
       "- {name: r, match: {model: default}, targets: [t]}\n",
       {R"(f:1:13: error: providers["a b"]: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -)"}},
  });
}

TEST(Loader, Headers) {
  expect_all({
      {with_provider("{kind: sim, headers: {X-Team: search}}"), {}},
      {with_provider("{kind: sim, headers: {Host: a}}"),
       {"f:2:28: error: providers.p.headers.Host: this header is set by fluxgate itself"}},
      {with_provider("{kind: sim, headers: {Transfer-Encoding: a}}"),
       {"f:2:28: error: providers.p.headers.Transfer-Encoding: this header is set by fluxgate itself"}},
      {with_provider("{kind: sim, headers: {'a b': a}}"),
       {R"(f:2:28: error: providers.p.headers["a b"]: not a valid header name)"}},
      {with_provider("{kind: sim, headers: {X-A: a, x-a: b}}"),
       {"f:2:36: error: providers.p.headers.x-a: the same header twice (header names ignore case)"}},
      {with_provider("{kind: sim, headers: {X-A: \"a\\r\\nb\"}}"),
       {"f:2:33: error: providers.p.headers.X-A: must not hold line breaks or control characters"}},
      {with_provider("{kind: sim, headers: {X-Api-Key: a}}"),
       {"f:2:39: warning: providers.p.headers.X-Api-Key: a secret in the file itself; better {env: NAME} or {file: "
        "path}"}},
      {with_provider("{kind: sim, headers: [a]}"),
       {"f:2:27: error: providers.p.headers: must be a map of keys, not a list"}},
  });
  EXPECT_THAT(messages(with_provider("{kind: openai, api_key: {env: K}, headers: {Authorization: {env: K}}}"),
                       options_with({{"K", "v"}})),
              ElementsAre("f:2:50: error: providers.p.headers.Authorization: api_key sets this header already; give "
                          "one of the two"));
}

TEST(Loader, Secrets) {
  expect_all({
      {with_provider("{kind: openai, api_key: {env: KEY}}"),
       {R"(f:2:36: error: providers.p.api_key.env: the environment variable "KEY" is not set)"}},
      {with_provider("{kind: openai, api_key: sk-123}"),
       {"f:2:30: warning: providers.p.api_key: a secret in the file itself; better {env: NAME} or {file: path}"}},
      {with_provider("{kind: openai, api_key: {evn: KEY}}"),
       {"f:2:30: error: providers.p.api_key: must be {env: NAME}, {file: path} or the text itself"}},
      {with_provider("{kind: openai, api_key: {env: A, file: b}}"),
       {"f:2:30: error: providers.p.api_key: must be {env: NAME}, {file: path} or the text itself"}},
      {with_provider("{kind: openai, api_key: [a]}"),
       {"f:2:30: error: providers.p.api_key: must be {env: NAME}, {file: path} or the text itself"}},
      {with_provider("{kind: openai, api_key: ''}"), {"f:2:30: error: providers.p.api_key: must not be empty"}},
      {with_provider("{kind: openai, api_key: {file: /nonexistent/key}}"),
       {R"(f:2:37: error: providers.p.api_key.file: cannot read the file "/nonexistent/key")"}},
  });
  const auto key = with_provider("{kind: openai, api_key: {env: KEY}}");
  EXPECT_THAT(messages(key, options_with({{"KEY", ""}})),
              ElementsAre(R"(f:2:36: error: providers.p.api_key.env: the environment variable "KEY" is empty)"));
  EXPECT_THAT(messages(key, options_with({{"KEY", "a\nb"}})),
              ElementsAre("f:2:36: error: providers.p.api_key.env: the environment variable \"KEY\" holds line breaks "
                          "or control characters"));
  const auto loaded = load_string(key, "f", options_with({{"KEY", "sk-1\n"}}));
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->providers[0].api_key.reveal(), "sk-1");
}

TEST(Loader, PlainHttpWithAKeyDrawsAWarning) {
  const auto env = options_with({{"K", "v"}});
  const auto at = [&](const std::string& host) {
    const std::string before = "{kind: openai_compatible, api_key: {env: K}, allow_private: true, base_url: 'http://";
    return messages(with_provider(before + host + "/v1'}"), env);
  };
  EXPECT_THAT(at("example.com"), ElementsAre("f:2:82: warning: providers.p.base_url: plain http sends the api_key "
                                             "readable to everyone on the way; use https"));
  EXPECT_THAT(at("10.1.2.3"), IsEmpty());
  EXPECT_THAT(at("vllm:8000"), IsEmpty());
}

std::string with_target(const std::string& target) {
  return "providers: {p: {kind: sim}}\ntargets:\n  t: " + target + "\nroutes:\n"
         "- {name: r, match: {model: default}, targets: [t]}\n";
}

TEST(Loader, Targets) {
  expect_all({
      {with_target("{provider: p}"), {"f:3:3: error: targets.t.model: required key is missing"}},
      {with_target("{provider: pp, model: m}"),
       {R"(f:3:17: error: targets.t.provider: there is no provider "pp" (did you mean "p"?))"}},
      {with_target("{provider: p, model: gpt-*}"),
       {"f:3:27: error: targets.t.model: '*' must stand alone: it means the name the client asked for"}},
      {with_target("{provider: p, model: '*', strip_prefix: p/}"), {}},
      {with_target("{provider: p, model: m, strip_prefix: p/}"),
       {"f:3:44: error: targets.t.strip_prefix: has a meaning only with model: \"*\""}},
      {with_target("{provider: p, model: m, weight: 0}"),
       {"f:3:38: error: targets.t.weight: must be greater than 0, at most 1000000"}},
      {with_target("{provider: p, model: m, weight: -2}"),
       {"f:3:38: error: targets.t.weight: must be greater than 0, at most 1000000"}},
      {with_target("{provider: p, model: m, price: {input: 1}}"),
       {"f:3:30: error: targets.t.price.output: required key is missing"}},
      {with_target("{provider: p, model: m, context_window: 0}"),
       {"f:3:46: error: targets.t.context_window: must be from 1 to 1000000000"}},
      {"providers: {p: {kind: sim}}\ntargets:\n  t: {provider: p, model: m}\n  t: {provider: p, model: n}\nroutes:\n"
       "- {name: r, match: {model: default}, targets: [t]}\n",
       {"f:4:3: error: targets.t: duplicate key, first given in line 3"}},
  });
}

std::string with_routes(const std::string& routes) {
  return "providers: {p: {kind: sim}, q: {kind: sim, labels: [x]}}\n"
         "targets: {t: {provider: p, model: m}, u: {provider: q, model: m}}\nroutes:\n" + routes;
}

TEST(Loader, Routes) {
  const std::string both = "- {name: z, match: {model: z}, targets: [t, u]}\n";  // so that nothing is unused
  expect_all({
      {with_routes("- {match: {model: a}, targets: [t, u]}\n"),
       {"f:4:3: error: routes[0].name: required key is missing"}},
      {with_routes("- {name: a/b, match: {model: a}, targets: [t, u]}\n"),
       {"f:4:10: error: routes[0].name: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"}},
      {with_routes("- {name: a, targets: [t, u]}\n"), {"f:4:3: error: routes[0].match: required key is missing"}},
      {with_routes("- {name: a, match: {}, targets: [t, u]}\n"),
       {"f:4:13: error: routes[0].match.model: required key is missing, as there is no other condition"}},
      {with_routes("- {name: a, match: {model: []}, targets: [t, u]}\n"),
       {"f:4:28: error: routes[0].match.model: must have at least one model name"}},
      {with_routes("- {name: a, match: {model: {}}, targets: [t, u]}\n"),
       {"f:4:28: error: routes[0].match.model: must be a model name, a list of them, or the word default"}},
      {with_routes("- {name: a, match: {model: [a, default]}, targets: [t, u]}\n"),
       {"f:4:32: error: routes[0].match.model[1]: default stands alone, not in a list: write model: default"}},
      {with_routes("- {name: a, match: {model: [a, a]}, targets: [t, u]}\n"),
       {R"(f:4:32: error: routes[0].match.model[1]: "a" is listed twice)"}},
      {with_routes("- {name: a, match: {model: a}}\n"), {"f:4:3: error: routes[0].targets: required key is missing"}},
      {with_routes("- {name: a, match: {model: a}, targets: []}\n"),
       {"f:4:32: error: routes[0].targets: must name at least one target"}},
      {with_routes("- {name: a, match: {model: a}, targets: [t, tt]}\n"),
       {R"(f:4:45: error: routes[0].targets[1]: there is no target "tt" (did you mean "t"?))"}},
      {with_routes("- {name: a, match: {model: a}, targets: [t], fallback: [zzz]}\n"),
       {R"(f:4:57: error: routes[0].fallback[0]: there is no target "zzz")"}},
      {with_routes("- {name: a, match: {model: a}, targets: [t], attempts: {max: 0}}\n"),
       {"f:4:62: error: routes[0].attempts.max: must be from 1 to 20"}},
      {with_routes(both + "- {name: a, match: {model: a}, targets: [t], require: {labels: [x]}}\n"),
       {"f:5:56: error: routes[1].require.labels: no target of this route has all of these labels"}},
      {with_routes(both + "- {name: a, match: {model: a}, targets: [t], fallback: [u], require: {labels: [x]}}\n"), {}},
      {with_routes("  []"), {"f:4:3: error: routes: must have at least one entry"}},
      {with_routes("  a: {}"), {"f:4:3: error: routes: must be a list, not a map"}},
  });
}

TEST(Loader, RoutesThatClash) {
  expect_all({
      {with_routes("- {name: a, match: {model: a}, targets: [t, u]}\n- {name: a, match: {model: b}, targets: [t]}\n"),
       {"f:5:10: error: routes[1].name: the route in line 4 has this name"}},
      {with_routes("- {name: a, match: {model: default}, targets: [t, u]}\n"
                   "- {name: b, match: {model: default}, targets: [t]}\n"),
       {"f:5:28: error: routes[1].match.model: the route in line 4 is the default already"}},
      {with_routes("- {name: a, match: {model: [x, y]}, targets: [t, u]}\n"
                   "- {name: b, match: {model: y}, targets: [t]}\n"),
       {R"(f:5:28: error: routes[1].match.model: the route in line 4 takes "y" already)"}},
      {with_routes("- {name: a, match: {model: x}, targets: [t, u]}\n"
                   "- {name: b, match: {model: [y, x]}, targets: [t]}\n"),
       {R"(f:5:32: error: routes[1].match.model[1]: the route in line 4 takes "x" already)"}},
      {with_routes("- {name: a, match: {model: x*}, targets: [t, u]}\n"
                   "- {name: b, match: {model: xy}, targets: [t]}\n"), {}},
  });
}

TEST(Loader, WhatNothingUsesDrawsAWarning) {
  expect_all({
      {with_routes("- {name: a, match: {model: x}, targets: [t]}\n"),
       {"f:2:39: warning: targets.u: no route uses this target"}},
      {"providers: {p: {kind: sim}, q: {kind: sim}}\ntargets: {t: {provider: p, model: m}}\nroutes:\n"
       "- {name: r, match: {model: default}, targets: [t]}\n",
       {"f:1:29: warning: providers.q: no target uses this provider"}},
  });
}

TEST(Loader, AllErrorsAreCollectedInOrderOfLine) {
  EXPECT_THAT(messages("workers: 0\nlog: {level: x}\nnope: 1\n" + kRest + "- {name: r, match: {model: default}}\n"),
              ElementsAre("f:1:10: error: workers: must be from 1 to 1024",
                          "f:2:14: error: log.level: must be debug, info, warn or error, not \"x\"",
                          "f:3:1: error: nope: unknown key",
                          "f:8:3: error: routes[1].targets: required key is missing",
                          "f:8:10: error: routes[1].name: the route in line 7 has this name",
                          "f:8:28: error: routes[1].match.model: the route in line 7 is the default already"));
}

TEST(Loader, AFloodOfErrorsIsCut) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto result = load_string(text + kRest, "f", options_with({}));
  ASSERT_EQ(result.diagnostics.size(), 101u);
  EXPECT_EQ(format(result.diagnostics.back()), "f: error: 400 more messages are not shown");
}

TEST(Loader, MessagesNeverHoldASecret) {
  for (const std::string provider : {"{kind: openai, api_key: \"topsecret\\n\"}", "{kind: openai, api_key: topsecret}",
                                     "{kind: openai, headers: {Authorization: \"topsecret\\n\", Host: topsecret}}"}) {
    for (const auto& message : messages(with_provider(provider))) {
      EXPECT_THAT(message, testing::Not(testing::HasSubstr("topsecret")));
    }
  }
}

TEST(Loader, FilesAreReadBesideTheConfiguration) {
  const TempFolder folder;
  folder.write("key", "sk-file\r\n");
  folder.write("cert.pem", "x");
  folder.write("empty", "");
  folder.write("big", std::string(65 * 1024, 'x'));
  const auto file = folder.write("f.yaml",
                                 "listen: {tls: {certificate: cert.pem, key: none.pem}}\n"
                                 "providers:\n"
                                 "  a: {kind: openai, api_key: {file: key}, tls: {certificate: cert.pem}}\n"
                                 "  b: {kind: openai, api_key: {file: empty}, tls: {ca: ., key: cert.pem}}\n"
                                 "  c: {kind: openai, api_key: {file: big}}\n"
                                 "  d: {kind: openai, api_key: {file: .}}\n"
                                 "targets: {a: {provider: a, model: m}}\n"
                                 "routes: [{name: r, match: {model: default}, targets: [a]}]\n");
  std::vector<std::string> seen;
  for (const auto& d : load_file(file, options_with({})).diagnostics) {
    seen.push_back(std::to_string(d.where.line) + ":" + std::to_string(d.where.column) + " " + d.key + " " +
                   d.message.substr(0, d.message.find('"')));
    EXPECT_EQ(d.where.file, file);
  }
  EXPECT_THAT(seen, ElementsAre("1:44 listen.tls.key there is no file ",
                                "3:62 providers.a.tls.certificate a client certificate needs its key as well",
                                "4:37 providers.b.api_key.file the file ",
                                "4:55 providers.b.tls.ca cannot read the file ",
                                "4:63 providers.b.tls.key a key needs its client certificate as well",
                                "5:37 providers.c.api_key.file the file ", "6:37 providers.d.api_key.file "));
}

TEST(Loader, WithoutFileChecksNoFileIsTouched) {
  auto options = options_with({});
  options.check_files = false;
  const auto result = load_string(
      "listen: {tls: {certificate: /nonexistent/c, key: /nonexistent/k}}\n" +
          with_provider("{kind: openai, api_key: {file: /nonexistent/key}, tls: {ca: /nonexistent/ca}}"),
      "f", options);
  EXPECT_THAT(result.diagnostics, IsEmpty());
  ASSERT_TRUE(result.config);
  EXPECT_TRUE(result.config->providers[0].api_key.empty());
}

TEST(Loader, FilesThatCannotBeLoaded) {
  const TempFolder folder;
  const auto missing = (folder.path() / "none.yaml").string();
  const auto first = [](const LoadResult& result) { return format(result.diagnostics.at(0)); };
  EXPECT_EQ(first(load_file(missing)), missing + ": error: cannot open the file");
  EXPECT_EQ(first(load_file(folder.path())), folder.path().string() + ": error: is a folder, not a file");
  const auto big = folder.write("big.yaml", std::string(4 * 1024 * 1024 + 1, '#'));
  EXPECT_EQ(first(load_file(big)), big + ": error: the file is larger than 4 MiB");
}

TEST(Loader, TheProcessEnvironmentIsTheDefault) {
  ASSERT_EQ(setenv("FLUXGATE_CONFIG_TEST", "here", 1), 0);
  EXPECT_EQ(process_env("FLUXGATE_CONFIG_TEST"), "here");
  ASSERT_EQ(unsetenv("FLUXGATE_CONFIG_TEST"), 0);
  EXPECT_EQ(process_env("FLUXGATE_CONFIG_TEST"), std::nullopt);
}

}  // namespace
}  // namespace fluxgate::config
