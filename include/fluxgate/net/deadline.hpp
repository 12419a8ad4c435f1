// Many deadlines over one timer.
//
// A request changes its deadline five or more times (head, connect, first token, idle, write), nearly always to a later
// one, and nearly none ever fires. So moving a deadline later only writes a field; the heap is corrected when the old
// time comes up. One Asio timer per worker is armed for the earliest entry. Everything here belongs to one worker thread.
#pragma once

#include <limits>
#include <vector>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/net/types.hpp"

namespace fluxgate::net {

class Deadline;

class DeadlineQueue {
 public:
  explicit DeadlineQueue(Executor executor) : timer_(executor) {}
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  std::size_t size() const { return heap_.size(); }

 private:
  friend class Deadline;
  struct Entry {
    TimePoint key;
    Deadline* deadline;
  };

  void push(Deadline& deadline);
  void decrease(Deadline& deadline);
  void remove(Deadline& deadline);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void place(std::size_t index, Entry entry);
  void arm();
  void expire();

  std::vector<Entry> heap_;
  Timer timer_;
  TimePoint armed_ = TimePoint::max();  // what timer_ waits for
};

// A time at which `on_expire(context)` is called, once, on the worker thread. It may destroy or set the Deadline again.
class Deadline {
 public:
  using Callback = void (*)(void* context);

  Deadline(DeadlineQueue& queue, Callback on_expire, void* context)
      : queue_(queue), on_expire_(on_expire), context_(context) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { queue_.remove(*this); }

  void set(TimePoint when);
  void clear() { when_ = TimePoint::max(); }
  TimePoint when() const { return when_; }

 private:
  friend class DeadlineQueue;
  static constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();

  DeadlineQueue& queue_;
  Callback on_expire_;
  void* context_;
  TimePoint when_ = TimePoint::max();
  std::size_t index_ = kAbsent;  // place in the queue's heap; its key there may be earlier than when_
};

}  // namespace fluxgate::net
