#include "fluxgate/catalogue/providers.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "fluxgate/catalogue/catalogue.hpp"

namespace fluxgate::catalogue {
namespace {

TEST(Providers, ByHostOfTheUrl) {
  EXPECT_EQ(provider_for("https://api.groq.com/openai/v1", "fast"), "groq");
  EXPECT_EQ(provider_for("https://API.Mistral.AI:443/v1", ""), "mistral");
  EXPECT_EQ(provider_for("api.openai.com", ""), "openai");
  EXPECT_EQ(provider_for("https://my-resource.openai.azure.com/openai/deployments/x", "openai"), "azure");
  EXPECT_EQ(provider_for("https://bedrock-runtime.eu-west-1.amazonaws.com", ""), "bedrock");
  EXPECT_EQ(provider_for("https://us-east1-aiplatform.googleapis.com/v1", ""), "vertex_ai");
  EXPECT_EQ(provider_for("https://notapi.openai.com.example.org", ""), "");
  EXPECT_EQ(provider_for("https://evilapi.groq.com", ""), "");
}

TEST(Providers, ByNameWhereTheHostSaysNothing) {
  EXPECT_EQ(provider_for("https://llm.example.com/v1", "together_ai"), "together");
  EXPECT_EQ(provider_for("http://10.0.0.7:8080/v1", "Together_AI"), "together");
  EXPECT_EQ(provider_for("", "anthropic"), "anthropic");
  EXPECT_EQ(provider_for("https://llm.example.com/v1", "backend-1"), "");
}

TEST(Providers, OnesOwnMachinesAreLocal) {
  for (const char* url : {"http://127.0.0.1:8000/v1", "http://localhost:8000", "http://10.1.2.3/v1",
                          "http://172.16.0.1", "http://192.168.1.5:1234/v1", "http://vllm:8000/v1",
                          "http://[::1]:8000/v1", "http://gpu.internal"}) {
    EXPECT_EQ(provider_for(url, "backend"), kLocal) << url;
  }
  for (const char* url : {"http://172.32.0.1", "http://8.8.8.8", "https://llm.example.com", "http://[2001:db8::1]"}) {
    EXPECT_EQ(provider_for(url, "backend"), "") << url;
  }
  EXPECT_EQ(provider_for("http://127.0.0.1:11434/v1", ""), "ollama");
  EXPECT_TRUE(is_free_provider("ollama"));
  EXPECT_FALSE(is_free_provider("openai"));
}

TEST(Providers, TheTableHasManyHostsAndOnlySoundLines) {
  std::ifstream file(std::string(FLUXGATE_SOURCE_DIR) + "/config/models/providers.txt");
  std::set<std::string> with_host;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string what, subject, provider, rest;
    words >> what >> subject >> provider >> rest;
    EXPECT_TRUE(what == "host" || what == "name" || what == "home" || what == "free") << line;
    EXPECT_EQ(provider.empty(), what == "home" || what == "free") << line;
    EXPECT_TRUE(rest.empty()) << line;
    if (what != "host") continue;
    with_host.insert(provider);
    if (subject.front() == '*') subject.erase(0, 1);
    EXPECT_EQ(provider_for("https://" + subject, ""), provider) << line;  // no earlier line takes it
  }
  EXPECT_GE(with_host.size(), 25u);
}

TEST(Providers, TheVendorsSearchedForBareNamesHaveRows) {
  for (const std::string_view home : home_providers()) EXPECT_TRUE(Catalogue::built_in().has_provider(home)) << home;
}

}  // namespace
}  // namespace fluxgate::catalogue
