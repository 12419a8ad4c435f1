#include "fluxgate/resilience/classify.hpp"

#include <gtest/gtest.h>

namespace fluxgate::resilience {
namespace {

using std::chrono::milliseconds;

TEST(Classify, Statuses) {
  struct Case {
    int status;
    NextStep step;
  };
  for (const Case& c : {Case{400, NextStep::kStop},        Case{401, NextStep::kOtherTarget},
                        Case{402, NextStep::kOtherTarget}, Case{403, NextStep::kOtherTarget},
                        Case{404, NextStep::kOtherTarget}, Case{405, NextStep::kStop},
                        Case{408, NextStep::kAnyTarget},   Case{409, NextStep::kAnyTarget},
                        Case{413, NextStep::kStop},        Case{415, NextStep::kStop},
                        Case{422, NextStep::kStop},        Case{429, NextStep::kOtherTarget},
                        Case{500, NextStep::kAnyTarget},   Case{501, NextStep::kOtherTarget},
                        Case{502, NextStep::kAnyTarget},   Case{503, NextStep::kAnyTarget},
                        Case{504, NextStep::kAnyTarget},   Case{505, NextStep::kOtherTarget},
                        Case{529, NextStep::kAnyTarget},   Case{599, NextStep::kAnyTarget},
                        Case{301, NextStep::kStop},        Case{304, NextStep::kStop}}) {
    EXPECT_EQ(after_status(c.status), c.step) << c.status;
  }
}

TEST(Classify, Errors) {
  constexpr int kKinds = static_cast<int>(ErrorKind::kConfig) + 1;
  for (int i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const NextStep step = after_error({kind, ErrorSource::kUpstream, Retry::kYes, ""});
    switch (kind) {
      case ErrorKind::kConnect:
      case ErrorKind::kUpstreamReset: EXPECT_EQ(step, NextStep::kAnyTarget) << to_string(kind); break;
      case ErrorKind::kTls:
      case ErrorKind::kDns:
      case ErrorKind::kForbiddenAddress:
      case ErrorKind::kUpstreamTimeout:
      case ErrorKind::kUpstreamProtocol:
      case ErrorKind::kUpstreamInBand: EXPECT_EQ(step, NextStep::kOtherTarget) << to_string(kind); break;
      default: EXPECT_EQ(step, NextStep::kStop) << to_string(kind);
    }
  }
}

TEST(Backoff, DoublesWithEqualJitterUpToItsLimit) {
  Random random(1);
  const milliseconds base(100);
  for (std::size_t again = 1; again <= 12; ++again) {
    const milliseconds full = std::min(milliseconds(100LL << (again - 1)), milliseconds(8000));
    milliseconds lowest = full;
    milliseconds highest(0);
    for (int i = 0; i < 500; ++i) {
      const auto wait = backoff(again, base, std::nullopt, milliseconds(60000), random);
      ASSERT_TRUE(wait);
      lowest = std::min(lowest, *wait);
      highest = std::max(highest, *wait);
    }
    EXPECT_GE(lowest, full / 2) << again;
    EXPECT_LE(highest, full) << again;
    EXPECT_LT(lowest, full * 6 / 10) << "the draw covers the range, " << again;
    EXPECT_GT(highest, full * 9 / 10) << again;
  }
}

TEST(Backoff, HugeCountsDoNotOverflow) {
  Random random(1);
  EXPECT_LE(*backoff(1'000'000, milliseconds(100), std::nullopt, milliseconds(60000), random), milliseconds(8000));
  EXPECT_LE(*backoff(64, milliseconds(1), std::nullopt, milliseconds(60000), random), milliseconds(8000));
  EXPECT_EQ(*backoff(1000, milliseconds(0), std::nullopt, milliseconds(60000), random), milliseconds(0));
  EXPECT_LE(*backoff(1, milliseconds(50000), std::nullopt, milliseconds(60000), random), milliseconds(8000));
}

TEST(Backoff, RetryAfterIsALowerBound) {
  Random random(1);
  EXPECT_EQ(*backoff(1, milliseconds(100), milliseconds(5000), milliseconds(60000), random), milliseconds(5000));
  const auto wait = backoff(1, milliseconds(100), milliseconds(1), milliseconds(60000), random);
  EXPECT_GE(*wait, milliseconds(50));
}

TEST(Backoff, NothingIfItWouldTakeTooLong) {
  Random random(1);
  EXPECT_FALSE(backoff(1, milliseconds(100), milliseconds(5000), milliseconds(4999), random).has_value());
  EXPECT_TRUE(backoff(1, milliseconds(100), milliseconds(5000), milliseconds(5000), random).has_value());
  EXPECT_FALSE(backoff(1, milliseconds(100), std::nullopt, milliseconds(0), random).has_value());
  EXPECT_FALSE(backoff(1, milliseconds(100), std::nullopt, milliseconds(-1), random).has_value());
}

}  // namespace
}  // namespace fluxgate::resilience
