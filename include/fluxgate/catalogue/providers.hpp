// From what a configuration says of a provider to the name its rows have in the catalogue. The table is
// config/models/providers.txt, which is in the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fluxgate::catalogue {

// A server of one's own, whose name says nothing of whose models it runs.
inline constexpr std::string_view kLocal = "local";

// By the host of `base_url` (also a bare host[:port]) if the table knows it; else by `name`, the key under `providers`;
// else "local" for loopback, private and unqualified hosts; else empty, which is an unknown provider.
std::string provider_for(std::string_view base_url, std::string_view name);

// The catalogue's spelling of a provider name ("together_ai" is "together"); a name without an alias stays as it is.
std::string_view canonical_provider(std::string_view name);
bool is_known_provider(std::string_view name);         // in the table, under any spelling

bool is_free_provider(std::string_view provider);      // runs on one's own machine: a price of zero is meant
const std::vector<std::string_view>& home_providers(); // vendors of the models they make, in order of search

}  // namespace fluxgate::catalogue
