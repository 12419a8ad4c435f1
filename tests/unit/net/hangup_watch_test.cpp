#include "fluxgate/net/hangup_watch.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "net_test_support.hpp"

namespace fluxgate::net {
namespace {

using std::chrono::milliseconds;
using testing::make_pair;
using testing::run_for;
using testing::run_until;

class HangupTest : public ::testing::Test {
 protected:
  static void count(void* counter) { ++*static_cast<int*>(counter); }

  asio::io_context context_;
  HangupWatch watch_{context_.get_executor()};
  int hangups_ = 0;
};

constexpr milliseconds kSeveralPeriods = 4 * HangupWatch::kPeriod;

TEST_F(HangupTest, NoticesAClose) {
  auto pair = make_pair(context_.get_executor());
  const HangupWatch::Entry entry(watch_, pair.stream->native_handle(), &HangupTest::count, &hangups_);
  run_for(context_, kSeveralPeriods);
  EXPECT_EQ(hangups_, 0) << "an open connection is no hangup";
  pair.peer.close();
  run_until(context_, [&] { return hangups_ > 0; });
  run_for(context_, kSeveralPeriods);
  EXPECT_EQ(hangups_, 1) << "told once";
}

TEST_F(HangupTest, NoticesAReset) {
  auto pair = make_pair(context_.get_executor());
  const HangupWatch::Entry entry(watch_, pair.stream->native_handle(), &HangupTest::count, &hangups_);
  pair.peer.reset();
  run_until(context_, [&] { return hangups_ == 1; });
}

TEST_F(HangupTest, PipelinedBytesAreNoHangup) {
  auto pair = make_pair(context_.get_executor());
  const HangupWatch::Entry entry(watch_, pair.stream->native_handle(), &HangupTest::count, &hangups_);
  pair.peer.write("GET / HTTP/1.1\r\n");
  run_for(context_, kSeveralPeriods);
  EXPECT_EQ(hangups_, 0);
  pair.peer.close();  // and they do not hide one
  run_until(context_, [&] { return hangups_ == 1; });
}

TEST_F(HangupTest, AnEntryThatIsGoneHearsNothing) {
  auto pair = make_pair(context_.get_executor());
  std::optional<HangupWatch::Entry> entry;
  entry.emplace(watch_, pair.stream->native_handle(), &HangupTest::count, &hangups_);
  pair.peer.close();
  entry.reset();
  run_for(context_, kSeveralPeriods);
  EXPECT_EQ(hangups_, 0);
}

TEST_F(HangupTest, OfManyOnlyThoseThatLeft) {
  constexpr std::size_t kMany = 20;
  std::vector<testing::Pair> pairs;
  std::vector<std::unique_ptr<HangupWatch::Entry>> entries;
  std::vector<int> counts(kMany, 0);
  for (std::size_t i = 0; i < kMany; ++i) {
    pairs.push_back(make_pair(context_.get_executor()));
    entries.push_back(std::make_unique<HangupWatch::Entry>(watch_, pairs[i].stream->native_handle(), &HangupTest::count,
                                                           &counts[i]));
  }
  for (std::size_t i = 0; i < kMany; i += 3) entries[i].reset();  // entries behind them change their place
  for (std::size_t i = 0; i < kMany; i += 2) pairs[i].peer.close();
  run_until(context_, [&] { return counts[2] + counts[4] == 2; });
  run_for(context_, kSeveralPeriods);
  for (std::size_t i = 0; i < kMany; ++i) EXPECT_EQ(counts[i], i % 2 == 0 && i % 3 != 0 ? 1 : 0) << i;
}

}  // namespace
}  // namespace fluxgate::net
