// What one value alone cannot tell: references, clashes, and settings that work against each other.
#pragma once

#include "config/report.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

// Reports into `report`, and fills in what depends on other keys (the base URL of kind openai). Sound also when the
// reader has already found errors: it says nothing about values that were not understood.
void cross_check(Config& config, Report& report, bool check_files);

}  // namespace fluxgate::config
