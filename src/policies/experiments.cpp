// Who is in which variant is worked out from hashes alone: nothing is stored, every replica agrees, and a unit that
// left comes back to where it was.
#include "fluxgate/policies/experiments.hpp"

#include <algorithm>
#include <cmath>

#include "policies/hash.hpp"

namespace fluxgate::policies {
namespace {

// A conversation must not flip, so a request falls back to its session, then its user, before it stands for itself.
std::uint64_t unit_of_request(config::ExperimentUnit unit, const api::RequestFacts& facts, std::uint64_t request_seed) {
  const std::uint64_t session_first = facts.session != 0 ? facts.session : facts.user;
  const std::uint64_t user_first = facts.user != 0 ? facts.user : facts.session;
  switch (unit) {
    case config::ExperimentUnit::kSession: return session_first != 0 ? session_first : request_seed;
    case config::ExperimentUnit::kUser: return user_first != 0 ? user_first : request_seed;
    case config::ExperimentUnit::kRequest: return request_seed;
  }
  return request_seed;
}

}  // namespace

// The units lie evenly on the line from 0 to 1, which is cut into one zone a variant. A variant grows from the
// beginning of its own zone, so that growing it takes only units that nobody had. What is more than a zone goes into
// the free ends of the other zones, from their right. With two variants that never collides; with more it can only
// when one has more than its zone and the free ends run out, and no rule without memory can do better.
int choose_variant(const config::Experiment& experiment, const api::RequestFacts& facts, std::uint64_t request_seed) {
  const auto& variants = experiment.variants;
  if (variants.empty()) return -1;
  const std::uint64_t salt = mix(Salt::kExperiment, hash_text(experiment.name));
  const double point = unit_of(mix(salt, unit_of_request(experiment.unit, facts, request_seed)));

  const double width = 1 / static_cast<double>(variants.size());
  const auto free_end = [&](std::size_t zone) { return std::max(0.0, width - variants[zone].share); };
  const std::size_t zone = std::min(static_cast<std::size_t>(point / width), variants.size() - 1);
  if (point - static_cast<double>(zone) * width < variants[zone].share) return static_cast<int>(zone);
  double place = static_cast<double>(zone + 1) * width - point;  // along the free ends, put one behind the other
  for (std::size_t before = 0; before < zone; ++before) place += free_end(before);
  for (std::size_t i = 0; i < variants.size(); ++i) {
    place -= std::max(0.0, variants[i].share - width);
    if (place < 0) return static_cast<int>(i);
  }
  return -1;
}

bool in_canary(double share, const api::RequestFacts& facts, std::uint64_t request_seed) {
  if (share <= 0) return false;
  const std::uint64_t unit = unit_of_request(config::ExperimentUnit::kSession, facts, request_seed);
  return unit_of(mix(Salt::kCanary, unit)) < share;  // a larger share only adds units
}

}  // namespace fluxgate::policies
