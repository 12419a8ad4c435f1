#include "fluxgate/config/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "fluxgate/base/text.hpp"

namespace fluxgate::config {
namespace {

Error invalid(std::string message) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, std::move(message)};
}

using V4 = std::array<std::uint8_t, 4>;
using V6 = std::array<std::uint8_t, 16>;

std::optional<V4> parse_v4(std::string_view host) {
  V4 bytes{};
  if (inet_pton(AF_INET, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

std::optional<V6> parse_v6(std::string_view host) {
  V6 bytes{};
  if (inet_pton(AF_INET6, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

bool is_private(const V4& a) {
  return a[0] == 0 || a[0] == 10 || a[0] == 127 || (a[0] == 169 && a[1] == 254) ||
         (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) || (a[0] == 100 && (a[1] & 0xc0) == 64);
}

// ::ffff:a.b.c.d stands for the IPv4 address inside it.
std::optional<V4> mapped_v4(const V6& a) {
  const bool mapped = std::all_of(a.begin(), a.begin() + 10, [](auto byte) { return byte == 0; }) && a[10] == 0xff &&
                      a[11] == 0xff;
  if (!mapped) return std::nullopt;
  return V4{a[12], a[13], a[14], a[15]};
}

bool is_v6_loopback(const V6& a) {
  return a[15] == 1 && std::all_of(a.begin(), a.end() - 1, [](auto byte) { return byte == 0; });
}

bool is_private(const V6& a) {
  if (const auto v4 = mapped_v4(a)) return is_private(*v4);
  const bool unspecified = std::all_of(a.begin(), a.end(), [](auto byte) { return byte == 0; });
  return unspecified || is_v6_loopback(a) || (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_host_char);
}

// A DNS name or a dotted IPv4 address. A name whose last label is a number would be read as an address by the resolver
// in surprising ways (127.1, 0x7f000001), so only the plain four-part form passes.
bool is_name_or_v4(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  std::string_view last;
  for (auto rest = host;;) {
    const auto dot = rest.find('.');
    last = rest.substr(0, dot);
    if (!is_label(last)) return false;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  const bool numeric = last.starts_with("0x") || last.starts_with("0X") ||
                       std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  return !numeric || parse_v4(host).has_value();
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto value = parse_decimal(text);
  if (!value || *value > 65535 || text.size() > 5) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port;  // unset: no colon
};

Result<HostPort> split_host_port(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return invalid("the bracket of the IPv6 address is not closed");
    out.host = text.substr(1, close - 1);
    if (!parse_v6(out.host)) return invalid("the text in brackets is not an IPv6 address");
    rest = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos) return invalid("an IPv6 address needs brackets: [::1]:8080");
    if (out.host.empty()) return invalid("the host is missing (0.0.0.0 stands for every IPv4 address)");
    if (!is_name_or_v4(out.host)) return invalid("the host is neither a name nor an IP address");
  }
  if (rest.empty()) return out;
  out.port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (!out.port) return invalid("the port must be a number from 0 to 65535");
  return out;
}

bool is_path_char(char c) {
  return is_host_char(c) || std::string_view("/.~!$&'()*+,;=:@%").find(c) != std::string_view::npos;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  auto split = split_host_port(text);
  if (!split) return split.error();
  if (!split->port) return invalid("the port is missing: write host:port");
  return Address{std::move(split->host), *split->port};
}

Result<BaseUrl> parse_base_url(std::string_view text) {
  BaseUrl url;
  if (starts_with_icase(text, "https://")) {
    text.remove_prefix(8);
  } else if (starts_with_icase(text, "http://")) {
    text.remove_prefix(7);
    url.tls = false;
    url.port = 80;
  } else {
    return invalid("must begin with http:// or https://");
  }
  if (text.find('?') != std::string_view::npos) return invalid("must not have a query ('?')");
  if (text.find('#') != std::string_view::npos) return invalid("must not have a fragment ('#')");
  const auto slash = text.find('/');
  const auto authority = text.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) {
    return invalid("must not hold a user name or password; use api_key or headers");
  }
  auto split = split_host_port(authority);
  if (!split) return split.error();
  if (split->port == 0) return invalid("port 0 cannot be dialled");
  url.host = to_lower(split->host);
  if (split->port) url.port = *split->port;
  auto path = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
  if (!std::all_of(path.begin(), path.end(), is_path_char)) return invalid("a character in the path no URL may hold");
  while (path.ends_with('/')) path.remove_suffix(1);
  url.path = path;
  return url;
}

bool is_loopback_host(std::string_view host) {
  if (const auto v4 = parse_v4(host)) return (*v4)[0] == 127;
  if (const auto v6 = parse_v6(host)) {
    const auto inner = mapped_v4(*v6);
    return is_v6_loopback(*v6) || (inner && (*inner)[0] == 127);
  }
  const auto name = to_lower(host);
  return name == "localhost" || name.ends_with(".localhost");
}

bool is_private_address(std::string_view host) {
  if (const auto v4 = parse_v4(host)) return is_private(*v4);
  if (const auto v6 = parse_v6(host)) return is_private(*v6);
  return is_loopback_host(host);
}

bool is_private_host(std::string_view host) {
  if (is_private_address(host)) return true;
  if (parse_v4(host) || parse_v6(host)) return false;
  const auto name = to_lower(host);
  if (name.find('.') == std::string::npos) return true;
  return name.ends_with(".local") || name.ends_with(".internal") || name.ends_with(".svc");
}

}  // namespace fluxgate::config
