// Reader's lists and maps of plain values.
#include <algorithm>
#include <set>

#include "config/reader.hpp"
#include "config/text_forms.hpp"
#include "fluxgate/base/text.hpp"

namespace fluxgate::config {
namespace {

// Headers fluxgate sets itself, or that belong to one connection only.
const std::set<std::string, std::less<>> kOwnHeaders = {
    "accept-encoding", "connection", "content-length", "content-type",      "expect", "host",
    "keep-alive",      "te",         "trailer",        "transfer-encoding", "upgrade", "proxy-connection"};

// Headers whose values are credentials: a route that matched on one would have it in the file and in explanations.
const std::set<std::string, std::less<>> kCredentialHeaders = {"authorization", "proxy-authorization", "cookie",
                                                               "x-api-key", "api-key"};

bool names_a_credential(std::string_view header) {
  const auto name = to_lower(header);
  for (const auto* part : {"authorization", "api-key", "apikey", "token", "secret", "cookie"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> Reader::texts(const Node& node) {
  std::vector<std::string> out;
  std::set<std::string, std::less<>> seen;
  const auto& all = items(node);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const At at(*this, element(path_, i));
    auto value = text(all[i]);
    if (value && !seen.insert(*value).second) error(all[i], quote(*value) + " is listed twice");
    out.push_back(std::move(value).value_or(""));  // keeps its index; an empty one has its error already
  }
  return out;
}

std::vector<std::string> Reader::names(const Node& node) {
  auto out = texts(node);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].empty() || is_name(out[i])) continue;
    const At at(*this, element(path_, i));
    error(node.items[i], std::string(kNameRule));
  }
  return out;
}

std::vector<std::string> Reader::words(const Node& node, const std::vector<std::string>& known) {
  auto out = texts(node);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const At at(*this, element(path_, i));
    if (!out[i].empty()) choice(node.items[i], known);  // says what is wrong
  }
  return out;
}

std::vector<double> Reader::numbers(const Node& node, Range range) {
  std::vector<double> out;
  const auto& all = items(node);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const At at(*this, element(path_, i));
    if (const auto value = number(all[i], range)) out.push_back(*value);
  }
  return out;
}

std::vector<Secret> Reader::secrets(const Node& node) {
  std::vector<Secret> out;
  const auto& all = elements(node);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const At at(*this, element(path_, i));
    auto value = secret(all[i], Literal::kWarn);
    const bool twice = !value.empty() && std::find(out.begin(), out.end(), value) != out.end();
    if (twice) error(all[i], "the same secret is listed twice");  // and never shown
    out.push_back(std::move(value));
  }
  return out;
}

std::map<std::string, Secret> Reader::headers(const Node& node) {
  std::map<std::string, Secret> out;
  std::set<std::string> seen;
  for (const auto& entry : entries(node)) {
    const std::string& name = entry.key->text;
    const At at(*this, child(path_, name));
    if (!is_header_name(name)) {
      error(*entry.key, "not a valid header name");
    } else if (kOwnHeaders.contains(to_lower(name))) {
      error(*entry.key, "this header is set by fluxgate itself");
    } else if (!seen.insert(to_lower(name)).second) {
      error(*entry.key, "the same header twice (header names ignore case)");
    } else {
      out[name] = secret(*entry.value, names_a_credential(name) ? Literal::kWarn : Literal::kAllow);
    }
  }
  return out;
}

std::map<std::string, std::string> Reader::header_values(const Node& node) {
  std::map<std::string, std::string> out;
  const auto all = entries(node);
  if (all.empty() && node.kind != Node::Kind::kList) error(node, "must name at least one header");
  for (const auto& entry : all) {
    const auto name = to_lower(entry.key->text);
    const At at(*this, child(path_, entry.key->text));
    if (!is_header_name(name)) {
      error(*entry.key, "not a valid header name");
    } else if (kCredentialHeaders.contains(name)) {
      error(*entry.key, "this header holds a credential, which must not stand in routes");
    } else if (out.contains(name)) {
      error(*entry.key, "the same header twice (header names ignore case)");
    } else {
      out[name] = text(*entry.value).value_or("");
    }
  }
  return out;
}

std::map<std::string, bool> Reader::flags(const Node& node, const std::vector<std::string>& known) {
  std::map<std::string, bool> out;
  for (const auto& entry : entries(node)) {
    const std::string& name = entry.key->text;
    const At at(*this, child(path_, name));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      error(*entry.key, "unknown key" + did_you_mean(name, known));
    } else {
      boolean(*entry.value, out[name]);
    }
  }
  return out;
}

std::map<std::string, std::vector<std::string>> Reader::lists(const Node& node, bool of_names) {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& entry : entries_with_names(node)) {
    const At at(*this, child(path_, entry.key->text));
    out[entry.key->text] = of_names ? names(*entry.value) : texts(*entry.value);
    require_one(*entry.value);
  }
  return out;
}

std::map<std::string, std::map<std::string, double>> Reader::scores(const Node& node, Range range) {
  std::map<std::string, std::map<std::string, double>> out;
  for (const auto& row : entries_with_names(node)) {
    const At at_row(*this, child(path_, row.key->text));
    auto& scores_of_row = out[row.key->text];
    for (const auto& cell : entries(*row.value)) {
      const At at_cell(*this, child(path_, cell.key->text));
      if (const auto value = number(*cell.value, range)) scores_of_row[cell.key->text] = *value;
    }
  }
  return out;
}

}  // namespace fluxgate::config
