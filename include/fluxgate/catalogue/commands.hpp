// fluxgate models list | show | import: pure functions from text and a catalogue to text. The command line opens the
// files. Each returns the process's exit status: 0 well, 1 not.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/api/abilities.hpp"
#include "fluxgate/catalogue/catalogue.hpp"

namespace fluxgate::catalogue {

struct ListOptions {
  std::string provider{};                // only this one, under any of its names; empty: all
  std::vector<api::Ability> abilities{}; // only models known to have all of these
  std::string text{};                    // only names that contain it, ignoring case
  bool json = false;                     // the rows as they stand in the files, one a line
};

// `own` is the operator's file, whose rows replace the built-in ones of the same name; may be null.
int list_models(std::ostream& out, const Catalogue* own, const ListOptions& options);

// Every row of this name: `provider/model`, or a bare name at all providers.
int show_model(std::ostream& out, std::ostream& errors, const Catalogue* own, std::string_view name);

// `text` is LiteLLM's price file and `file` its name; rows go to `out`, what was left out and why to `report`.
int import_models(std::ostream& out, std::ostream& report, std::string_view text, std::string_view file,
                  std::string_view today);

}  // namespace fluxgate::catalogue
