// A configuration compiled as for serving, but for looking at only: nothing listens, nothing is sent. For `check`,
// `explain` and `replay`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fluxgate/config/loader.hpp"
#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::app {

// The configuration of `file`, or without one of the environment; keys and certificates it names need not be there.
// Diagnostics go to standard error; nullopt if the file is refused.
std::optional<config::Config> load_without_secrets(const std::string& file);

class Offline {
 public:
  // Errors are the snapshot's.
  static Result<std::unique_ptr<Offline>> make(config::Config config);
  Offline(const Offline&) = delete;
  Offline& operator=(const Offline&) = delete;

  const gateway::Snapshot& snapshot() const { return *snapshot_; }
  const gateway::LiveState& live() const { return live_; }

 private:
  Offline() = default;

  telemetry::Metrics metrics_;
  gateway::LiveState live_{1};
  std::shared_ptr<const gateway::Snapshot> snapshot_;
};

}  // namespace fluxgate::app
