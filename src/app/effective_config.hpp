// The configuration in force as JSON for the admin listener, without any secret's value.
#pragma once

#include <string>

#include "fluxgate/config/model.hpp"

namespace fluxgate::app {

std::string effective_config_json(const config::Config& config);

}  // namespace fluxgate::app
