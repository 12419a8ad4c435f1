#include "fluxgate/base/error.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace fluxgate {
namespace {

TEST(Error, EveryKindHasItsOwnName) {
  std::set<std::string_view> names;
  constexpr int kKinds = static_cast<int>(ErrorKind::kConfig) + 1;
  for (int i = 0; i < kKinds; ++i) {
    const auto name = to_string(static_cast<ErrorKind>(i));
    EXPECT_NE(name, "unknown") << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  for (const auto source : {ErrorSource::kClient, ErrorSource::kGateway, ErrorSource::kUpstream}) {
    EXPECT_NE(to_string(source), "unknown");
  }
}

TEST(Error, ExtrasAreChained) {
  const Error error = client_error(ErrorKind::kBadRequest, "no").with_param("model").with_code("c").with_detail("d");
  EXPECT_EQ(error.message, "no");
  EXPECT_EQ(error.param, "model");
  EXPECT_EQ(error.code, "c");
  EXPECT_EQ(error.detail, "d");
  EXPECT_EQ(error.source, ErrorSource::kClient);
  EXPECT_EQ(error.retry, Retry::kNo);
}

TEST(Result, HoldsOneOrTheOther) {
  Result<std::string> good(std::string("text"));
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "text");
  EXPECT_EQ(good->size(), 4U);
  Result<std::string> bad(upstream_error(ErrorKind::kDns, Retry::kYes, "gone"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::kDns);
  EXPECT_THROW(bad.value(), std::bad_variant_access);
  EXPECT_THROW(good.error(), std::bad_variant_access);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, OfNothing) {
  const Result<void> good;
  EXPECT_TRUE(good);
  Result<void> bad(client_error(ErrorKind::kNotFound, "no"));
  EXPECT_FALSE(bad);
  EXPECT_EQ(std::move(bad).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace fluxgate
