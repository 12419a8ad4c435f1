#include "importers/value.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fluxgate::importers {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 200000;  // aliases count wherever they are used

class Converter {
 public:
  Value convert(const YAML::Node& node, std::size_t depth) {
    if (depth > kMaxDepth) throw YAML::ParserException(node.Mark(), "nested too deeply");
    if (++values_ > kMaxValues) throw YAML::ParserException(node.Mark(), "too many values");
    Value value;
    value.line = node.Mark().line + 1;
    if (node.IsScalar()) {
      value.kind = Value::Kind::kScalar;
      value.text = node.Scalar();
    } else if (node.IsSequence()) {
      value.kind = Value::Kind::kList;
      for (const auto& item : node) value.items.push_back(convert(item, depth + 1));
    } else if (node.IsMap()) {
      value.kind = Value::Kind::kMap;
      read_map(node, value, depth);
    }
    return value;
  }

 private:
  void read_map(const YAML::Node& node, Value& value, std::size_t depth) {
    std::vector<Value> merged;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw YAML::ParserException(entry.first.Mark(), "a key must be text");
      Value item = convert(entry.second, depth + 1);
      item.line = entry.first.Mark().line + 1;
      const std::string& key = entry.first.Scalar();
      if (key == "<<") {
        merged.push_back(std::move(item));
      } else if (value.find(key) == nullptr) {
        value.map.push_back({key, std::move(item)});
      }
    }
    for (const Value& source : merged) {
      for (const Value& part : source.is_list() ? source.items : std::vector<Value>{source}) {
        for (const auto& [key, item] : part.map) {
          if (value.find(key) == nullptr) value.map.push_back({key, item});
        }
      }
    }
  }

  std::size_t values_ = 0;
};

Error refuse(int line, const std::string& why) {
  return {ErrorKind::kConfig, ErrorSource::kClient, Retry::kNo, "line " + std::to_string(line) + ": " + why};
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto found = std::find_if(map.begin(), map.end(), [&](const auto& entry) { return entry.first == key; });
  return found == map.end() ? nullptr : &found->second;
}

std::optional<double> Value::number() const {
  double out = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, out);
  if (kind != Kind::kScalar || code != std::errc() || stop != end || !std::isfinite(out)) return std::nullopt;
  return out;
}

std::string text_of(const Value* value) {
  return value != nullptr && value->kind == Value::Kind::kScalar ? value->text : std::string();
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<double> whole(const Value& value, double most) {
  const auto number = value.number();
  return number && *number >= 1 && *number <= most ? std::optional(std::floor(*number)) : std::nullopt;
}

std::optional<std::string> environment_name(std::string_view text) {
  constexpr std::string_view kPrefix = "os.environ/";
  if (!text.starts_with(kPrefix) || text.size() == kPrefix.size()) return std::nullopt;
  return std::string(text.substr(kPrefix.size()));
}

Result<Value> parse(std::string_view yaml) {
  constexpr std::size_t kMaxText = 4 << 20;
  if (yaml.size() > kMaxText) return refuse(1, "the file is larger than 4 MiB");
  try {
    return Converter().convert(YAML::Load(std::string(yaml)), 0);
  } catch (const YAML::Exception& e) {
    return refuse(e.mark.line + 1, e.msg);
  }
}

}  // namespace fluxgate::importers
