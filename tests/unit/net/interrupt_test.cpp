#include "fluxgate/net/interrupt.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "net_test_support.hpp"

namespace fluxgate::net {
namespace {

using Reason = Interrupt::Reason;
using std::chrono::milliseconds;
using testing::make_pair;
using testing::run;
using testing::run_for;
using testing::run_until;
using testing::Spawned;

class InterruptTest : public ::testing::Test {
 protected:
  asio::io_context context_;
  DeadlineQueue queue_{context_.get_executor()};
  Interrupt interrupt_{queue_};
};

Task<error_code> read_one(Stream& stream, Interrupt& interrupt) {
  const Interrupt::Scope waiting(interrupt, &stream);
  char byte = 0;
  const IoResult result = co_await stream.read_some(&byte, 1);
  co_return result.error;
}

Task<error_code> wait_long(Timer& timer, Interrupt& interrupt) {
  const Interrupt::Scope waiting(interrupt, nullptr, &timer);
  timer.expires_after(std::chrono::hours(1));
  co_return co_await wait_for(timer);
}

TEST_F(InterruptTest, TriggerCancelsTheStreamAndTheTimer) {
  auto pair = make_pair(context_.get_executor());
  Timer timer(context_.get_executor());
  Spawned<error_code> reading(read_one(*pair.stream, interrupt_));
  Spawned<error_code> waiting(wait_long(timer, interrupt_));
  run_for(context_, milliseconds(20));
  EXPECT_FALSE(reading.done());
  EXPECT_FALSE(waiting.done());
  EXPECT_EQ(interrupt_.reason(), Reason::kNone);
  interrupt_.trigger(Reason::kClientGone);
  run_until(context_, [&] { return reading.done() && waiting.done(); });
  EXPECT_EQ(reading.take(), asio::error::operation_aborted);
  EXPECT_EQ(waiting.take(), asio::error::operation_aborted);
  EXPECT_EQ(interrupt_.reason(), Reason::kClientGone);
}

TEST_F(InterruptTest, WhatIsNotRegisteredGoesOn) {
  auto pair = make_pair(context_.get_executor());
  auto other = make_pair(context_.get_executor());
  Spawned<error_code> reading(read_one(*pair.stream, interrupt_));
  run_for(context_, milliseconds(10));
  {
    const Interrupt::Scope short_lived(interrupt_, other.stream.get());
  }
  pair.peer.write("x");
  run_until(context_, [&] { return reading.done(); });
  EXPECT_FALSE(reading.take());
  Interrupt another(queue_);
  Spawned<error_code> elsewhere(read_one(*other.stream, another));
  run_for(context_, milliseconds(10));
  interrupt_.trigger(Reason::kShutdown);
  run_for(context_, milliseconds(20));
  EXPECT_FALSE(elsewhere.done());
  other.peer.write("x");
  run_until(context_, [&] { return elsewhere.done(); });
  EXPECT_FALSE(elsewhere.take());
}

TEST_F(InterruptTest, AnArmedTimeTriggers) {
  auto pair = make_pair(context_.get_executor());
  const TimePoint when = SteadyClock::now() + milliseconds(30);
  interrupt_.arm(when);
  EXPECT_EQ(interrupt_.armed(), when);
  EXPECT_EQ(run(context_, read_one(*pair.stream, interrupt_)), asio::error::operation_aborted);
  EXPECT_GE(SteadyClock::now(), when);
  EXPECT_EQ(interrupt_.reason(), Reason::kTimer);
}

TEST_F(InterruptTest, ATimerIsForgottenWhenItIsArmedAgain) {
  interrupt_.trigger(Reason::kTimer);
  interrupt_.arm(SteadyClock::now() + std::chrono::hours(1));
  EXPECT_EQ(interrupt_.reason(), Reason::kNone);
  interrupt_.trigger(Reason::kTimer);
  interrupt_.clear_timer();
  EXPECT_EQ(interrupt_.reason(), Reason::kNone);
  EXPECT_EQ(interrupt_.armed(), TimePoint::max());
}

TEST_F(InterruptTest, TheOtherReasonsAreFinal) {
  for (const Reason final_reason : {Reason::kClientGone, Reason::kShutdown}) {
    Interrupt interrupt(queue_);
    interrupt.trigger(Reason::kTimer);
    interrupt.trigger(final_reason);
    EXPECT_EQ(interrupt.reason(), final_reason) << "more than a timer";
    for (const Reason later : {Reason::kTimer, Reason::kClientGone, Reason::kShutdown}) interrupt.trigger(later);
    EXPECT_EQ(interrupt.reason(), final_reason);
    interrupt.arm(SteadyClock::now() + milliseconds(1));
    run_for(context_, milliseconds(20));
    EXPECT_EQ(interrupt.reason(), final_reason);
    interrupt.clear_timer();
    EXPECT_EQ(interrupt.reason(), final_reason);
  }
}

TEST_F(InterruptTest, ResetKeepsOnlyShutdown) {
  for (const Reason reason : {Reason::kTimer, Reason::kClientGone}) {
    interrupt_.trigger(reason);
    interrupt_.arm(SteadyClock::now() + milliseconds(1));
    interrupt_.reset();
    EXPECT_EQ(interrupt_.reason(), Reason::kNone);
    run_for(context_, milliseconds(10));
    EXPECT_EQ(interrupt_.reason(), Reason::kNone) << "the timer is gone as well";
  }
  interrupt_.trigger(Reason::kShutdown);
  interrupt_.reset();
  EXPECT_EQ(interrupt_.reason(), Reason::kShutdown);
}

TEST_F(InterruptTest, ScopesMayEndInAnyOrder) {
  auto pair = make_pair(context_.get_executor());
  auto first = std::make_unique<Interrupt::Scope>(interrupt_, pair.stream.get());
  auto second = std::make_unique<Interrupt::Scope>(interrupt_, pair.stream.get());
  auto third = std::make_unique<Interrupt::Scope>(interrupt_, pair.stream.get());
  second.reset();
  first.reset();
  third.reset();
  interrupt_.trigger(Reason::kTimer);  // nothing is left to cancel
  EXPECT_EQ(interrupt_.reason(), Reason::kTimer);
}

}  // namespace
}  // namespace fluxgate::net
