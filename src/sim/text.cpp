#include "sim/text.hpp"

#include <algorithm>
#include <array>

namespace fluxgate::sim {
namespace {

constexpr std::array<std::string_view, 18> kOpening = {
    "This", " is", " the", " simulated", " provider", " (sim)", " of", " fluxgate.", " No",
    " model", " was", " asked;", " the", " following", " words", " only", " fill", " it."};
constexpr std::array<std::string_view, 12> kFiller = {" One", " two",   " three", " four", " five",   " six",
                                                      " seven", " eight", " nine",  " ten",  " eleven", " twelve."};

constexpr std::size_t kPieceBytes = 6;
constexpr int kSchemaDepth = 16;  // a schema may refer to itself

// Follows "#/$defs/name" within the whole schema.
const Json& resolve(const Json& schema, const Json& whole) {
  static const Json kAnything = Json::object();
  const auto ref = schema.find("$ref");
  if (ref == schema.end() || !ref->is_string()) return schema;
  const auto& path = ref->get_ref<const std::string&>();
  if (!path.starts_with("#")) return kAnything;
  const Json* node = &whole;
  std::size_t at = 1;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const auto child = node->is_object() ? node->find(path.substr(at + 1, end - at - 1)) : node->end();
    if (child == node->end()) return kAnything;
    node = &*child;
    at = end;
  }
  return *node;
}

std::string type_of(const Json& schema) {
  const auto type = schema.find("type");
  if (type != schema.end() && type->is_string()) return type->get<std::string>();
  if (type != schema.end() && type->is_array() && !type->empty() && type->front().is_string()) {
    return type->front().get<std::string>();
  }
  return schema.contains("properties") ? "object" : "string";
}

Json instance(const Json& schema_or_ref, const Json& whole, int depth);

Json object_instance(const Json& schema, const Json& whole, int depth) {
  Json out = Json::object();
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return out;
  for (const auto& [name, child] : properties->items()) out[name] = instance(child, whole, depth + 1);
  return out;
}

Json array_instance(const Json& schema, const Json& whole, int depth) {
  Json out = Json::array();
  const auto least = schema.find("minItems");
  const auto items = schema.find("items");
  if (least == schema.end() || !least->is_number_unsigned() || items == schema.end()) return out;
  const auto count = std::min<std::size_t>(least->get<std::size_t>(), 8);
  for (std::size_t i = 0; i < count; ++i) out.push_back(instance(*items, whole, depth + 1));
  return out;
}

Json instance(const Json& schema_or_ref, const Json& whole, int depth) {
  if (depth > kSchemaDepth || !schema_or_ref.is_object()) return nullptr;
  const Json& schema = resolve(schema_or_ref, whole);
  if (!schema.is_object()) return nullptr;
  if (schema.contains("const")) return schema["const"];
  for (const char* choice : {"enum", "anyOf", "oneOf"}) {
    const auto found = schema.find(choice);
    if (found == schema.end() || !found->is_array() || found->empty()) continue;
    return std::string_view(choice) == "enum" ? found->front() : instance(found->front(), whole, depth + 1);
  }
  const std::string type = type_of(schema);
  if (type == "object") return object_instance(schema, whole, depth);
  if (type == "array") return array_instance(schema, whole, depth);
  if (type == "integer" || type == "number") return schema.value("minimum", Json(1));
  if (type == "boolean") return true;
  if (type == "null") return nullptr;
  return "simulated";
}

std::size_t text_bytes(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.starts_with("data:") ? 0 : text.size();
  }
  std::size_t bytes = 0;
  if (value.is_structured()) {
    for (const Json& child : value) bytes += text_bytes(child);
  }
  return bytes;
}

}  // namespace

std::string Generation::text() const {
  std::string out;
  for (const auto& piece : pieces) out += piece;
  return out;
}

Generation filler(std::size_t length, std::size_t limit) {
  Generation out;
  out.cut_short = limit < length;
  const std::size_t count = std::min(length, limit);
  out.pieces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.pieces.emplace_back(i < kOpening.size() ? kOpening[i] : kFiller[(i - kOpening.size()) % kFiller.size()]);
  }
  return out;
}

Generation in_pieces(std::string_view text, std::size_t limit) {
  Generation out;
  while (!text.empty() && out.pieces.size() < limit) {
    std::size_t bytes = std::min(kPieceBytes, text.size());
    // Whole characters only.
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) ++bytes;
    out.pieces.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  out.cut_short = !text.empty();
  return out;
}

std::string json_text(const Json& schema) {
  if (schema.is_object()) return dump(instance(schema, schema, 0));
  return R"({"provider":"sim","simulated":true})";
}

std::size_t estimate_tokens(const Json& value) { return (text_bytes(value) + 3) / 4; }

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

}  // namespace fluxgate::sim
