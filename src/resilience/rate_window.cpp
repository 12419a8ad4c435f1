#include "fluxgate/resilience/rate_window.hpp"

#include <algorithm>

namespace fluxgate::resilience {
namespace {

constexpr double kPeriod = 60;

std::int64_t minute_of(TimePoint now) {
  return std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
}

}  // namespace

void SlidingMinute::turn(std::int64_t minute) {
  if (minute <= minute_) return;
  previous_ = minute - 1 == minute_ ? current_ : 0;
  current_ = 0;
  minute_ = minute;
}

void SlidingMinute::add(TimePoint now, double amount) {
  turn(minute_of(now));
  current_ = std::max(current_ + amount, 0.0);
}

double SlidingMinute::used(TimePoint now) const {
  const std::int64_t minute = minute_of(now);
  if (minute > minute_ && minute - 1 > minute_) return 0;
  const double into = to_seconds(now.time_since_epoch() - std::chrono::minutes(minute));
  const double share_left = 1 - into / kPeriod;
  return minute > minute_ ? current_ * share_left : previous_ * share_left + current_;
}

RateWindow::RateWindow(std::optional<std::uint64_t> requests_per_minute,
                       std::optional<std::uint64_t> tokens_per_minute) {
  apply(requests_per_minute, tokens_per_minute);
}

void RateWindow::apply(std::optional<std::uint64_t> requests_per_minute,
                       std::optional<std::uint64_t> tokens_per_minute) {
  requests_.per_minute = requests_per_minute;
  tokens_.per_minute = tokens_per_minute;
}

void RateWindow::Limit::add(TimePoint now, double amount) {
  window.add(now, amount);
  sent_since = std::max(sent_since + amount, 0.0);
}

double RateWindow::Limit::left(TimePoint now) const {
  double share = 1;
  if (per_minute) share = 1 - window.used(now) / static_cast<double>(std::max<std::uint64_t>(*per_minute, 1));
  if (remote && now < remote_until) {
    const double remaining = static_cast<double>(remote->remaining) - sent_since;
    const std::optional<std::uint64_t> whole = remote->limit ? remote->limit : per_minute;
    // Without knowing of how much, only "none" can be told.
    share = whole ? remaining / static_cast<double>(std::max<std::uint64_t>(*whole, 1)) : (remaining > 0 ? 1 : 0);
  }
  return std::clamp(share, 0.0, 1.0);
}

void RateWindow::sent(TimePoint now, std::uint64_t tokens) {
  requests_.add(now, 1);
  tokens_.add(now, static_cast<double>(tokens));
}

void RateWindow::settled(TimePoint now, std::uint64_t estimated, std::uint64_t actual) {
  tokens_.add(now, static_cast<double>(actual) - static_cast<double>(estimated));
}

void RateWindow::note_remote(TimePoint now, const std::optional<RemoteRate>& requests,
                             const std::optional<RemoteRate>& tokens) {
  const auto note = [now](Limit& limit, const std::optional<RemoteRate>& heard) {
    if (!heard) return;
    limit.remote = heard;
    limit.remote_until = now + heard->reset;
    limit.sent_since = 0;
  };
  note(requests_, requests);
  note(tokens_, tokens);
}

double RateWindow::headroom(TimePoint now) const { return std::min(requests_.left(now), tokens_.left(now)); }

}  // namespace fluxgate::resilience
