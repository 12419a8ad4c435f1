// What can stop the coroutine of one client connection while it waits: a timer, a client that left, shutdown, or a lost race.
//
// The coroutine registers the streams and timers it may be waiting on; trigger() cancels whatever is pending, and the
// coroutine asks reason() after every wait. All on one worker thread, so a trigger can only come while it waits: no
// cancellation is ever lost (see asio #1574 for what happens across threads).
#pragma once

#include <array>
#include <cstdint>

#include "fluxgate/net/deadline.hpp"
#include "fluxgate/net/hangup_watch.hpp"
#include "fluxgate/net/stream.hpp"

namespace fluxgate::net {

class Interrupt {
 public:
  enum class Reason : std::uint8_t {
    kNone,
    kTimer,       // the armed time passed; cleared by the next arm() or clear_timer()
    kClientGone,  // final
    kShutdown,    // final: the drain's deadline passed
    kSuperseded,  // final: another attempt won the race this one was in
  };

  explicit Interrupt(DeadlineQueue& queue) : deadline_(queue, &Interrupt::on_timer, this) {}

  // Something that waits. Registered for as long as the Scope lives.
  class Scope {
   public:
    Scope(Interrupt& interrupt, Stream* stream, Timer* timer = nullptr);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    friend class Interrupt;
    Interrupt& interrupt_;
    Stream* stream_;
    Timer* timer_;
    Scope* next_;
  };

  void arm(TimePoint when) {
    if (reason_ == Reason::kTimer) reason_ = Reason::kNone;
    deadline_.set(when);
  }
  void clear_timer() {
    if (reason_ == Reason::kTimer) reason_ = Reason::kNone;
    deadline_.clear();
  }
  TimePoint armed() const { return deadline_.when(); }

  void trigger(Reason reason);
  Reason reason() const { return reason_; }
  // A new request on the same connection: forgets a timer, keeps shutdown.
  void reset();

 private:
  static void on_timer(void* self) { static_cast<Interrupt*>(self)->trigger(Reason::kTimer); }

  Deadline deadline_;
  Reason reason_ = Reason::kNone;
  Scope* scopes_ = nullptr;
};

}  // namespace fluxgate::net
