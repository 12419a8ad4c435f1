// A provider as the data plane uses it: where to connect, and the part of every request head that does not change.
//
// Made from config::Provider when a configuration is loaded, so that a request only appends to ready text. Immutable;
// shared by all workers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/net/origin.hpp"

namespace fluxgate::providers {

class Provider {
 public:
  // `sim_port` is where the simulated provider listens (for kind: sim). Errors are kConfig: a certificate that does not
  // load.
  static Result<std::shared_ptr<const Provider>> make(const config::Provider& config, std::uint16_t sim_port);

  const std::string& name() const { return name_; }
  const net::Origin& origin() const { return origin_; }
  bool stream_usage() const { return stream_usage_; }
  const std::vector<std::string>& labels() const { return labels_; }

  // Request target for a path of the OpenAI surface: "/chat/completions" becomes "/v1/chat/completions" or whatever the
  // base URL says.
  std::string target(std::string_view endpoint_path) const { return base_path_ + std::string(endpoint_path); }
  // It has several keys, and each attempt brings the one whose turn it is: head_fields() holds none.
  bool rotates_keys() const { return rotates_keys_; }
  // Host, credentials and configured fields, each line with its CRLF. Holds secrets: for the wire only.
  std::string_view head_fields() const { return head_fields_.reveal(); }
  // Appends the line that carries `key`, one of several.
  static void append_credential(std::string& head, const Secret& key);
  // `text` from the provider with our credentials in it, should it quote them, replaced by "***".
  std::string without_secrets(std::string_view text) const;

 private:
  Provider() = default;

  std::string name_;
  net::Origin origin_;
  std::string base_path_;
  Secret head_fields_;
  std::vector<Secret> secrets_;
  bool stream_usage_ = true;
  bool rotates_keys_ = false;
  std::vector<std::string> labels_;
};

}  // namespace fluxgate::providers
