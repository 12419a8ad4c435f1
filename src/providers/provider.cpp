#include "fluxgate/providers/provider.hpp"

#include <stdexcept>

#include "fluxgate/config/address.hpp"
#include "fluxgate/http/head_writer.hpp"

namespace fluxgate::providers {
namespace {

Error config_error(const config::Provider& config, std::string message) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, "provider " + config.name + ": " + std::move(message)};
}

// Host as it stands in a Host field: brackets around IPv6, the port only if it is not the scheme's own.
std::string authority(const config::BaseUrl& url) {
  std::string text = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != (url.tls ? 443 : 80)) text += ":" + std::to_string(url.port);
  return text;
}

Secret build_head_fields(const config::Provider& config, const std::string& host) {
  std::string text;
  http::HeadWriter head(text);
  head.field("host", host);
  if (!config.api_key.empty()) head.field("authorization", "Bearer " + std::string(config.api_key.reveal()));
  if (!config.organization.empty()) head.field("openai-organization", config.organization);
  if (!config.project.empty()) head.field("openai-project", config.project);
  for (const auto& [name, value] : config.headers) head.field(name, value.reveal());
  head.field("accept-encoding", "identity");  // what is relayed must be readable for metering
  head.field("user-agent", "fluxgate/" FLUXGATE_VERSION);
  return Secret(std::move(text));
}

}  // namespace

Result<std::shared_ptr<const Provider>> Provider::make(const config::Provider& config, std::uint16_t sim_port) {
  const bool sim = config.kind == config::ProviderKind::kSim;
  const std::string base_url = sim ? "http://127.0.0.1:" + std::to_string(sim_port) + "/v1" : config.base_url;
  const auto url = config::parse_base_url(base_url);
  if (!url) return config_error(config, url.error().message);

  std::shared_ptr<Provider> provider(new Provider());
  provider->name_ = config.name;
  provider->base_path_ = url->path;
  provider->stream_usage_ = config.stream_usage;
  provider->labels_ = config.labels;
  provider->rotates_keys_ = !config.api_keys.empty();
  if (!config.api_key.empty()) provider->secrets_.push_back(config.api_key);
  provider->secrets_.insert(provider->secrets_.end(), config.api_keys.begin(), config.api_keys.end());
  for (const auto& [name, value] : config.headers) {
    // Short values (a version, a flag) are no secrets and would be cut out of ordinary words.
    static constexpr std::size_t kShortestSecret = 12;
    if (value.reveal().size() >= kShortestSecret) provider->secrets_.push_back(value);
  }
  provider->head_fields_ = build_head_fields(config, authority(*url));

  net::Origin& origin = provider->origin_;
  origin.host = url->host;
  origin.port = url->port;
  origin.allow_private = sim || config.allow_private;
  origin.max_idle = config.max_idle_connections;
  origin.idle_timeout = config.idle_timeout;
  origin.server_name = config.tls.server_name.empty() ? url->host : config.tls.server_name;
  origin.id = (url->tls ? "https://" : "http://") + authority(*url) + "|" + origin.server_name + "|" + config.tls.ca +
              "|" + config.tls.certificate + "|" + config.tls.key + (origin.allow_private ? "|private" : "");
  if (url->tls) {
    try {
      origin.tls = net::TlsContext::client(config.tls.ca, config.tls.certificate, config.tls.key);
    } catch (const std::runtime_error& error) {
      return config_error(config, error.what());
    }
  }
  return std::shared_ptr<const Provider>(std::move(provider));
}

void Provider::append_credential(std::string& head, const Secret& key) {
  http::HeadWriter(head).field("authorization", "Bearer " + std::string(key.reveal()));
}

std::string Provider::without_secrets(std::string_view text) const {
  std::string clean(text);
  for (const Secret& secret : secrets_) {
    for (auto at = clean.find(secret.reveal()); at != std::string::npos; at = clean.find(secret.reveal(), at)) {
      clean.replace(at, secret.reveal().size(), "***");
    }
  }
  return clean;
}

}  // namespace fluxgate::providers
