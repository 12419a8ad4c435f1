#include "offline.hpp"

#include "commands.hpp"
#include "fluxgate/config/defaults.hpp"

namespace fluxgate::app {

std::optional<config::Config> load_without_secrets(const std::string& file) {
  config::LoadOptions options;
  options.check_files = false;
  options.env = [](std::string_view name) { return config::process_env(name).value_or("unset"); };
  config::LoadResult loaded =
      file.empty() ? config::default_config(config::process_env, false) : config::load_file(file, options);
  if (!loaded.config) print(loaded.diagnostics);
  return std::move(loaded.config);
}

Result<std::unique_ptr<Offline>> Offline::make(config::Config config) {
  std::unique_ptr<Offline> offline(new Offline());
  const std::vector<std::uint16_t> no_sims(config.providers.size(), 1);
  auto snapshot = gateway::Snapshot::make(std::move(config), offline->metrics_, offline->live_, no_sims);
  if (!snapshot) return std::move(snapshot).error();
  offline->snapshot_ = std::move(snapshot).value();
  return offline;
}

}  // namespace fluxgate::app
