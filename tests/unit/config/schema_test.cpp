#include "fluxgate/config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

std::string read_source_file(const std::string& path) {
  std::ifstream in(std::string(FLUXGATE_SOURCE_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Schema, TheCheckedInSchemaIsTheGeneratedOne) {
  EXPECT_TRUE(read_source_file("config/fluxgate.schema.json") == json_schema())
      << "out of date; run: fluxgate schema > config/fluxgate.schema.json";
}

TEST(Schema, TheCheckedInReferenceIsTheGeneratedOne) {
  EXPECT_TRUE(read_source_file("docs/configuration.md") == reference_markdown())
      << "out of date; run: fluxgate schema --markdown > docs/configuration.md";
}

// Calls visit(object) for every JSON object in the schema.
template <class Visit>
void walk(const nlohmann::json& value, const Visit& visit) {
  if (value.is_object()) visit(value);
  if (value.is_structured()) {
    for (const auto& item : value) walk(item, visit);
  }
}

TEST(Schema, EveryReferenceHasItsDefinition) {
  const auto schema = nlohmann::json::parse(json_schema());
  std::set<std::string> used;
  walk(schema, [&](const nlohmann::json& object) {
    if (!object.contains("$ref") || !object["$ref"].is_string()) return;
    const auto target = object["$ref"].get<std::string>();
    ASSERT_TRUE(target.starts_with("#/definitions/"));
    used.insert(target.substr(14));
    EXPECT_TRUE(schema["definitions"].contains(target.substr(14))) << target;
  });
  EXPECT_EQ(used.size(), schema["definitions"].size());
}

TEST(Schema, EverySectionIsClosedAndEveryKeyDescribed) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
  auto sections = schema["definitions"];
  sections.erase("secret");
  sections["root"] = schema;
  for (const auto& [name, section] : sections.items()) {
    EXPECT_EQ(section["additionalProperties"], false) << name;
    for (const auto& [key, value] : section["properties"].items()) {
      EXPECT_THAT(value["description"].get<std::string>(), testing::SizeIs(testing::Gt(10u))) << name << "." << key;
    }
  }
}

TEST(Schema, CarriesTypesDefaultsAndRanges) {
  const auto schema = nlohmann::json::parse(json_schema());
  const auto& definitions = schema["definitions"];
  EXPECT_EQ(definitions["routes.attempts"]["properties"]["max"]["maximum"], 20);
  EXPECT_EQ(definitions["routes.attempts"]["properties"]["deadline"]["default"], "10m");
  EXPECT_EQ(definitions["limits"]["properties"]["request_body"]["default"], "32MiB");
  EXPECT_EQ(definitions["targets.NAME"]["properties"]["weight"]["exclusiveMinimum"], 0);
  EXPECT_EQ(definitions["log"]["properties"]["level"]["enum"], (nlohmann::json{"debug", "info", "warn", "error"}));
  EXPECT_EQ(definitions["providers.NAME"]["required"], nlohmann::json::array({"kind"}));
}

TEST(Schema, PatternsTakeWhatTheReaderTakes) {
  struct Case {
    std::string_view pattern;
    std::vector<std::string> good, bad;
  };
  const std::vector<Case> cases = {
      {kDurationPattern, {"250ms", "2s", "1m", "1h"}, {"5", "1.5s", "s"}},
      {kSizePattern, {"1", "512B", "64KiB"}, {"1 KiB", "KiB"}},
      {kNamePattern, {"a.b_c-1"}, {"", "a/b"}},
      {kHeaderNamePattern, {"X-Api-Key", "a!#$%&'*+.^_`|~"}, {"a b", "", "a:"}},
      {kAddressPattern, {"localhost:80", "[::1]:80"}, {"localhost", ":80", "::1:80"}},
      {kUrlPattern, {"https://a/v1", "http://[::1]:80"}, {"a", "https://u@a", "https://a/?q", "https://a#f"}},
  };
  for (const auto& c : cases) {
    const std::regex regex{std::string(c.pattern)};
    for (const auto& text : c.good) EXPECT_TRUE(std::regex_search(text, regex)) << c.pattern << " " << text;
    for (const auto& text : c.bad) EXPECT_FALSE(std::regex_search(text, regex)) << c.pattern << " " << text;
  }
}

}  // namespace
}  // namespace fluxgate::config
