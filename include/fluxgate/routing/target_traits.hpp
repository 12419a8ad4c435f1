// What is fixed about each target of a configuration: what the operator says, over what the catalogue knows.
#pragma once

#include <vector>

#include "fluxgate/catalogue/catalogue.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/policies/traits.hpp"

namespace fluxgate::routing {

// What the catalogue knows of a target's model; nothing for model "*" and for models it does not know. `own` is the
// operator's file, or null.
std::optional<catalogue::ModelInfo> catalogue_entry(const config::Config& config, const config::Target& target,
                                                    const catalogue::Catalogue* own);

// One entry for each target, in their order. `config` must outlive them. RouteTable fills in the label bits.
std::vector<policies::Traits> compile_traits(const config::Config& config, const catalogue::Catalogue* own);

}  // namespace fluxgate::routing
