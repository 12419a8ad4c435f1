#include "policies/ranking.hpp"

#include <algorithm>
#include <utility>

namespace fluxgate::policies {
namespace {

// Options are some 300 bytes each: ranks are sorted, and every option moves once.
struct Rank {
  double score = 0;
  std::uint32_t from = 0;
};
using Ranks = boost::container::small_vector<Rank, 16>;

void move_into_place(Options& options, Ranks& ranks) {
  for (std::uint32_t start = 0; start < ranks.size(); ++start) {
    if (ranks[start].from == start) continue;
    Option held = std::move(options[start]);
    std::uint32_t hole = start;
    while (ranks[hole].from != start) {
      const std::uint32_t from = ranks[hole].from;
      options[hole] = std::move(options[from]);
      ranks[hole].from = hole;
      hole = from;
    }
    options[hole] = std::move(held);
    ranks[hole].from = hole;
  }
}

}  // namespace

void sort_by_score(Options& options) {
  Ranks ranks;
  for (std::uint32_t i = 0; i < options.size(); ++i) ranks.push_back({options[i].score, i});
  const auto before = [](const Rank& a, const Rank& b) {
    return a.score != b.score ? a.score > b.score : a.from < b.from;  // stable without std::stable_sort's buffer
  };
  if (std::is_sorted(ranks.begin(), ranks.end(), before)) return;
  std::sort(ranks.begin(), ranks.end(), before);
  move_into_place(options, ranks);
}

std::size_t count_from(const Options& options, double least) {
  constexpr double kRounding = 1e-12;
  std::size_t count = 0;
  while (count < options.size() && options[count].score >= least - kRounding) ++count;
  return count;
}

double near_of(const OrderInput& input) {
  const config::Policy& policy = input.rules.config->policy;
  return policy.near.value_or(default_near(policy.order_by));
}

}  // namespace fluxgate::policies
