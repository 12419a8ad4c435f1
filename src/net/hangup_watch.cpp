#include "fluxgate/net/hangup_watch.hpp"

#include <poll.h>

namespace fluxgate::net {

HangupWatch::Entry::Entry(HangupWatch& watch, int fd, Callback on_hangup, void* context)
    : watch_(watch), fd_(fd), on_hangup_(on_hangup), context_(context), index_(watch.entries_.size()) {
  watch_.entries_.push_back(this);
  watch_.arm();
}

HangupWatch::Entry::~Entry() {
  Entry* last = watch_.entries_.back();
  watch_.entries_[index_] = last;
  last->index_ = index_;
  watch_.entries_.pop_back();
}

void HangupWatch::arm() {
  if (armed_) return;
  armed_ = true;
  timer_.expires_after(kPeriod);
  timer_.async_wait([this](const error_code& error) {
    if (!error) tick();
  });
}

void HangupWatch::tick() {
  armed_ = false;
  polled_.clear();
  std::vector<Entry*> gone;
  for (Entry* entry : entries_) {
    // -1 makes poll skip the slot, so that slots and entries keep the same index.
    const bool due = entry->seen_ && !entry->reported_;
    entry->seen_ = true;
    polled_.push_back({due ? entry->fd_ : -1, POLLRDHUP, 0});
  }
  if (!polled_.empty() && ::poll(polled_.data(), polled_.size(), 0) > 0) {
    for (std::size_t i = 0; i < polled_.size(); ++i) {
      if ((polled_[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) gone.push_back(entries_[i]);
    }
  }
  // A callback only cancels operations, which complete later from the event loop: no Entry dies inside this loop.
  for (Entry* entry : gone) {
    entry->reported_ = true;
    entry->on_hangup_(entry->context_);
  }
  if (!entries_.empty()) arm();
}

}  // namespace fluxgate::net
