#include "fluxgate/resilience/key_ring.hpp"

#include <algorithm>

#include "fluxgate/resilience/breaker.hpp"

namespace fluxgate::resilience {
namespace {

constexpr std::chrono::minutes kFirstRest{1};
constexpr std::chrono::minutes kLongestRest{60};
constexpr std::chrono::seconds kCooldown{5};

}  // namespace

KeyRing::KeyRing(const std::vector<Secret>& keys) { apply(keys); }

void KeyRing::apply(const std::vector<Secret>& keys) {
  const std::lock_guard lock(mutex_);
  std::vector<Key> next;
  next.reserve(keys.size());
  for (const Secret& secret : keys) {
    if (secret.empty()) continue;
    const auto known = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return *key.secret == secret; });
    if (known != keys_.end()) {
      next.push_back(*known);
      continue;
    }
    Key key;
    key.id = ++last_id_;
    key.secret = std::make_shared<const Secret>(secret);
    next.push_back(std::move(key));
  }
  keys_ = std::move(next);
  note_rest();
}

bool KeyRing::empty() const {
  const std::lock_guard lock(mutex_);
  return keys_.empty();
}

std::optional<KeyRing::Pick> KeyRing::next(TimePoint now) {
  const std::lock_guard lock(mutex_);
  const Key* best = nullptr;
  std::size_t best_place = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::size_t place = (turn_ + i) % keys_.size();
    const Key& key = keys_[place];
    if (now < key.rest_until) continue;
    const bool fresh = now >= key.cool_until;
    if (best != nullptr && !fresh && key.cool_until >= best->cool_until) continue;
    best = &key;
    best_place = place;
    if (fresh) break;
  }
  if (best == nullptr) return std::nullopt;
  turn_ = best_place + 1;
  return Pick{best->id, best->secret};
}

void KeyRing::report(TimePoint now, std::uint64_t id, Fault fault,
                     std::optional<std::chrono::milliseconds> retry_after) {
  if (id == 0) return;
  const std::lock_guard lock(mutex_);
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.id == id; });
  if (key == keys_.end()) return;
  const bool resting = now < key->rest_until;
  if (fault == Fault::kRateLimited) {
    const std::chrono::milliseconds wait = std::min(retry_after.value_or(kCooldown), kLongestRetryAfter);
    key->cool_until = std::max(key->cool_until, now + wait);
  } else if (fault == Fault::kNone && !resting) {
    key->refusals = 0;
  } else if (fault == Fault::kCredential && !resting) {  // many requests may meet the same refusal: it counts once
    std::chrono::minutes rest = kFirstRest;
    for (std::uint32_t i = 0; i < key->refusals && rest < kLongestRest; ++i) rest *= 2;
    key->rest_until = now + std::min(rest, kLongestRest);
    ++key->refusals;
    note_rest();
  }
}

bool KeyRing::usable(TimePoint now) const noexcept {
  return now.time_since_epoch().count() >= all_rest_until_.load(std::memory_order_relaxed);
}

bool KeyRing::has_fresh(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Key& key) { return now >= key.rest_until && now >= key.cool_until; });
}

std::vector<KeyRing::KeyState> KeyRing::states(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  std::vector<KeyState> states;
  for (const Key& key : keys_) states.push_back({key.id, now < key.rest_until, now < key.cool_until, key.refusals});
  return states;
}

void KeyRing::note_rest() {
  TimePoint first = keys_.empty() ? TimePoint::min() : TimePoint::max();
  for (const Key& key : keys_) first = std::min(first, key.rest_until);
  all_rest_until_.store(first.time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace fluxgate::resilience
