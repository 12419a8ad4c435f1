#include "http/target.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "fluxgate/base/text.hpp"
#include "http/chars.hpp"

namespace fluxgate::http {

namespace {

// What a character of a target calls for; most call for nothing.
enum Trait : std::uint8_t {
  kRefused = 1,   // not visible ASCII, or '#'
  kQuestion = 2,  // may begin the query
  kEscape = 4,    // '%' and '\\', which matter in a path
};

consteval std::array<std::uint8_t, 256> make_traits() {
  std::array<std::uint8_t, 256> traits{};
  for (unsigned c = 0; c < traits.size(); ++c) traits[c] = is_vchar(static_cast<char>(c)) ? 0 : kRefused;
  traits['#'] = kRefused;
  traits['?'] = kQuestion;
  traits['%'] = traits['\\'] = kEscape;
  return traits;
}
constexpr auto kTraits = make_traits();

// Decoding these would change how the path splits into segments, or where it ends, or what a second decoding yields.
constexpr bool must_not_be_encoded(char c) {
  const auto u = static_cast<std::uint8_t>(c);
  return u < 0x20 || u == 0x7f || c == '/' || c == '\\' || c == '.' || c == '%' || c == '?' || c == '#';
}

const char* check_segments(std::string_view path) {
  // Each segment is looked at once, from the '/' before it; path[0] is the first one.
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (path[i] != '/') continue;
    if (path[i + 1] == '/') return "the path must not contain empty segments";
    if (path[i + 1] != '.') continue;
    const auto segment = path.substr(i + 1, path.find('/', i + 1) - (i + 1));
    if (segment == "." || segment == "..") return "the path must not contain '.' or '..' segments";
  }
  return nullptr;
}

const char* decode_path(std::string_view raw, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      decoded += raw[i];
      continue;
    }
    const int high = i + 1 < raw.size() ? hex_value(raw[i + 1]) : -1;
    const int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
    if (high < 0 || low < 0) return "the path has an invalid percent-encoding";
    const auto c = static_cast<char>(high * 16 + low);
    if (must_not_be_encoded(c)) return "the path has a percent-encoded delimiter, dot or control character";
    decoded += c;
    i += 2;
  }
  return nullptr;
}

// The length of "http://" or "https://" at the start, or 0.
std::size_t scheme_length(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (starts_with_icase(target, scheme)) return scheme.size();
  }
  return 0;
}

bool valid_port(std::string_view port) {  // RFC 3986: may be empty
  if (port.empty()) return true;
  const auto number = parse_decimal(port);
  return port.size() <= 5 && number && *number <= 65535;
}

bool valid_ipv6(std::string_view text) {  // the characters only: the address is never connected to
  return text.size() >= 2 && std::count(text.begin(), text.end(), ':') >= 2 &&
         std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

}  // namespace

Target read_target(std::string_view target, bool is_options, std::string& decoded) {
  Target result;
  unsigned traits = 0;
  for (const char c : target) traits |= kTraits[static_cast<std::uint8_t>(c)];
  // The tokenizer has checked that there are no blanks and controls; it lets '#' and bytes >= 0x80 through.
  if ((traits & kRefused) != 0) {
    result.fault = "the request target must be visible ASCII without '#'";
    return result;
  }
  if (target == "*") {
    result.path = target;
    if (!is_options) result.fault = "the target '*' is for OPTIONS only";  // RFC 9112 section 3.2.4
    return result;
  }
  auto rest = target;
  if (!target.starts_with('/')) {
    const auto scheme = scheme_length(target);
    if (scheme == 0) {
      result.fault = "the request target must be a path or an http URL";
      return result;
    }
    rest.remove_prefix(scheme);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    result.authority = rest.substr(0, end);
    rest.remove_prefix(end);
    if (!valid_host(result.authority)) {
      result.fault = "the request target has an invalid authority";
      return result;
    }
  }
  auto raw = rest;
  if ((traits & kQuestion) != 0) {
    const auto question = std::min(rest.find('?'), rest.size());
    raw = rest.substr(0, question);
    if (question < rest.size()) result.query = rest.substr(question + 1);
  }
  result.path = raw.empty() ? std::string_view("/") : raw;  // "http://host" means its root (RFC 9110 section 4.2.3)
  result.fault = check_segments(result.path);
  if (result.fault != nullptr || (traits & kEscape) == 0) return result;
  if (raw.find('\\') != raw.npos) {
    result.fault = "the path must not contain '\\'";
  } else if (raw.find('%') != raw.npos) {
    result.fault = decode_path(raw, decoded);
    result.path = decoded;
  }
  return result;
}

bool valid_host(std::string_view host) {
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    if (close == host.npos || !valid_ipv6(host.substr(1, close - 1))) return false;
    const auto rest = host.substr(close + 1);
    return rest.empty() || (rest[0] == ':' && valid_port(rest.substr(1)));
  }
  const auto colon = std::min(host.find(':'), host.size());
  const auto name = host.substr(0, colon);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_unreserved)) return false;
  return colon == host.size() || valid_port(host.substr(colon + 1));
}

}  // namespace fluxgate::http
