// adaptive: Thompson sampling over what feedback and outcomes say about each target for this sort of request,
// routing.md 3.7. Each target's score is a draw from its Beta posterior, less small penalties for money, waste,
// failures and time.
//
// The session guard. A conversation should stay where it is: the provider's prompt cache is warm there, and a change of
// model in the middle of a tool loop breaks it. A store of who is where would have to be shared, bounded and read on
// every plan; we do without one, by making the choice a function of the conversation:
//   1. The draws come from the session's hash and not from the request's seed. So one conversation is one Thompson
//      sample for as long as it lasts: conversations explore, their turns do not. The posterior moves little within
//      minutes, and equal random numbers turn a little change of the posterior into a little change of the draws.
//   2. Among those within switch_margin of the best draw, the incumbent is the one with the highest rendezvous hash of
//      (session, target). It keeps its place, whatever the order of the others does, until somebody leads it by more
//      than the margin; the hash does not depend on who else is there, so a target that leaves moves only its own
//      sessions. What a rule without memory cannot know is who was there first: a target that rises into the margin
//      takes the conversations in which its hash is the highest.
// A tool loop must therefore take the very same way as the turns around it. Only where nothing ties requests together
// (no session, or sticky off) does a tool loop mean that nothing is drawn: then the posterior means decide.
#include <algorithm>
#include <cmath>

#include "policies/beta.hpp"
#include "policies/hash.hpp"
#include "policies/ranking.hpp"
#include "policies/thompson.hpp"

namespace fluxgate::policies {
namespace {

constexpr double kMoney = 0.04;         // the dearest option's penalty
constexpr double kWaste = 0.03;         // if every answer was more than was needed
constexpr double kFailures = 0.10;      // if every attempt failed
constexpr double kSlowness = 0.02;      // for the slowest
constexpr double kWarmCache = 0.02;     // bonus, if the whole prompt comes from the provider's cache

double dearest(const Options& options) {
  double most = 0;
  for (const Option& option : options) {
    if (option.estimate.usd > most) most = option.estimate.usd;
  }
  return most;
}

Arm arm_of(const Option& option, double most_usd) {
  Arm arm = posterior(option.estimate.quality, option.cell);
  const double total = option.cell.observations() + 1;
  // A price that is unknown counts as the dearest one, not as none.
  const double money = most_usd <= 0 ? 0 : std::isnan(option.estimate.usd) ? 1 : option.estimate.usd / most_usd;
  arm.penalty = kMoney * money + kWaste * option.cell.overprovisioned / total + kFailures * option.cell.failed / total +
                kSlowness * std::clamp(option.cell.latency, 0.0, 1.0) -
                kWarmCache * std::clamp(option.status.cached_share, 0.0, 1.0);
  return arm;
}

// Where the conversation lives: index among the options.
std::size_t incumbent(const Options& options, std::uint64_t session, double margin) {
  double best = options[0].score;
  for (const Option& option : options) best = std::max(best, option.score);
  const std::uint64_t place = mix(Salt::kIncumbent, session);
  std::size_t found = options.size();
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].score + margin < best) continue;
    const std::uint64_t hash = mix(place, options[i].traits->hash);
    if (found == options.size() || hash > highest) {
      highest = hash;
      found = i;
    }
  }
  return found;
}

std::size_t best_of(const Options& options) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < options.size(); ++i) {
    if (options[i].score > options[best].score) best = i;
  }
  return best;
}

}  // namespace

Ordered order_by_adaptive(const OrderInput& input, Options& options, Random& random) {
  if (options.empty()) return {};
  const api::RequestFacts& facts = input.facts;
  const config::Policy& policy = input.rules.config->policy;
  const bool guarded = policy.sticky && facts.session != 0;
  const bool draws = guarded || !facts.tool_loop;
  const double margin = guarded ? std::max(0.0, policy.switch_margin) : 0;

  Arms arms;
  const double most_usd = dearest(options);
  const std::uint64_t conversation = mix(Salt::kDraw, facts.session);
  for (Option& option : options) {
    const Arm& arm = arms.emplace_back(arm_of(option, most_usd));
    double value = arm.mean();
    if (guarded) {
      Random own(mix(conversation, option.traits->hash));
      value = draw_beta(arm.alpha, arm.beta, own);
    } else if (draws) {
      value = draw_beta(arm.alpha, arm.beta, random);
    }
    option.score = value - arm.penalty;
  }
  const std::size_t first = guarded ? incumbent(options, facts.session, margin) : best_of(options);

  Ordered ordered{1, 1, api::ChosenBy::kRank};
  if (draws && options.size() > 1) {
    ordered.propensity = input.with_propensity ? chance_of_winning(arms, first, margin) : api::kUnknown;
  }
  if (guarded) {
    if (facts.user_turns > 1 || facts.tool_results > 0) ordered.chosen = api::ChosenBy::kIncumbent;
    options[first].score += margin;  // its advantage, so that the scores agree with the order
  }
  sort_by_score(options);
  return ordered;
}

}  // namespace fluxgate::policies
