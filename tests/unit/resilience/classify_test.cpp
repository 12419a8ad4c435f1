#include "fluxgate/resilience/classify.hpp"

#include <gtest/gtest.h>

#include <string>

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
                        Case{408, NextStep::kOtherTarget},  Case{409, NextStep::kAnyTarget},
                        Case{413, NextStep::kStop},        Case{415, NextStep::kStop},
                        Case{422, NextStep::kStop},        Case{429, NextStep::kOtherTarget},
                        Case{500, NextStep::kAnyTarget},   Case{501, NextStep::kOtherTarget},
                        Case{502, NextStep::kAnyTarget},   Case{503, NextStep::kAnyTarget},
                        Case{504, NextStep::kAnyTarget},   Case{505, NextStep::kOtherTarget},
                        Case{529, NextStep::kAnyTarget},   Case{599, NextStep::kAnyTarget},
                        Case{301, NextStep::kStop},        Case{304, NextStep::kStop}}) {
    EXPECT_EQ(classify_status(c.status, ErrorClass::kNone, false).next, c.step) << c.status;
  }
}

TEST(Classify, Errors) {
  constexpr int kKinds = static_cast<int>(ErrorKind::kConfig) + 1;
  for (int i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    const NextStep step = classify_error({kind, ErrorSource::kUpstream, Retry::kYes, ""}).next;
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

TEST(Classify, VerdictTable) {
  using E = ErrorClass;
  using F = Fault;
  using N = NextStep;
  struct Case {
    int status;
    E known;
    Verdict verdict;
    Verdict with_filter_fallback;
  };
  const auto both = [](int status, E known, F fault, N next) {
    return Case{status, known, {fault, next}, {fault, next}};
  };
  for (const Case& c : {
           both(200, E::kNone, F::kNone, N::kStop),
           both(304, E::kNone, F::kNone, N::kStop),
           both(400, E::kNone, F::kClient, N::kStop),
           both(400, E::kContextLength, F::kClient, N::kLargerWindow),
           both(413, E::kContextLength, F::kClient, N::kLargerWindow),
           both(400, E::kUnsupportedParameter, F::kClient, N::kOtherTarget),
           Case{400, E::kContentFilter, {F::kClient, N::kStop}, {F::kClient, N::kOtherTarget}},
           Case{403, E::kContentFilter, {F::kClient, N::kStop}, {F::kClient, N::kOtherTarget}},
           both(401, E::kNone, F::kCredential, N::kOtherTarget),
           both(402, E::kNone, F::kCredential, N::kOtherTarget),
           both(403, E::kNone, F::kCredential, N::kOtherTarget),
           both(429, E::kInsufficientQuota, F::kCredential, N::kOtherTarget),
           both(400, E::kInvalidCredential, F::kCredential, N::kOtherTarget),
           both(404, E::kNone, F::kModel, N::kOtherTarget),
           both(400, E::kModelNotFound, F::kModel, N::kOtherTarget),
           both(408, E::kNone, F::kTimeout, N::kOtherTarget),
           both(409, E::kNone, F::kClient, N::kAnyTarget),
           both(413, E::kNone, F::kClient, N::kStop),
           both(413, E::kTooLargeForQuota, F::kClient, N::kOtherTarget),
           both(422, E::kNone, F::kClient, N::kStop),
           both(425, E::kNone, F::kClient, N::kAnyTarget),
           both(429, E::kNone, F::kRateLimited, N::kOtherTarget),
           both(503, E::kRateLimited, F::kRateLimited, N::kOtherTarget),
           both(500, E::kNone, F::kTarget, N::kAnyTarget),
           both(501, E::kNone, F::kClient, N::kOtherTarget),
           both(502, E::kNone, F::kTarget, N::kAnyTarget),
           both(503, E::kNone, F::kTarget, N::kAnyTarget),
           both(503, E::kOverloaded, F::kTarget, N::kAnyTarget),
           both(504, E::kNone, F::kTarget, N::kAnyTarget),
           both(505, E::kNone, F::kTarget, N::kOtherTarget),
           both(529, E::kNone, F::kTarget, N::kAnyTarget),
           both(529, E::kOverloaded, F::kTarget, N::kAnyTarget),
       }) {
    SCOPED_TRACE(std::to_string(c.status) + " " + std::string(to_string(c.known)));
    EXPECT_EQ(classify_status(c.status, c.known, false), c.verdict);
    EXPECT_EQ(classify_status(c.status, c.known, true), c.with_filter_fallback);
  }
}

TEST(Classify, InBandAndEmpty) {
  EXPECT_EQ(classify_in_band(ErrorClass::kNone, false), (Verdict{Fault::kTarget, NextStep::kOtherTarget}));
  EXPECT_EQ(classify_in_band(ErrorClass::kRateLimited, false), (Verdict{Fault::kRateLimited, NextStep::kOtherTarget}));
  EXPECT_EQ(classify_in_band(ErrorClass::kContentFilter, false), (Verdict{Fault::kClient, NextStep::kStop}));
  EXPECT_EQ(classify_in_band(ErrorClass::kContentFilter, true), (Verdict{Fault::kClient, NextStep::kOtherTarget}));
  EXPECT_EQ(classify_empty_answer(), (Verdict{Fault::kTarget, NextStep::kAnyTarget}));
}

TEST(Classify, FaultsOfErrors) {
  struct Case {
    ErrorKind kind;
    ErrorSource source;
    Retry retry;
    Fault fault;
  };
  for (const Case& c : {Case{ErrorKind::kConnect, ErrorSource::kUpstream, Retry::kYes, Fault::kTarget},
                        Case{ErrorKind::kTls, ErrorSource::kUpstream, Retry::kYes, Fault::kTarget},
                        Case{ErrorKind::kDns, ErrorSource::kUpstream, Retry::kYes, Fault::kTarget},
                        Case{ErrorKind::kUpstreamProtocol, ErrorSource::kUpstream, Retry::kYes, Fault::kTarget},
                        Case{ErrorKind::kUpstreamInBand, ErrorSource::kUpstream, Retry::kYes, Fault::kTarget},
                        Case{ErrorKind::kUpstreamReset, ErrorSource::kUpstream, Retry::kYes, Fault::kTarget},
                        Case{ErrorKind::kUpstreamReset, ErrorSource::kUpstream, Retry::kIfReused, Fault::kCancelled},
                        Case{ErrorKind::kUpstreamTimeout, ErrorSource::kUpstream, Retry::kYes, Fault::kTimeout},
                        Case{ErrorKind::kClientGone, ErrorSource::kClient, Retry::kNo, Fault::kClient},
                        Case{ErrorKind::kBadRequest, ErrorSource::kClient, Retry::kNo, Fault::kClient},
                        Case{ErrorKind::kDeadline, ErrorSource::kGateway, Retry::kNo, Fault::kCancelled},
                        Case{ErrorKind::kCancelled, ErrorSource::kGateway, Retry::kNo, Fault::kCancelled},
                        Case{ErrorKind::kDraining, ErrorSource::kGateway, Retry::kNo, Fault::kCancelled}}) {
    EXPECT_EQ(classify_error({c.kind, c.source, c.retry, ""}).fault, c.fault) << to_string(c.kind);
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
