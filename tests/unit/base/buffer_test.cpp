#include "fluxgate/base/buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace fluxgate {
namespace {

void fill(Buffer& buffer, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) buffer.data()[i] = static_cast<char>(i % 251);
}

bool holds(const Buffer& buffer, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (buffer.data()[i] != static_cast<char>(i % 251)) return false;
  }
  return true;
}

TEST(Buffer, HasTheSizeAskedFor) {
  EXPECT_EQ(Buffer().capacity(), Buffer::kStandard);
  EXPECT_EQ(Buffer(1).capacity(), 1U);
  Buffer buffer(100);
  fill(buffer, 100);
  EXPECT_TRUE(holds(buffer, 100));
  EXPECT_EQ(buffer.view(3, 5), std::string_view(buffer.data() + 3, 2));
}

// Under AddressSanitizer this is where a missing slack would show.
TEST(Buffer, SlackBehindTheCapacityIsReadable) {
  for (const std::size_t capacity : {std::size_t{1}, Buffer::kStandard, std::size_t{100000}}) {
    const Buffer buffer(capacity);
    std::string slack(Buffer::kSlack, 'x');
    std::memcpy(slack.data(), buffer.data() + capacity, slack.size());
    EXPECT_EQ(slack, std::string(Buffer::kSlack, '\0'));
  }
}

TEST(Buffer, GrowKeepsBytesAndDoubles) {
  Buffer buffer(100);
  fill(buffer, 100);
  buffer.grow(50, 100);
  EXPECT_EQ(buffer.capacity(), 100U) << "never shrinks";
  buffer.grow(101, 100);
  EXPECT_EQ(buffer.capacity(), 200U);
  EXPECT_TRUE(holds(buffer, 100));
  buffer.grow(100000, 100);
  EXPECT_EQ(buffer.capacity(), 100000U);
  EXPECT_TRUE(holds(buffer, 100));
}

TEST(Buffer, MovesWithoutCopying) {
  Buffer first(64);
  fill(first, 64);
  const char* place = first.data();
  Buffer second = std::move(first);
  EXPECT_EQ(second.data(), place);
  EXPECT_EQ(first.capacity(), 0U);
  Buffer third(10);
  third = std::move(second);
  EXPECT_EQ(third.data(), place);
  EXPECT_TRUE(holds(third, 64));
  EXPECT_EQ(second.capacity(), 0U);
  first = Buffer(5);  // a moved-from buffer may be given a block again
  EXPECT_EQ(first.capacity(), 5U);
}

TEST(Buffer, StandardBlocksAreRecycledPerThread) {
  std::thread([] {  // a thread of its own: an empty free list
    const char* place = nullptr;
    {
      const Buffer buffer;
      place = buffer.data();
    }
    EXPECT_EQ(Buffer().data(), place);
    {
      const Buffer other(Buffer::kStandard * 2);
      EXPECT_NE(other.data(), place) << "only the standard size comes from the list";
    }
    std::vector<Buffer> many(200);  // more than the list keeps
    std::set<const char*> places;
    for (const Buffer& buffer : many) places.insert(buffer.data());
    EXPECT_EQ(places.size(), many.size());
    many.clear();
    many = std::vector<Buffer>(200);
    const auto kept = std::count_if(many.begin(), many.end(),
                                    [&](const Buffer& buffer) { return places.contains(buffer.data()); });
    EXPECT_GE(kept, 64);
    many[0].data()[Buffer::kStandard - 1] = 'x';
  }).join();
}

}  // namespace
}  // namespace fluxgate
