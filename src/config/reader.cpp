#include "config/reader.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "config/section.hpp"
#include "config/text_forms.hpp"
#include "fluxgate/base/text.hpp"
#include "fluxgate/config/address.hpp"

namespace fluxgate::config {
namespace {

constexpr std::size_t kMaxTextValue = 4096;   // bytes of one text value; names, URLs and keys are far shorter
constexpr std::size_t kMaxSecret = 64 * 1024;  // bytes of a secret file; larger is the wrong file

std::string_view describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull: return "nothing";
    case Node::Kind::kScalar: return "a plain value";
    case Node::Kind::kList: return "a list";
    case Node::Kind::kMap: return "a map";
  }
  return "";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

template <class Format>
std::string range_message(Range range, Format format_one) {
  if (range.above) return "must be greater than " + format_one(range.least) + ", at most " + format_one(range.most);
  return "must be from " + format_one(range.least) + " to " + format_one(range.most);
}

std::string decimal(std::uint64_t value) { return std::to_string(value); }

bool inside(std::uint64_t value, Range range) { return value >= range.least && value <= range.most; }

std::string strip_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

const std::vector<Node> kNoNodes;

}  // namespace

std::vector<Reader::Entry> Reader::entries(const Node& node) {
  if (node.kind == Node::Kind::kNull) return {};  // `admin:` with every line below it commented out
  if (node.kind != Node::Kind::kMap) {
    error(node, "must be a map of keys, not " + std::string(describe(node)));
    return {};
  }
  std::vector<Entry> out;
  std::map<std::string_view, const Node*> seen;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Node& key = node.keys[i];
    const Node& value = node.items[i];
    const auto key_path = child(path_, key.text);
    const auto [first, fresh] = seen.emplace(key.text, &key);
    if (!fresh) {
      const auto line = decimal(static_cast<std::uint64_t>(first->second->line));
      report_.error_at(locate(key), key_path, "duplicate key, first given in line " + line);
      continue;
    }
    // The place of a map or list is its key: what is wrong with it as a whole is best shown at its head.
    const Node& place = value.kind == Node::Kind::kScalar ? value : key;
    report_.note(key_path, place.line, place.column);
    out.push_back({&key, &value});
  }
  return out;
}

std::vector<const Node*> Reader::values_of(const Node& node, const SectionInfo& section) {
  std::vector<const Node*> values(section.keys.size(), nullptr);
  for (const auto& entry : entries(node)) {
    const auto is_it = [&](const KeyInfo& key) { return key.name == entry.key->text; };
    const auto found = std::find_if(section.keys.begin(), section.keys.end(), is_it);
    if (found != section.keys.end()) {
      values[static_cast<std::size_t>(found - section.keys.begin())] = entry.value;
      continue;
    }
    std::vector<std::string> known;
    for (const auto& key : section.keys) known.push_back(key.name);
    report_.error_at(locate(*entry.key), child(path_, entry.key->text),
                     "unknown key" + did_you_mean(entry.key->text, known));
  }
  if (node.kind != Node::Kind::kMap && node.kind != Node::Kind::kNull) return values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!section.keys[i].required || values[i] != nullptr) continue;
    report_.error(child(path_, section.keys[i].name), "required key is missing");
  }
  return values;
}

std::vector<Reader::Entry> Reader::named_entries(const Node& node) {
  auto all = entries_with_names(node);
  if (all.empty() && (node.kind == Node::Kind::kMap || node.kind == Node::Kind::kNull)) {
    report_.error(path_, "must have at least one entry");
  }
  return all;
}

std::vector<Reader::Entry> Reader::entries_with_names(const Node& node) {
  auto all = entries(node);
  for (const auto& entry : all) {
    if (is_name(entry.key->text)) continue;
    report_.error_at(locate(*entry.key), child(path_, entry.key->text), std::string(kNameRule));
  }
  return all;
}

const std::vector<Node>& Reader::items(const Node& node) {
  if (node.kind != Node::Kind::kList) {
    error(node, "must be a list, not " + std::string(describe(node)));
    return kNoNodes;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    report_.note(element(path_, i), node.items[i].line, node.items[i].column);
  }
  return node.items;
}

const std::vector<Node>& Reader::elements(const Node& node) {
  require_one(node);
  return items(node);
}

void Reader::require_one(const Node& node) {
  if (node.kind == Node::Kind::kList && node.items.empty()) error(node, "must have at least one entry");
}

std::optional<std::string_view> Reader::plain(const Node& node, std::string_view expected) {
  if (node.kind == Node::Kind::kScalar && !node.quoted) return node.text;
  const auto given = node.kind == Node::Kind::kScalar ? "text in quotes" : describe(node);
  error(node, "must be " + std::string(expected) + ", not " + std::string(given));
  return std::nullopt;
}

void Reader::boolean(const Node& node, bool& out) {
  const auto text = plain(node, "true or false");
  if (!text) return;
  if (*text == "true" || *text == "false") {
    out = *text == "true";
  } else {
    error(node, "must be true or false, not " + quote(*text));
  }
}

std::optional<std::uint64_t> Reader::integer(const Node& node, Range range) {
  const auto text = plain(node, "a whole number");
  if (!text) return std::nullopt;
  const auto value = parse_decimal(*text);
  if (value && inside(*value, range)) return value;
  const bool number = text->find_first_not_of("-0123456789") == std::string_view::npos;
  error(node, number ? range_message(range, decimal) : "must be a whole number, not " + quote(*text));
  return std::nullopt;
}

std::optional<int> Reader::signed_integer(const Node& node, int most) {
  const auto text = plain(node, "a whole number");
  if (!text) return std::nullopt;
  const bool negative = text->starts_with('-');
  const auto digits = text->substr(negative ? 1 : 0);
  const auto size = parse_decimal(digits);
  if (size && *size <= static_cast<std::uint64_t>(most)) {
    return negative ? -static_cast<int>(*size) : static_cast<int>(*size);
  }
  const bool number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  const auto bound = std::to_string(most);
  error(node, number ? "must be from -" + bound + " to " + bound : "must be a whole number, not " + quote(*text));
  return std::nullopt;
}

std::optional<double> Reader::number(const Node& node, Range range) {
  const auto text = plain(node, "a number");
  if (!text) return std::nullopt;
  const bool negative = text->starts_with('-');
  const auto value = parse_number(text->substr(negative ? 1 : 0));
  if (!value) {
    error(node, "must be a number, not " + quote(*text));
    return std::nullopt;
  }
  const auto least = static_cast<double>(range.least);
  const bool too_small = negative || (range.above ? *value <= least : *value < least);
  if (!too_small && *value <= static_cast<double>(range.most)) return value;
  error(node, range_message(range, decimal));
  return std::nullopt;
}

std::optional<milliseconds> Reader::duration(const Node& node, Range range) {
  if (node.kind != Node::Kind::kScalar) {
    error(node, "must be a duration such as 250ms, 2s, 1m or 1h, not " + std::string(describe(node)));
    return std::nullopt;
  }
  const auto value = parse_duration(node.text);
  if (!value) {
    const auto shown = node.text.substr(0, 20);
    error(node, parse_decimal(node.text) ? "a duration needs a unit: write " + shown + "ms, " + shown + "s, " + shown +
                                               "m or " + shown + "h"
                                         : "must be a duration such as 250ms, 2s, 1m or 1h, not " + quote(node.text));
    return std::nullopt;
  }
  if (inside(static_cast<std::uint64_t>(value->count()), range)) return value;
  const auto form = [](std::uint64_t ms) { return format_duration(milliseconds(static_cast<milliseconds::rep>(ms))); };
  error(node, range_message(range, form));
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::size(const Node& node, Range range) {
  if (node.kind != Node::Kind::kScalar) {
    error(node, "must be a size such as 512B, 64KiB or 10MiB, not " + std::string(describe(node)));
    return std::nullopt;
  }
  const auto value = parse_size(node.text);
  if (value && inside(*value, range)) return value;
  error(node, value ? range_message(range, format_size)
                    : "must be a size such as 512B, 64KiB or 10MiB, not " + quote(node.text));
  return std::nullopt;
}

std::optional<std::string> Reader::text(const Node& node) {
  if (node.kind != Node::Kind::kScalar) {
    error(node, "must be text, not " + std::string(describe(node)));
  } else if (node.text.empty()) {
    error(node, "must not be empty");
  } else if (node.text.size() > kMaxTextValue) {
    error(node, "must not be longer than " + decimal(kMaxTextValue) + " bytes");
  } else if (has_control(node.text)) {
    error(node, "must not hold line breaks or control characters");
  } else {
    return node.text;
  }
  return std::nullopt;
}

std::optional<std::string> Reader::name(const Node& node) {
  auto value = text(node);
  if (!value || is_name(*value)) return value;
  error(node, std::string(kNameRule));
  return std::nullopt;
}

std::optional<std::size_t> Reader::choice(const Node& node, const std::vector<std::string>& words) {
  if (node.kind == Node::Kind::kScalar) {
    const auto found = std::find(words.begin(), words.end(), node.text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    error(node, "must be " + join(words) + ", not " + quote(node.text) + did_you_mean(node.text, words));
  } else {
    error(node, "must be " + join(words) + ", not " + std::string(describe(node)));
  }
  return std::nullopt;
}

std::optional<Address> Reader::address(const Node& node) {
  const auto value = text(node);
  if (!value) return std::nullopt;
  auto parsed = parse_address(*value);
  if (parsed) return std::move(*parsed);
  error(node, parsed.error().message);
  return std::nullopt;
}

Secret Reader::secret(const Node& node, Literal literal) {
  std::optional<std::string> value;
  if (node.kind == Node::Kind::kScalar) {
    value = text(node);
    if (value && literal == Literal::kWarn) {
      report_.warning(path_, "a secret in the file itself; better {env: NAME} or {file: path}");
    }
  } else {
    const auto parts = node.kind == Node::Kind::kMap ? entries(node) : std::vector<Entry>{};
    const bool known = parts.size() == 1 && (parts[0].key->text == "env" || parts[0].key->text == "file");
    if (!known) {
      error(node, "must be {env: NAME}, {file: path} or the text itself");
      return Secret{};
    }
    const At at(*this, child(path_, parts[0].key->text));
    const auto name = text(*parts[0].value);
    if (name) value = secret_from(*parts[0].value, parts[0].key->text, *name);
  }
  return value ? Secret(std::move(*value)) : Secret{};
}

std::optional<std::string> Reader::secret_from(const Node& node, std::string_view source, const std::string& name) {
  std::optional<std::string> value;
  if (source == "file") {
    if (!options_.check_files) return std::nullopt;
    value = read_secret_file(node, resolve(name));
    if (!value) return std::nullopt;
  } else {
    value = options_.env ? options_.env(name) : std::nullopt;
    if (!value) {
      error(node, "the environment variable " + quote(name) + " is not set");
      return std::nullopt;
    }
  }
  value = strip_line_end(std::move(*value));
  const std::string where = (source == "file" ? "the file " : "the environment variable ") + quote(name);
  if (value->empty()) {
    error(node, where + " is empty");
  } else if (has_control(*value)) {
    error(node, where + " holds line breaks or control characters");
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::string> Reader::read_secret_file(const Node& node, const std::string& file) {
  std::error_code code;
  if (std::filesystem::is_directory(file, code)) {
    error(node, quote(file) + " is a folder");
    return std::nullopt;
  }
  std::ifstream in(file, std::ios::binary);
  std::string bytes(kMaxSecret + 1, '\0');
  if (in) in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in.is_open() || in.bad()) {
    error(node, "cannot read the file " + quote(file));
    return std::nullopt;
  }
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  if (bytes.size() <= kMaxSecret) return bytes;
  error(node, "the file " + quote(file) + " is larger than 64 KiB");
  return std::nullopt;
}

std::string Reader::resolve(const std::string& file) const {
  const std::filesystem::path path(file);
  return path.is_absolute() ? file : (folder_ / path).lexically_normal().string();
}

}  // namespace fluxgate::config
