#include "fluxgate/net/deadline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "fluxgate/base/random.hpp"
#include "net_test_support.hpp"

namespace fluxgate::net {
namespace {

using std::chrono::milliseconds;
using testing::run_for;
using testing::run_until;

class DeadlineTest : public ::testing::Test {
 protected:
  // A deadline that notes its number when it expires.
  struct Noted {
    Noted(DeadlineTest& of, int is) : test(of), number(is), deadline(of.queue_, &Noted::expired, this) {}
    static void expired(void* self) {
      auto& noted = *static_cast<Noted*>(self);
      EXPECT_GE(SteadyClock::now(), noted.due) << "never early";
      noted.test.order_.push_back(noted.number);
    }
    void set_in(milliseconds time) {
      due = SteadyClock::now() + time;
      deadline.set(due);
    }
    DeadlineTest& test;
    int number;
    TimePoint due{};
    Deadline deadline;
  };

  asio::io_context context_;
  DeadlineQueue queue_{context_.get_executor()};
  std::vector<int> order_;
};

TEST_F(DeadlineTest, ExpireInTheirOrder) {
  Noted three(*this, 3);
  Noted one(*this, 1);
  Noted two(*this, 2);
  three.set_in(milliseconds(60));
  one.set_in(milliseconds(20));
  two.set_in(milliseconds(40));
  run_until(context_, [&] { return order_.size() == 3; });
  EXPECT_EQ(order_, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_EQ(one.deadline.when(), TimePoint::max());
}

TEST_F(DeadlineTest, MovedLater) {
  Noted moved(*this, 1);
  Noted fixed(*this, 2);
  moved.set_in(milliseconds(10));
  fixed.set_in(milliseconds(40));
  moved.set_in(milliseconds(80));
  EXPECT_EQ(moved.deadline.when(), moved.due);
  run_until(context_, [&] { return order_.size() == 2; });
  EXPECT_EQ(order_, (std::vector<int>{2, 1}));
}

TEST_F(DeadlineTest, MovedEarlier) {
  Noted moved(*this, 1);
  Noted fixed(*this, 2);
  moved.set_in(std::chrono::hours(1));
  fixed.set_in(milliseconds(60));
  moved.set_in(milliseconds(20));
  run_until(context_, [&] { return order_.size() == 2; });
  EXPECT_EQ(order_, (std::vector<int>{1, 2}));
}

TEST_F(DeadlineTest, MovedLaterAndThenEarlierAgain) {
  Noted moved(*this, 1);
  moved.set_in(milliseconds(50));
  moved.set_in(std::chrono::hours(1));
  moved.set_in(milliseconds(20));  // earlier than the place it still has in the heap
  run_until(context_, [&] { return order_.size() == 1; });
  moved.set_in(milliseconds(30));
  moved.set_in(std::chrono::hours(1));
  run_for(context_, milliseconds(80));
  EXPECT_EQ(order_, (std::vector<int>{1}));
}

TEST_F(DeadlineTest, ClearedDoesNotExpire) {
  Noted cleared(*this, 1);
  Noted fixed(*this, 2);
  cleared.set_in(milliseconds(10));
  fixed.set_in(milliseconds(40));
  cleared.deadline.clear();
  EXPECT_EQ(cleared.deadline.when(), TimePoint::max());
  run_until(context_, [&] { return order_.size() == 1; });
  run_for(context_, milliseconds(20));
  EXPECT_EQ(order_, (std::vector<int>{2}));
  EXPECT_EQ(queue_.size(), 0U) << "a cleared one leaves the heap when its old time comes";
  cleared.set_in(milliseconds(5));
  run_until(context_, [&] { return order_.size() == 2; });
}

TEST_F(DeadlineTest, DestroyedDoesNotExpire) {
  auto gone = std::make_unique<Noted>(*this, 1);
  Noted fixed(*this, 2);
  gone->set_in(milliseconds(10));
  fixed.set_in(milliseconds(30));
  gone.reset();
  EXPECT_EQ(queue_.size(), 1U);
  run_until(context_, [&] { return order_.size() == 1; });
  EXPECT_EQ(order_, (std::vector<int>{2}));
}

TEST_F(DeadlineTest, OneInThePastExpiresAtOnce) {
  Noted past(*this, 1);
  past.set_in(milliseconds(-1000));
  EXPECT_TRUE(order_.empty()) << "but never inside set()";
  run_until(context_, [&] { return order_.size() == 1; });
}

struct SelfMade {
  explicit SelfMade(DeadlineQueue& queue) : deadline(queue, &SelfMade::expired, this) {}
  static void expired(void* self) {
    auto* made = static_cast<SelfMade*>(self);
    ++*made->expiries;
    if (--made->again > 0) {
      made->deadline.set(SteadyClock::now() + milliseconds(1));
    } else {
      made->owner->reset();  // destroys made
    }
  }
  int again = 3;
  int* expiries = nullptr;
  std::unique_ptr<SelfMade>* owner = nullptr;
  Deadline deadline;
};

TEST_F(DeadlineTest, TheCallbackMaySetItAgainOrDestroyIt) {
  auto made = std::make_unique<SelfMade>(queue_);
  int expiries = 0;
  made->expiries = &expiries;
  made->owner = &made;
  made->deadline.set(SteadyClock::now() + milliseconds(1));
  run_until(context_, [&] { return !made; });
  EXPECT_EQ(expiries, 3);
  EXPECT_EQ(queue_.size(), 0U);
}

// One callback destroys another deadline that is due at the same moment.
struct Killer {
  Killer(DeadlineQueue& queue, std::unique_ptr<SelfMade>& of) : victim(of), deadline(queue, &Killer::expired, this) {}
  static void expired(void* self) { static_cast<Killer*>(self)->victim.reset(); }
  std::unique_ptr<SelfMade>& victim;
  Deadline deadline;
};

TEST_F(DeadlineTest, TheCallbackMayDestroyAnother) {
  int expiries = 0;
  auto victim = std::make_unique<SelfMade>(queue_);
  victim->expiries = &expiries;
  Killer killer(queue_, victim);
  const TimePoint when = SteadyClock::now() + milliseconds(5);
  killer.deadline.set(when - milliseconds(1));
  victim->deadline.set(when);
  std::this_thread::sleep_for(milliseconds(10));  // both are due in one round
  run_until(context_, [&] { return !victim; });
  run_for(context_, milliseconds(10));
  EXPECT_EQ(expiries, 0);
}

// The heap against a plain list, through many random operations. The order is not looked at: deadlines that are late
// together expire in any order.
TEST_F(DeadlineTest, ManyExpireOnceEachWhateverWasDoneToThem) {
  Random random(99);
  std::vector<std::unique_ptr<Noted>> all;
  for (int i = 0; i < 300; ++i) all.push_back(std::make_unique<Noted>(*this, i));
  for (int i = 0; i < 3000; ++i) {
    auto& one = all[random.next() % all.size()];
    switch (random.next() % 8) {
      case 0: one->deadline.clear(); one->due = TimePoint::max(); break;
      case 1: {
        const int number = one->number;
        one = std::make_unique<Noted>(*this, number);
        one->due = TimePoint::max();
        break;
      }
      default: one->set_in(milliseconds(100 + static_cast<long>(random.next() % 100)));
    }
  }
  std::vector<int> expected;
  for (const auto& one : all) {
    if (one->deadline.when() != TimePoint::max()) expected.push_back(one->number);
  }
  run_until(context_, [&] { return order_.size() >= expected.size(); });
  run_for(context_, milliseconds(150));
  std::sort(order_.begin(), order_.end());
  EXPECT_EQ(order_, expected);
  EXPECT_EQ(queue_.size(), 0U);
}

}  // namespace
}  // namespace fluxgate::net
