#include "fluxgate/telemetry/trace_context.hpp"

#include <gtest/gtest.h>

#include <set>

#include "fluxgate/telemetry/ids.hpp"

namespace fluxgate::telemetry {
namespace {

constexpr std::string_view kValid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, ReadsAndWritesTheSpecificationsExample) {
  const auto context = TraceContext::parse(kValid);
  ASSERT_TRUE(context);
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(context->trace_id_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->traceparent(), kValid);
}

// The accepting cases of the W3C test suite (trace-context/test/test.py).
TEST(TraceContext, AcceptsWhatTheSpecificationAccepts) {
  for (const std::string_view text : {
           "00-12345678901234567890123456789012-1234567890123456-00",
           "00-12345678901234567890123456789012-1234567890123456-01",
           "00-12345678901234567890123456789012-1234567890123456-ff",
           "cc-12345678901234567890123456789012-1234567890123456-01",
           "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
           " 00-12345678901234567890123456789012-1234567890123456-01",
           "\t00-12345678901234567890123456789012-1234567890123456-01\t ",
       }) {
    EXPECT_TRUE(TraceContext::parse(text)) << text;
  }
}

// Its refusing cases.
TEST(TraceContext, RefusesWhatTheSpecificationRefuses) {
  for (const std::string_view text : {
           "",
           "00",
           "00-12345678901234567890123456789012-1234567890123456-01.",
           "00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
           "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-not-be-like",
           "ff-12345678901234567890123456789012-1234567890123456-01",
           ".0-12345678901234567890123456789012-1234567890123456-01",
           "0.-12345678901234567890123456789012-1234567890123456-01",
           "000-12345678901234567890123456789012-1234567890123456-01",
           "0000-12345678901234567890123456789012-1234567890123456-01",
           "0-12345678901234567890123456789012-1234567890123456-01",
           "-12345678901234567890123456789012-1234567890123456-01",
           "00-00000000000000000000000000000000-1234567890123456-01",
           "00-.2345678901234567890123456789012-1234567890123456-01",
           "00-1234567890123456789012345678901.-1234567890123456-01",
           "00-123456789012345678901234567890123-1234567890123456-01",
           "00-1234567890123456789012345678901-1234567890123456-01",
           "00-12345678901234567890123456789012-0000000000000000-01",
           "00-12345678901234567890123456789012-.234567890123456-01",
           "00-12345678901234567890123456789012-123456789012345.-01",
           "00-12345678901234567890123456789012-12345678901234567-01",
           "00-12345678901234567890123456789012-123456789012345-01",
           "00-12345678901234567890123456789012-1234567890123456-.0",
           "00-12345678901234567890123456789012-1234567890123456-0.",
           "00-12345678901234567890123456789012-1234567890123456-001",
           "00-12345678901234567890123456789012-1234567890123456-1",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_FALSE(TraceContext::parse(text)) << text;
  }
}

TEST(TraceContext, WritesVersionZeroAndOnlyTheSampledFlag) {
  const auto context = TraceContext::parse("cc-12345678901234567890123456789012-1234567890123456-fe-more");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->traceparent(), "00-12345678901234567890123456789012-1234567890123456-00");
}

TEST(TraceContext, AChildKeepsTheTraceAndChangesTheSpan) {
  const auto parent = TraceContext::parse(kValid, "vendor=1,other=2");
  ASSERT_TRUE(parent);
  const TraceContext child = parent->child();
  EXPECT_EQ(child.trace_id, parent->trace_id);
  EXPECT_NE(child.span_id, parent->span_id);
  EXPECT_TRUE(child.sampled);
  EXPECT_EQ(child.tracestate, "vendor=1,other=2");
  EXPECT_TRUE(TraceContext::parse(child.traceparent()));
}

TEST(TraceContext, StartsValidTraces) {
  const TraceContext context = TraceContext::start(true);
  const auto read = TraceContext::parse(context.traceparent());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->trace_id, context.trace_id);
  EXPECT_TRUE(read->sampled);
}

TEST(TraceContext, CarriesTracestateUpToItsLimitAndThenWholeMembersOnly) {
  const std::string fits = "a=" + std::string(kMaxTracestate - 2, 'x');
  EXPECT_EQ(TraceContext::parse(kValid, fits)->tracestate, fits);
  const std::string first = "a=" + std::string(kMaxTracestate - 2, 'x');
  EXPECT_EQ(TraceContext::parse(kValid, first + ",b=2")->tracestate, first);
  EXPECT_EQ(TraceContext::parse(kValid, "k=v,b=" + std::string(600, 'x'))->tracestate, "k=v");
  EXPECT_EQ(TraceContext::parse(kValid, std::string(600, 'x'))->tracestate, "");
  EXPECT_EQ(TraceContext::parse(kValid, "a=1\r\nEvil: 1")->tracestate, "");
}

TEST(Ids, RequestIdsAreWellFormedAndDistinct) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_request_id();
    ASSERT_EQ(id.size(), 36U);
    EXPECT_TRUE(id.starts_with("req_"));
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef", 4), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

}  // namespace
}  // namespace fluxgate::telemetry
