#include "fluxgate/base/secret.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace fluxgate {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

// The point of the type: these are what a careless log statement would need.
static_assert(!Streamable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, const char*>);
static_assert(!std::is_convertible_v<Secret, bool>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);
static_assert(Streamable<std::string>);  // the concept itself works

TEST(Secret, RevealsWhatItHolds) {
  const Secret secret(std::string("sk-123"));
  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(secret.reveal(), "sk-123");
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(Secret().reveal(), "");
}

TEST(Secret, CopiesAreIndependent) {
  Secret original(std::string("a secret longer than any small string buffer"));
  const Secret copy = original;
  original = Secret(std::string("other"));
  EXPECT_EQ(copy.reveal(), "a secret longer than any small string buffer");
  EXPECT_EQ(original.reveal(), "other");
  const Secret& self = original;
  original = self;
  EXPECT_EQ(original.reveal(), "other");
}

TEST(Secret, AMoveLeavesNothingBehind) {
  for (const std::string value : {"short", "a secret longer than any small string buffer"}) {
    Secret from{std::string(value)};
    Secret constructed = std::move(from);
    EXPECT_EQ(constructed.reveal(), value);
    EXPECT_TRUE(from.empty());
    Secret assigned(std::string("old"));
    assigned = std::move(constructed);
    EXPECT_EQ(assigned.reveal(), value);
    EXPECT_TRUE(constructed.empty());
  }
}

// A short string lives inside the object, so what the move left in the old one can be looked at.
TEST(Secret, AMoveWipesTheBytesOfTheOldOne) {
  const std::string value = "sk-hush";
  Secret from{std::string(value)};
  const char* bytes = from.reveal().data();
  ASSERT_GE(bytes, reinterpret_cast<const char*>(&from));
  ASSERT_LT(bytes, reinterpret_cast<const char*>(&from) + sizeof from) << "the library keeps short strings elsewhere";
  const Secret to = std::move(from);
  EXPECT_EQ(std::string_view(bytes, value.size()).find("hush"), std::string_view::npos);
}

TEST(Secret, Compares) {
  EXPECT_EQ(Secret(std::string("abc")), Secret(std::string("abc")));
  EXPECT_NE(Secret(std::string("abc")), Secret(std::string("abd")));
  EXPECT_NE(Secret(std::string("abc")), Secret(std::string("abcd")));
  EXPECT_NE(Secret(std::string("abc")), Secret());
  EXPECT_EQ(Secret(), Secret());
}

}  // namespace
}  // namespace fluxgate
