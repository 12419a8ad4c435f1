#include "importers/document.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace fluxgate::importers {
namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) out += (out.size() > 1 ? ", " : "") + scalar(text);
  return out + "]";
}

std::string group(const Fields& fields) {
  std::string out = "{ ";
  for (const auto& [key, value] : fields) out += (out.size() > 2 ? ", " : "") + key + ": " + value;
  return out + " }";
}

void line(std::string& out, std::string_view indent, std::string_view key, std::string_view value) {
  out.append(indent).append(key).append(": ").append(value).append("\n");
}

void write_provider(std::string& out, const OutProvider& provider) {
  out += "  " + scalar(provider.name) + ":" + (provider.comment.empty() ? "" : "  # " + provider.comment) + "\n";
  line(out, "    ", "kind", provider.kind);
  if (!provider.base_url.empty()) line(out, "    ", "base_url", scalar(provider.base_url));
  if (!provider.key_variable.empty()) line(out, "    ", "api_key", "{ env: " + scalar(provider.key_variable) + " }");
  if (!provider.organization.empty()) line(out, "    ", "organization", scalar(provider.organization));
  if (!provider.region.empty()) line(out, "    ", "region", scalar(provider.region));
  if (!provider.headers.empty()) out += "    headers:\n";
  for (const auto& [header, variable] : provider.headers) {
    line(out, "      ", scalar(header), "{ env: " + scalar(variable) + " }");
  }
  if (provider.allow_private) line(out, "    ", "allow_private", "true");
}

void write_target(std::string& out, const OutTarget& target) {
  out += "  " + scalar(target.name) + ":\n";
  line(out, "    ", "provider", scalar(target.provider));
  line(out, "    ", "model", scalar(target.model));
  if (target.weight != 1) line(out, "    ", "weight", number(target.weight));
  for (const auto& [key, value] : target.fields) line(out, "    ", key, value);
  if (!target.labels.empty()) line(out, "    ", "labels", list(target.labels));
}

void write_route(std::string& out, const OutRoute& route) {
  out += "  - name: " + scalar(route.name) + "\n";
  if (!route.tag.empty()) line(out, "    ", "precedence", "10");
  std::string match = "{ model: ";
  match += route.models.empty() ? "default" : route.models.size() == 1 ? scalar(route.models[0]) : list(route.models);
  if (!route.tag.empty()) match += ", headers: { x-litellm-tags: " + scalar(route.tag) + " }";
  line(out, "    ", "match", match + " }");
  if (!route.order_by.empty()) {
    line(out, "    ", "policy",
         "{ order_by: " + route.order_by + (route.near.empty() ? "" : ", near: " + route.near) + " }");
  }
  if (!route.balance.empty()) line(out, "    ", "balance", route.balance);
  line(out, "    ", "targets", list(route.targets));
  if (!route.fallback.empty()) line(out, "    ", "fallback", list(route.fallback));
  if (route.retries > 0) line(out, "    ", "retries", std::to_string(route.retries));
  if (!route.attempts.empty()) line(out, "    ", "attempts", group(route.attempts));
  if (route.content_filter_fallback) line(out, "    ", "content_filter_fallback", "true");
  if (!route.shadow.empty()) line(out, "    ", "shadow", "{ targets: " + list(route.shadow) + ", share: 1 }");
}

}  // namespace

std::string scalar(std::string_view text) {
  constexpr std::array<std::string_view, 10> kWords{"true", "false", "null", "yes", "no",
                                                    "on",   "off",   "y",    "n",   "default"};
  std::string lower;
  for (const char c : text) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  const bool word = std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
  const bool letter = !text.empty() && is_alnum(text[0]) && !(text[0] >= '0' && text[0] <= '9');
  const bool plain = letter && !word && std::all_of(text.begin(), text.end(), [](char c) {
                       return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '/';
                     });
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      out += escape.data();
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string number(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.10g", value);
  std::string out(text.data());
  if (out.find('e') == std::string::npos) return out;
  std::snprintf(text.data(), text.size(), "%.12f", value);  // no exponents in our file
  out = text.data();
  while (out.back() == '0') out.pop_back();
  return out.back() == '.' ? out + "0" : out;
}

std::string duration(double seconds, double most) {
  const double milliseconds = std::clamp(std::round(seconds * 1000), 1.0, most * 1000);
  return std::fmod(milliseconds, 1000) == 0 ? number(milliseconds / 1000) + "s" : number(milliseconds) + "ms";
}

std::string name_of(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  std::string out;
  for (const char c : text.substr(0, kLongest)) {
    const bool fits = is_alnum(c) || c == '.' || c == '_';
    if (fits)
      out.push_back(c);
    else if (!out.empty() && out.back() != '-')
      out.push_back('-');
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "any" : out;
}

std::string write(const Document& document) {
  std::string out;
  for (const auto& text : document.head) out += text.empty() ? "#\n" : "# " + text + "\n";
  out +=
      "\nlisten:\n"
      "  address: 127.0.0.1:4000  # LiteLLM's port. fluxgate asks clients for no key: let others in only through\n"
      "                           # something that does\n";
  if (document.json_log) out += "\nlog:\n  format: json\n";
  if (!document.breaker.empty()) {
    out += "\nbreaker:\n";
    for (const auto& [key, value] : document.breaker) line(out, "  ", key, value);
  }
  out += "\nproviders:\n";
  for (const auto& provider : document.providers) write_provider(out, provider);
  out += "\ntargets:\n";
  for (const auto& target : document.targets) write_target(out, target);
  out += "\nroutes:\n";
  for (const auto& route : document.routes) write_route(out, route);
  return out;
}

}  // namespace fluxgate::importers
