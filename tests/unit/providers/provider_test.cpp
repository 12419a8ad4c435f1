#include "fluxgate/providers/provider.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fluxgate::providers {
namespace {

config::Provider openai() {
  config::Provider p;
  p.name = "openai";
  p.kind = config::ProviderKind::kOpenAi;
  p.base_url = "https://api.openai.com/v1";
  p.api_key = Secret(std::string("sk-1"));
  return p;
}

std::shared_ptr<const Provider> made(const config::Provider& config, std::uint16_t sim_port = 0) {
  auto provider = Provider::make(config, sim_port);
  EXPECT_TRUE(provider) << (provider ? "" : provider.error().message);
  return provider ? *provider : nullptr;
}

TEST(Provider, HeadFieldsHoldWhatIsConfigured) {
  auto config = openai();
  config.organization = "org-1";
  config.project = "proj-1";
  config.headers.emplace("x-extra", Secret(std::string("value")));
  EXPECT_EQ(made(config)->head_fields(),
            "host: api.openai.com\r\n"
            "authorization: Bearer sk-1\r\n"
            "openai-organization: org-1\r\n"
            "openai-project: proj-1\r\n"
            "x-extra: value\r\n"
            "accept-encoding: identity\r\n"
            "user-agent: fluxgate/" FLUXGATE_VERSION "\r\n");
}

TEST(Provider, WithoutAKeyThereIsNoCredential) {
  auto config = openai();
  config.api_key = Secret();
  EXPECT_EQ(made(config)->head_fields().find("authorization"), std::string_view::npos);
}

struct Place {
  const char* base_url;
  const char* host_field;
  const char* target;  // for /chat/completions
  const char* host;
  std::uint16_t port;
  bool tls;
};

TEST(Provider, TakesTheBaseUrlApart) {
  for (const Place& c :
       {Place{"https://api.openai.com/v1", "api.openai.com", "/v1/chat/completions", "api.openai.com", 443, true},
        Place{"https://api.openai.com:443/v1/", "api.openai.com", "/v1/chat/completions", "api.openai.com", 443, true},
        Place{"http://llm.internal", "llm.internal", "/chat/completions", "llm.internal", 80, false},
        Place{"http://llm.internal:8000/a/b", "llm.internal:8000", "/a/b/chat/completions", "llm.internal", 8000,
              false},
        Place{"https://llm.internal:80", "llm.internal:80", "/chat/completions", "llm.internal", 80, true},
        Place{"http://[::1]:8000/v1", "[::1]:8000", "/v1/chat/completions", "::1", 8000, false},
        Place{"http://[::1]/v1", "[::1]", "/v1/chat/completions", "::1", 80, false}}) {
    auto config = openai();
    config.base_url = c.base_url;
    const auto provider = made(config);
    ASSERT_TRUE(provider) << c.base_url;
    EXPECT_TRUE(provider->head_fields().starts_with(std::string("host: ") + c.host_field + "\r\n")) << c.base_url;
    EXPECT_EQ(provider->target("/chat/completions"), c.target);
    EXPECT_EQ(provider->origin().host, c.host);
    EXPECT_EQ(provider->origin().port, c.port);
    EXPECT_EQ(provider->origin().tls != nullptr, c.tls);
    EXPECT_EQ(provider->origin().server_name, c.host);
    EXPECT_FALSE(provider->origin().allow_private);
  }
}

TEST(Provider, TheSimulatedOneIsReachedLocally) {
  config::Provider config;
  config.name = "sim";
  config.kind = config::ProviderKind::kSim;
  const auto provider = made(config, 4711);
  EXPECT_EQ(provider->origin().host, "127.0.0.1");
  EXPECT_EQ(provider->origin().port, 4711);
  EXPECT_TRUE(provider->origin().allow_private);
  EXPECT_EQ(provider->origin().tls, nullptr);
  EXPECT_EQ(provider->target("/models"), "/v1/models");
}

TEST(Provider, PassesSettingsOn) {
  auto config = openai();
  config.stream_usage = false;
  config.labels = {"eu"};
  config.max_idle_connections = 3;
  config.idle_timeout = config::milliseconds(1234);
  config.allow_private = true;
  config.tls.server_name = "other.example";
  const auto provider = made(config);
  EXPECT_EQ(provider->name(), "openai");
  EXPECT_FALSE(provider->stream_usage());
  EXPECT_EQ(provider->labels(), std::vector<std::string>{"eu"});
  EXPECT_EQ(provider->origin().max_idle, 3U);
  EXPECT_EQ(provider->origin().idle_timeout, config::milliseconds(1234));
  EXPECT_TRUE(provider->origin().allow_private);
  EXPECT_EQ(provider->origin().server_name, "other.example");
}

TEST(Provider, ConnectionsAreSharedOnlyBetweenEqualOrigins) {
  const std::string id = made(openai())->origin().id;
  const auto id_with = [](auto change) {
    auto config = openai();
    change(config);
    return made(config)->origin().id;
  };
  // What a connection has nothing to do with.
  EXPECT_EQ(id_with([](auto& c) { c.name = "other"; }), id);
  EXPECT_EQ(id_with([](auto& c) { c.api_key = Secret(std::string("sk-2")); }), id);
  EXPECT_EQ(id_with([](auto& c) { c.base_url = "https://api.openai.com/v2"; }), id);
  EXPECT_EQ(id_with([](auto& c) { c.base_url = "https://api.openai.com:443/v1"; }), id);
  EXPECT_EQ(id_with([](auto& c) { c.organization = "o"; }), id);
  EXPECT_EQ(id_with([](auto& c) { c.idle_timeout *= 2; }), id);
  // What makes it another connection.
  EXPECT_NE(id_with([](auto& c) { c.base_url = "http://api.openai.com/v1"; }), id);
  EXPECT_NE(id_with([](auto& c) { c.base_url = "https://api.openai.org/v1"; }), id);
  EXPECT_NE(id_with([](auto& c) { c.base_url = "https://api.openai.com:8443/v1"; }), id);
  EXPECT_NE(id_with([](auto& c) { c.tls.server_name = "elsewhere"; }), id);
  EXPECT_NE(id_with([](auto& c) { c.allow_private = true; }), id);
  EXPECT_EQ(id.find("sk-1"), std::string::npos) << "the identity is no place for secrets";
}

TEST(Provider, ABadCertificateIsAConfigurationError) {
  auto config = openai();
  config.tls.ca = "/nonexistent/ca.pem";
  const auto provider = Provider::make(config, 0);
  ASSERT_FALSE(provider);
  EXPECT_EQ(provider.error().kind, ErrorKind::kConfig);
  EXPECT_NE(provider.error().message.find("provider openai"), std::string::npos);
  EXPECT_NE(provider.error().message.find("/nonexistent/ca.pem"), std::string::npos);
}

TEST(Provider, ABadUrlIsAConfigurationError) {
  auto config = openai();
  config.base_url = "ftp://x";
  const auto provider = Provider::make(config, 0);
  ASSERT_FALSE(provider);
  EXPECT_EQ(provider.error().kind, ErrorKind::kConfig);
}

}  // namespace
}  // namespace fluxgate::providers
