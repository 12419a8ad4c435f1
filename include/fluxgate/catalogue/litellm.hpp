// From LiteLLM's price file (model_prices_and_context_window.json) to rows of ours.
//
// The one place that knows that file's fields: config/models/update.py and `fluxgate models import` both end here. What
// is doubtful is left out and said, entry by entry: `skipped` are entries that gave no row, `remarks` single facts of a
// row that were left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/catalogue/catalogue.hpp"

namespace fluxgate::catalogue {

struct Remark {
  std::string key;     // of the entry
  std::string reason;
};

struct Converted {
  std::vector<ModelInfo> models;  // in order of provider and model, each once
  std::vector<Remark> skipped;
  std::vector<Remark> remarks;
};

// `today` is YYYY-MM-DD: models retired before it are skipped; empty keeps them. `file` stands for the text in errors.
Result<Converted> convert_litellm(std::string_view text, std::string_view file, std::string_view today);

// The line of a row in a catalogue file, without the line end. The same row always gives the same bytes.
std::string to_line(const ModelInfo& info);

}  // namespace fluxgate::catalogue
