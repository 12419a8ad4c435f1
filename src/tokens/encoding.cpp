#include <algorithm>
#include <array>

#include "fluxgate/base/text.hpp"
#include "fluxgate/tokens/count.hpp"

namespace fluxgate::tokens {

namespace {

struct Family {
  std::string_view prefix;
  Encoding encoding;
};

// The first prefix that fits decides: longer names stand before what they begin with. All of tiktoken's model.py that
// speaks one of the two encodings; fine-tuned models ("ft:gpt-4o:...") are named after their base.
constexpr std::array kFamilies = {
    Family{"gpt-5", Encoding::kO200k},
    Family{"gpt-4.5", Encoding::kO200k},
    Family{"gpt-4.1", Encoding::kO200k},
    Family{"gpt-4o", Encoding::kO200k},
    Family{"gpt-oss", Encoding::kO200k},
    Family{"chatgpt-4o", Encoding::kO200k},
    Family{"codex-mini", Encoding::kO200k},
    Family{"o1", Encoding::kO200k},
    Family{"o3", Encoding::kO200k},
    Family{"o4", Encoding::kO200k},
    Family{"gpt-4", Encoding::kCl100k},
    Family{"gpt-3.5", Encoding::kCl100k},
    Family{"gpt-35", Encoding::kCl100k},  // as Azure spells it
    Family{"text-embedding-3", Encoding::kCl100k},
    Family{"text-embedding-ada-002", Encoding::kCl100k},
    Family{"ada-002", Encoding::kCl100k},
};

// "o1" must not take "o1lama": a name goes on with something that is no letter or digit, or ends.
bool begins_with(std::string_view model, std::string_view family) {
  if (!starts_with_icase(model, family)) return false;
  if (model.size() == family.size()) return true;
  const char next = ascii_lower(model[family.size()]);
  const bool goes_on = (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9');
  return !goes_on || family.front() != 'o';
}

}  // namespace

std::optional<Encoding> parse_encoding(std::string_view name) {
  if (name == "o200k_base") return Encoding::kO200k;
  if (name == "cl100k_base") return Encoding::kCl100k;
  if (name == "estimate") return Encoding::kEstimate;
  return std::nullopt;
}

Encoding encoding_for_model(std::string_view model) {
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
  if (starts_with_icase(model, "ft:")) model.remove_prefix(3);
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                  [model](const Family& family) { return begins_with(model, family.prefix); });
  return found == kFamilies.end() ? Encoding::kEstimate : found->encoding;
}

}  // namespace fluxgate::tokens
