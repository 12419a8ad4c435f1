#include "fluxgate/gateway/live_state.hpp"

#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::gateway {
// ---- one route -----------------------------------------------------------------------------------------------------

void RouteLive::apply_canary(const std::optional<config::Canary>& rules, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (rules && rules == canary_rules_) return;
  canary_rules_ = rules;
  canary_.reset();
  if (rules) canary_.emplace(*rules, now);
  canary_share_.store(canary_ ? canary_->share() : 0, std::memory_order_relaxed);
}

void RouteLive::note_canary(const policies::CanaryState::Outcome& outcome, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (!canary_) return;
  canary_->note(outcome);
  if (canary_->judge(now)) canary_share_.store(canary_->share(), std::memory_order_relaxed);
}

std::optional<RouteLive::CanaryView> RouteLive::canary() const {
  const std::lock_guard lock(mutex_);
  if (!canary_) return std::nullopt;
  return CanaryView{canary_->stage(), canary_->share(), canary_->reason()};
}

// ---- the process ---------------------------------------------------------------------------------------------------

std::shared_ptr<RouteLive> LiveState::route(const std::string& name) {
  const std::lock_guard lock(routes_mutex_);
  auto& route = routes_[name];
  if (!route) route = std::make_shared<RouteLive>(name);
  return route;
}

api::QualityCell LiveState::cell(const policies::AdaptiveCells::Key& key, TimePoint now) const {
  const std::lock_guard lock(cells_mutex_);
  return cells_.read(key, now);
}

void LiveState::note_failure(const policies::AdaptiveCells::Key& key, TimePoint now) {
  // Our own observations have no sender to be wary of: 0 is not capped.
  const std::lock_guard lock(cells_mutex_);
  cells_.note(key, policies::Verdict::kFailed, 1, 0, now);
}

void LiveState::note_latency(const policies::AdaptiveCells::Key& key, double relative, TimePoint now) {
  const std::lock_guard lock(cells_mutex_);
  cells_.note_latency(key, relative, now);
}

void LiveState::remember(const std::string& request_id, Remembered what) {
  const std::lock_guard lock(memory_mutex_);
  if (!memory_.emplace(request_id, std::move(what)).second) return;
  memory_order_.push_back(request_id);
  if (memory_order_.size() <= kRemembered) return;
  memory_.erase(memory_order_.front());
  memory_order_.pop_front();
}

std::optional<Remembered> LiveState::note_feedback(const std::string& request_id, std::optional<policies::Verdict> verdict,
                                                   double score, std::uint64_t sender, TimePoint now) {
  std::optional<Remembered> found;
  {
    const std::lock_guard lock(memory_mutex_);
    const auto at = memory_.find(request_id);
    if (at == memory_.end()) return std::nullopt;
    found = at->second;
  }
  const std::lock_guard lock(cells_mutex_);
  if (verdict) {
    cells_.note(found->cell, *verdict, 1, sender, now);
  } else {
    cells_.note_score(found->cell, score, 1, sender, now);
  }
  return found;
}

// ---- what a plan reads ---------------------------------------------------------------------------------------------

api::TargetStatus ServingView::status(std::uint32_t target) const { return snapshot_.target(target).health->status(now_); }

api::QualityCell ServingView::cell(std::uint32_t route, std::uint16_t task, std::uint32_t target) const {
  return live_.cell(snapshot_.cell_key(route, task, target), now_);
}

std::uint64_t ServingView::turn(std::uint32_t route) const {
  return snapshot_.route(route).live->turns.load(std::memory_order_relaxed);
}

double ServingView::canary_share(std::uint32_t route) const { return snapshot_.route(route).live->canary_share(); }

}  // namespace fluxgate::gateway
