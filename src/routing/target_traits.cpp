#include "fluxgate/routing/target_traits.hpp"

#include <algorithm>

#include "fluxgate/base/hash.hpp"
#include "fluxgate/catalogue/providers.hpp"

namespace fluxgate::routing {
namespace {

const config::Provider& provider_of(const config::Config& config, const config::Target& target) {
  return *std::find_if(config.providers.begin(), config.providers.end(),
                       [&](const config::Provider& provider) { return provider.name == target.provider; });
}

api::Abilities operators_abilities(const config::Target& target) {
  api::Abilities abilities;
  for (const auto& [name, can] : target.abilities) {
    if (const auto ability = api::parse_ability(name)) abilities.set(*ability, can);
  }
  return abilities;
}

}  // namespace

std::optional<catalogue::ModelInfo> catalogue_entry(const config::Config& config, const config::Target& target,
                                                    const catalogue::Catalogue* own) {
  const std::string& model = target.catalogue.empty() ? target.model : target.catalogue;
  if (model == "*") return std::nullopt;
  const config::Provider& provider = provider_of(config, target);
  return catalogue::find(own, catalogue::provider_for(provider.base_url, provider.name), model, provider.name);
}

std::vector<policies::Traits> compile_traits(const config::Config& config, const catalogue::Catalogue* own) {
  std::vector<policies::Traits> all;
  all.reserve(config.targets.size());
  for (const config::Target& target : config.targets) {
    policies::Traits traits;
    traits.index = static_cast<std::uint32_t>(all.size());
    traits.name = target.name;
    traits.hash = hash_text(target.name);
    traits.price = target.price;
    traits.context_window = target.context_window;
    traits.max_output_tokens = target.max_output_tokens;
    traits.region = provider_of(config, target).region;
    traits.weight = target.weight;
    traits.quality = target.quality;
    const api::Abilities said = operators_abilities(target);
    traits.abilities = said;
    if (const auto known = catalogue_entry(config, target, own)) {
      if (!traits.price) traits.price = known->price;
      if (!traits.context_window) traits.context_window = known->context_window;
      if (!traits.max_output_tokens) traits.max_output_tokens = known->max_output_tokens;
      traits.abilities = known->abilities.overridden_by(said);
    }
    all.push_back(traits);
  }
  return all;
}

}  // namespace fluxgate::routing
