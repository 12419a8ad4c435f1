#include "fluxgate/catalogue/providers.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "embedded.hpp"
#include "fluxgate/base/text.hpp"

namespace fluxgate::catalogue {
namespace {

// A line of the table: what it is, what it is about, and for hosts and names the provider meant.
struct Entry {
  std::string_view what;      // host, name, home or free
  std::string_view subject;
  std::string_view provider;
};

std::string_view next_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// A hundred short entries that point into the program's own text.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = [] {
    std::vector<Entry> out;
    std::string_view text = embedded_providers();
    while (!text.empty()) {
      std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      line = line.substr(0, line.find('#'));
      Entry entry;
      entry.what = next_word(line);
      entry.subject = next_word(line);
      entry.provider = next_word(line);
      if (!entry.subject.empty()) out.push_back(entry);
    }
    return out;
  }();
  return entries;
}

struct HostPort {
  std::string host;  // lower case, without the brackets of an IPv6 address
  std::string_view port;
};

HostPort host_of(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) {
    const std::size_t close = std::min(url.find(']'), url.size());
    return {to_lower(url.substr(1, close - 1)), url.substr(std::min(url.find(':', close), url.size()))};
  }
  const std::size_t colon = std::min(url.find(':'), url.size());
  return {to_lower(url.substr(0, colon)), url.substr(colon)};
}

bool host_matches(const HostPort& asked, std::string_view subject) {
  const std::size_t colon = std::min(subject.find(':'), subject.size());
  if (colon < subject.size() && subject.substr(colon) != asked.port) return false;
  const bool inside_a_label = subject.starts_with('*');
  const std::string_view suffix = subject.substr(inside_a_label ? 1 : 0, colon);
  if (!asked.host.ends_with(suffix)) return false;
  const std::size_t before = asked.host.size() - suffix.size();
  return inside_a_label || before == 0 || asked.host[before - 1] == '.';
}

// Loopback, private and link-local addresses, and names that only a local resolver knows.
bool is_local(std::string_view host) {
  if (host.empty()) return false;
  if (host.find(':') != std::string_view::npos) {
    return host == "::1" || host.starts_with("fc") || host.starts_with("fd") || host.starts_with("fe8");
  }
  constexpr std::array<std::string_view, 5> kPrefixes{"127.", "10.", "192.168.", "169.254.", "0.0.0.0"};
  constexpr std::array<std::string_view, 5> kSuffixes{".local", ".localhost", ".internal", ".lan", ".home.arpa"};
  const auto begins = [&](std::string_view prefix) { return host.starts_with(prefix); };
  const auto ends = [&](std::string_view suffix) { return host.ends_with(suffix); };
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (numeric && host.starts_with("172.")) {
    const auto second = parse_decimal(host.substr(4, host.find('.', 4) - 4));
    return second && *second >= 16 && *second <= 31;
  }
  if (numeric) return std::any_of(kPrefixes.begin(), kPrefixes.end(), begins);
  return host.find('.') == std::string_view::npos || std::any_of(kSuffixes.begin(), kSuffixes.end(), ends);
}

}  // namespace

std::string provider_for(std::string_view base_url, std::string_view name) {
  const HostPort asked = host_of(base_url);
  for (const Entry& entry : table()) {
    if (entry.what == "host" && host_matches(asked, entry.subject)) return std::string(entry.provider);
  }
  if (is_known_provider(name)) return std::string(canonical_provider(name));
  return is_local(asked.host) ? std::string(kLocal) : std::string();
}

std::string_view canonical_provider(std::string_view name) {
  for (const Entry& entry : table()) {
    if (entry.what == "name" && iequals(entry.subject, name)) return entry.provider;
  }
  return name;
}

bool is_known_provider(std::string_view name) {
  const auto& entries = table();
  return !name.empty() && std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return (entry.what == "name" && iequals(entry.subject, name)) || entry.provider == name ||
           ((entry.what == "home" || entry.what == "free") && entry.subject == name);
  });
}

bool is_free_provider(std::string_view provider) {
  const auto& entries = table();
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.what == "free" && entry.subject == provider; });
}

const std::vector<std::string_view>& home_providers() {
  static const std::vector<std::string_view> homes = [] {
    std::vector<std::string_view> out;
    for (const Entry& entry : table()) {
      if (entry.what == "home") out.push_back(entry.subject);
    }
    return out;
  }();
  return homes;
}

}  // namespace fluxgate::catalogue
