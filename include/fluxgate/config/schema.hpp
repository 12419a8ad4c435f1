// What a configuration may say, printed from the key table: for editors, for people.
#pragma once

#include <string>

namespace fluxgate::config {

// JSON Schema, draft-07. `fluxgate schema`; checked in as config/fluxgate.schema.json.
std::string json_schema();

// The reference page. `fluxgate schema --markdown`; checked in as docs/configuration.md.
std::string reference_markdown();

}  // namespace fluxgate::config
