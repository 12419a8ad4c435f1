// The key table: every key a configuration may hold, grouped by section. The one place that knows them.
#pragma once

#include "config/section.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

const Section<Config>& root_section();

// keys_server.cpp: the daemon itself
const Section<Listen>& listen_section();
const Section<Admin>& admin_section();
const Section<Log>& log_section();
const Section<Limits>& limits_section();
const Section<Drain>& drain_section();

// keys_providers.cpp: who answers
const Section<Provider>& provider_section();

// keys_routing.cpp: who is asked for what
const Section<Target>& target_section();
const Section<Route>& route_section();

// A route's match.model that takes what no other route takes.
inline constexpr std::string_view kDefaultModel = "default";
// A target's model that stands for the name the client asked for.
inline constexpr std::string_view kAnyModel = "*";

}  // namespace fluxgate::config
