#include "fluxgate/config/schema.hpp"

#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

using Json = nlohmann::ordered_json;

// routes[].match -> routes.match: brackets would need escaping in a $ref.
std::string definition_name(const SectionInfo& section) {
  auto name = section.name;
  for (auto at = name.find("[]"); at != std::string::npos; at = name.find("[]")) name.erase(at, 2);
  return name;
}

Json reference(std::string_view definition) {
  return {{"$ref", "#/definitions/" + std::string(definition)}};
}

Json text_of(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

Json list_of(Json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

Json non_empty_text() {
  return {{"type", "string"}, {"minLength", 1}};
}

Json bounded(const char* type, const std::optional<Range>& range) {
  Json out = {{"type", type}};
  if (!range) return out;
  out[range->above ? "exclusiveMinimum" : "minimum"] = range->least;
  out["maximum"] = range->most;
  return out;
}

Json filled(Json list, const KeyInfo& key) {
  if (key.required || key.filled) list["minItems"] = 1;
  return list;
}

Json distinct(Json list, const KeyInfo& key) {
  list = filled(std::move(list), key);
  list["uniqueItems"] = true;
  return list;
}

Json list_with_one(Json items) {
  auto out = list_of(std::move(items));
  out["minItems"] = 1;
  return out;
}

Json map_of(std::string_view names, Json values) {
  return {{"type", Json::array({"object", "null"})},
          {"propertyNames", {{"pattern", names}}},
          {"additionalProperties", std::move(values)}};
}

Json secret_definition() {
  const auto source = [](const char* key) {
    return Json{{"type", "object"},
                {"properties", {{key, non_empty_text()}}},
                {"required", Json::array({key})},
                {"additionalProperties", false}};
  };
  return {{"description", "{env: NAME}, {file: path}, or the text itself"},
          {"oneOf", Json::array({non_empty_text(), source("env"), source("file")})}};
}

// What a value of this key may be, without description and default.
Json value_schema(const KeyInfo& key) {
  switch (key.shape) {
    case Shape::kBoolean: return {{"type", "boolean"}};
    case Shape::kInteger: return bounded("integer", key.range);
    case Shape::kSigned: {
      const auto most = static_cast<std::int64_t>(key.range->most);
      return {{"type", "integer"}, {"minimum", -most}, {"maximum", most}};
    }
    case Shape::kNumber: return bounded("number", key.range);
    case Shape::kText:
    case Shape::kPath: return non_empty_text();
    case Shape::kName: return text_of(kNamePattern);
    case Shape::kTexts: return list_of(non_empty_text());
    case Shape::kNames: return distinct(list_of(text_of(kNamePattern)), key);
    case Shape::kWords: return distinct(list_of({{"enum", key.choices}}), key);
    case Shape::kNumbers: return filled(list_of(bounded("number", key.range)), key);
    case Shape::kDuration: return text_of(kDurationPattern);
    case Shape::kSize: return {{"anyOf", Json::array({bounded("integer", key.range), text_of(kSizePattern)})}};
    case Shape::kChoice: return {{"enum", key.choices}};
    case Shape::kAddress: return text_of(kAddressPattern);
    case Shape::kUrl: return text_of(kUrlPattern);
    case Shape::kSecret: return {{"allOf", Json::array({reference("secret")})}};
    case Shape::kSecrets: return filled(list_of(reference("secret")), key);
    case Shape::kHeaderValues: return map_of(kHeaderNamePattern, non_empty_text());
    case Shape::kTextLists: return map_of(kNamePattern, list_with_one(non_empty_text()));
    case Shape::kNameLists: return map_of(kNamePattern, list_with_one(text_of(kNamePattern)));
    case Shape::kScores: return map_of(kNamePattern, map_of(kNamePattern, bounded("number", key.range)));
    case Shape::kFlags: {
      Json properties = Json::object();
      for (const auto& word : key.choices) properties[word] = {{"type", "boolean"}};
      return {{"type", Json::array({"object", "null"})},
              {"properties", std::move(properties)},
              {"additionalProperties", false}};
    }
    case Shape::kHeaders: return map_of(kHeaderNamePattern, reference("secret"));
    case Shape::kWorkers: return {{"anyOf", Json::array({{{"const", "auto"}}, bounded("integer", key.range)})}};
    case Shape::kModels: {
      auto several = list_of({{"type", "string"}, {"minLength", 1}, {"not", {{"const", kDefaultModel}}}});
      several["minItems"] = 1;
      several["uniqueItems"] = true;
      return {{"anyOf", Json::array({non_empty_text(), std::move(several)})}};
    }
    case Shape::kDetectors:
      return {{"anyOf", Json::array({{{"const", kAllDetectors}}, list_of(text_of(kNamePattern))})}};
    case Shape::kDelay: return {{"anyOf", Json::array({{{"const", kMeasuredDelay}}, text_of(kDurationPattern)})}};
    // allOf, because draft-07 ignores whatever stands beside a $ref.
    case Shape::kSection: return {{"allOf", Json::array({reference(definition_name(*key.section))})}};
    case Shape::kSectionMap:
      return {{"type", "object"},
              {"propertyNames", {{"pattern", kNamePattern}}},
              {"additionalProperties", reference(definition_name(*key.section))},
              {"minProperties", 1}};
    case Shape::kSectionList: {
      auto out = list_of(reference(definition_name(*key.section)));
      out["minItems"] = 1;
      return out;
    }
  }
  return {};
}

// The section as an object; the sections below it go into `definitions`.
Json section_schema(const SectionInfo& section, Json& definitions) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& key : section.keys) {
    Json value = {{"description", key.doc}};
    value.update(value_schema(key));
    if (!key.fallback.is_null()) value["default"] = key.fallback;
    properties[key.name] = std::move(value);
    if (key.required) required.push_back(key.name);
    if (key.section == nullptr) continue;
    auto nested = section_schema(*key.section, definitions);
    definitions[definition_name(*key.section)] = std::move(nested);
  }
  Json out = {{"description", section.doc}};
  // A section with nothing below it is a null in YAML; fine where nothing is required.
  out["type"] = required.empty() ? Json::array({"object", "null"}) : Json("object");
  out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  out["additionalProperties"] = false;
  return out;
}

}  // namespace

std::string json_schema() {
  Json definitions = {{"secret", secret_definition()}};
  Json out = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "fluxgate configuration"}};
  out.update(section_schema(root_section().info(), definitions));
  out["definitions"] = std::move(definitions);
  return out.dump(2) + "\n";
}

}  // namespace fluxgate::config
