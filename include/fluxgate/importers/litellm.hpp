// importers: other gateways' configuration files, turned into ours.
//
// Layer 6, control plane only: `fluxgate import litellm config.yaml` prints what import_litellm() returns. The YAML is
// ours, with comments, and passes our own loader. Beside it stands one finding for each thing the old file says: what
// it became, how that differs, and what has to be done by hand. Nothing of the old file is dropped without a finding.
//
// Secrets are never copied: os.environ/NAME becomes { env: NAME }, and a key that stands in the old file itself becomes
// a finding that says which variable to put it into. Equal input gives equal output, byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"

namespace fluxgate::importers {

enum class Status {
  kExact,        // means the same here
  kApproximate,  // taken over; the message says how it differs
  kManual,       // has to be done by hand; the message says what
  kUnsupported,  // has no counterpart in this version
};

std::string_view to_string(Status status);

struct Finding {
  Status status = Status::kExact;
  std::string path;     // in the old file, e.g. model_list[0].litellm_params.api_key
  int line = 0;         // from 1
  std::string message;  // never a value of the old file that could be a secret
};

// "config.yaml:12: manual: model_list[0].litellm_params.api_key: ...", on one line.
std::string format(const Finding& finding, std::string_view file);

struct Import {
  std::string yaml;
  std::vector<Finding> findings;  // by line
};

// `file` stands for the old file in comments. An error only if the text is no YAML or no LiteLLM configuration.
Result<Import> import_litellm(std::string_view yaml, std::string_view file);

}  // namespace fluxgate::importers
