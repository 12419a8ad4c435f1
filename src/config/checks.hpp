// What one value alone cannot tell: references, clashes, and settings that work against each other.
#pragma once

#include "config/references.hpp"
#include "config/report.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

// Reports into `report`, and fills in what depends on other keys (the base URL of kind openai). Sound also when the
// reader has already found errors: it says nothing about values that were not understood.
void cross_check(Config& config, Report& report, bool check_files);

// Whether neither detectors nor patterns were given.
bool raises_no_label(const Sensitivity& sensitivity, const Report& report);

// Its parts about routes: each by itself (checks_routes.cpp), and against each other (checks_matching.cpp).
void check_routes(const Config& config, References& references, Report& report);
void check_matching(const Config& config, Report& report);

}  // namespace fluxgate::config
