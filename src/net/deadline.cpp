#include "fluxgate/net/deadline.hpp"

namespace fluxgate::net {

void Deadline::set(TimePoint when) {
  when_ = when;
  if (index_ == kAbsent) {
    queue_.push(*this);
  } else if (when < queue_.heap_[index_].key) {
    queue_.decrease(*this);
  }
}

void DeadlineQueue::place(std::size_t index, Entry entry) {
  heap_[index] = entry;
  entry.deadline->index_ = index;
}

void DeadlineQueue::push(Deadline& deadline) {
  heap_.push_back({deadline.when_, &deadline});
  deadline.index_ = heap_.size() - 1;
  sift_up(deadline.index_);
  arm();
}

void DeadlineQueue::decrease(Deadline& deadline) {
  heap_[deadline.index_].key = deadline.when_;
  sift_up(deadline.index_);
  arm();
}

void DeadlineQueue::remove(Deadline& deadline) {
  const std::size_t index = deadline.index_;
  if (index == Deadline::kAbsent) return;
  deadline.index_ = Deadline::kAbsent;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(last.deadline->index_);
}

void DeadlineQueue::sift_up(std::size_t index) {
  const Entry entry = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent].key <= entry.key) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void DeadlineQueue::sift_down(std::size_t index) {
  const Entry entry = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].key < heap_[child].key) ++child;
    if (entry.key <= heap_[child].key) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void DeadlineQueue::arm() {
  if (heap_.empty() || heap_.front().key >= armed_) return;
  armed_ = heap_.front().key;
  timer_.expires_at(armed_);  // cancels an earlier wait, whose handler then sees an error and does nothing
  timer_.async_wait([this](const error_code& error) {
    if (!error) expire();
  });
}

void DeadlineQueue::expire() {
  armed_ = TimePoint::max();
  const TimePoint now = SteadyClock::now();
  while (!heap_.empty() && heap_.front().key <= now) {
    Deadline& deadline = *heap_.front().deadline;
    if (deadline.when_ > now && deadline.when_ != TimePoint::max()) {
      heap_.front().key = deadline.when_;  // it had been moved later: this is where we learn of it
      sift_down(0);
      continue;
    }
    const bool due = deadline.when_ <= now;
    remove(deadline);
    if (due) {
      deadline.when_ = TimePoint::max();
      deadline.on_expire_(deadline.context_);
    }
  }
  arm();
}

}  // namespace fluxgate::net
