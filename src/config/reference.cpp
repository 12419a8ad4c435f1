#include <sstream>

#include "config/keys.hpp"
#include "fluxgate/config/schema.hpp"

namespace fluxgate::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written by `fluxgate schema --markdown > docs/configuration.md`; the text stands in src/config/keys*.cpp. -->

`fluxgate serve --config fluxgate.yaml` reads one YAML file; [config/fluxgate.yaml](../config/fluxgate.yaml) is a
commented sample of everything common, [config/router.yaml](../config/router.yaml) one of the router. A file with any
error is refused as a whole, and every error is shown with its line. Unknown and duplicate keys are errors. Editors
check and complete the file with [its schema](../config/fluxgate.schema.json), which `fluxgate schema` prints.

## How values are written

- **Duration**: a whole number and its unit: `250ms`, `2s`, `1m`, `1h`.
- **Size**: a whole number of bytes, or with a unit: `512B`, `100KB` (1000), `64KiB` (1024), `MB`, `MiB`, `GB`, `GiB`.
- **Secret**: `{ env: NAME }` takes an environment variable, `{ file: path }` a file's content; a line end after it is
  dropped. Plain text works too, with a warning where it is a credential.
- **File**: a relative path starts at the folder of the configuration file.
- **Name** of a provider, target, route, experiment, task or label: 1 to 64 of the characters `A-Z a-z 0-9 . _ -`.
- Anchors, aliases and `<<` merges work; tags such as `!env` do not.
- A file has at most 4 MiB and 64 levels.
)";

std::string in_code(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "`" : ", `") + word + "`";
  return out;
}

std::string type_text(const KeyInfo& key) {
  switch (key.shape) {
    case Shape::kBoolean: return "`true` or `false`";
    case Shape::kInteger:
    case Shape::kSigned: return "whole number";
    case Shape::kNumber: return "number";
    case Shape::kText: return "text";
    case Shape::kName: return "name";
    case Shape::kTexts: return "list of texts";
    case Shape::kNames: return "list of names";
    case Shape::kDuration: return "duration";
    case Shape::kSize: return "size";
    case Shape::kChoice: return in_code(key.choices);
    case Shape::kWords: return "list of " + in_code(key.choices);
    case Shape::kFlags: return "map of " + in_code(key.choices) + " to `true` or `false`";
    case Shape::kNumbers: return "list of numbers";
    case Shape::kAddress: return "`host:port`";
    case Shape::kUrl: return "URL";
    case Shape::kPath: return "file";
    case Shape::kSecret: return "secret";
    case Shape::kSecrets: return "list of secrets";
    case Shape::kHeaderValues: return "map of header name to text";
    case Shape::kTextLists: return "map of name to list of texts";
    case Shape::kNameLists: return "map of name to list of names";
    case Shape::kScores: return "map of name to map of name to number";
    case Shape::kDetectors: return "`all` or list of names";
    case Shape::kDelay: return "`p95` or duration";
    case Shape::kHeaders: return "map of header name to secret or text";
    case Shape::kWorkers: return "`auto` or whole number";
    case Shape::kModels: return "text, list of texts, or `default`";
    case Shape::kSection: return "map";
    case Shape::kSectionMap: return "map of name to map";
    case Shape::kSectionList: return "list of maps";
  }
  return "";
}

std::string range_text(const KeyInfo& key) {
  if (!key.range) return "";
  const auto form = [&](std::uint64_t value) {
    const bool time = key.shape == Shape::kDuration || key.shape == Shape::kDelay;
    if (time) return format_duration(milliseconds(static_cast<milliseconds::rep>(value)));
    return key.shape == Shape::kSize ? format_size(value) : std::to_string(value);
  };
  if (key.shape == Shape::kSigned) return "-" + form(key.range->most) + " to " + form(key.range->most);
  return (key.range->above ? "more than " : "") + form(key.range->least) + " to " + form(key.range->most);
}

std::string default_text(const KeyInfo& key) {
  if (key.required) return "**required**";
  if (key.fallback.is_null()) return "";
  return "`" + (key.fallback.is_string() ? key.fallback.get<std::string>() : key.fallback.dump()) + "`";
}

// GitHub's anchor of the heading "## `listen.tls`".
std::string anchor(const SectionInfo& section) {
  std::string out;
  for (const char c : section.name) {
    if (c != '.' && c != '[' && c != ']') out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return out;
}

void write_section(std::ostream& out, const SectionInfo& section, bool root) {
  if (root) {
    out << "\n## Top level\n";
  } else {
    out << "\n## `" << section.name << "`\n\n" << section.doc << '\n';
  }
  out << "\n| Key | Type | Default | Range | Meaning |\n|---|---|---|---|---|\n";
  for (const auto& key : section.keys) {
    out << "| `" << key.name << "` | " << type_text(key) << " | " << default_text(key) << " | " << range_text(key)
        << " | " << key.doc;
    if (key.section != nullptr) out << " [Keys](#" << anchor(*key.section) << ")";
    out << " |\n";
  }
  for (const auto& key : section.keys) {
    if (key.section != nullptr) write_section(out, *key.section, false);
  }
}

}  // namespace

std::string reference_markdown() {
  std::ostringstream out;
  out << kIntroduction;
  write_section(out, root_section().info(), true);
  return out.str();
}

}  // namespace fluxgate::config
