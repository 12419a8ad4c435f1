#include "fluxgate/api/plan.hpp"

namespace fluxgate::api {

std::string_view to_string(ChosenBy chosen) {
  switch (chosen) {
    case ChosenBy::kOrder: return "order";
    case ChosenBy::kWeight: return "weight";
    case ChosenBy::kFallback: return "fallback";
  }
  return "unknown";
}

std::string_view to_string(RejectCode code) {
  switch (code) {
    case RejectCode::kMissingLabel: return "residency:label";
  }
  return "unknown";
}

}  // namespace fluxgate::api
