// The files of config/models that are part of the program.
#pragma once

#include <string_view>

namespace fluxgate::catalogue {

std::string_view embedded_models();     // all *.ndjson, one after the other by file name
std::string_view embedded_providers();  // providers.txt

}  // namespace fluxgate::catalogue
