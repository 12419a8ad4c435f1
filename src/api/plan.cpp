#include "fluxgate/api/plan.hpp"

#include <array>

namespace fluxgate::api {
namespace {

constexpr std::array<std::string_view, 15> kChosenNames{
    "order", "rank",   "weight",     "round_robin", "least_outstanding", "p2c",      "session",  "prefix",
    "only",  "explore", "experiment", "canary",      "incumbent",         "fallback", "least_bad"};
static_assert(kChosenNames.size() == static_cast<std::size_t>(ChosenBy::kLeastBad) + 1);

constexpr std::array<std::string_view, 11> kRejectNames{
    "residency:label", "residency:region", "capability", "context:window",  "context:max_output",
    "price:unknown",   "price:max",        "quality:floor", "health:gate", "limit:rate", "limit:concurrency"};
static_assert(kRejectNames.size() == static_cast<std::size_t>(RejectCode::kConcurrency) + 1);

}  // namespace

std::string_view to_string(ChosenBy chosen) { return kChosenNames[static_cast<std::size_t>(chosen)]; }

std::string_view to_string(RejectCode code) { return kRejectNames[static_cast<std::size_t>(code)]; }

}  // namespace fluxgate::api
