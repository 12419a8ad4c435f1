#include "fluxgate/net/stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "net_test_support.hpp"

namespace fluxgate::net {
namespace {

using std::chrono::milliseconds;
using testing::make_pair;
using testing::run;
using testing::run_for;
using testing::run_until;
using testing::Spawned;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
  return text;
}

std::vector<asio::const_buffer> split(const std::string& text, std::size_t piece) {
  std::vector<asio::const_buffer> buffers;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    buffers.emplace_back(text.data() + at, std::min(piece, text.size() - at));
  }
  return buffers;
}

class StreamTest : public ::testing::Test {
 protected:
  asio::io_context context_;
};

Task<std::string> read_some(Stream& stream, std::size_t most) {
  std::string text(most, '\0');
  const IoResult result = co_await stream.read_some(text.data(), text.size());
  text.resize(result.size);
  if (result.error) text += "<" + result.error.message() + ">";
  co_return text;
}

Task<error_code> read_error(Stream& stream) {
  char byte = 0;
  const IoResult result = co_await stream.read_some(&byte, 1);
  co_return result.error;
}

TEST_F(StreamTest, ReadsWhatArrivesAndThenTheEnd) {
  auto pair = make_pair(context_.get_executor());
  pair.peer.write("hello");
  EXPECT_EQ(run(context_, read_some(*pair.stream, 100)), "hello");
  pair.peer.write("more");
  pair.peer.close();
  EXPECT_EQ(run(context_, read_some(*pair.stream, 2)), "mo");
  EXPECT_EQ(run(context_, read_some(*pair.stream, 100)), "re");
  EXPECT_EQ(run(context_, read_error(*pair.stream)), asio::error::eof);
}

TEST_F(StreamTest, WritesAtOnceWhatFits) {
  auto pair = make_pair(context_.get_executor());
  const std::string text = pattern(3000);
  for (const std::size_t skip : std::vector<std::size_t>{0, 1, 10, 2999, 3000}) {
    for (const std::size_t piece : {std::size_t{10}, std::size_t{300}, text.size()}) {
      // 100 buffers are more than one system call takes; an empty one among them does no harm.
      auto buffers = split(text, piece);
      buffers.insert(buffers.begin(), asio::const_buffer());
      const IoResult result = pair.stream->write_now(buffers, skip);
      EXPECT_FALSE(result.error);
      EXPECT_EQ(result.size, text.size()) << "counted from the start of the buffers";
      EXPECT_EQ(pair.peer.read_exactly(text.size() - skip), text.substr(skip)) << skip;
    }
  }
  EXPECT_FALSE(pair.stream->write_now({}).error);
}

Task<IoResult> write_all(Stream& stream, const std::vector<asio::const_buffer>& buffers) {
  co_return co_await stream.write_all(buffers);
}

TEST_F(StreamTest, TellsHowMuchFitted) {
  auto pair = make_pair(context_.get_executor());
  const std::string text = pattern(16 * 1024 * 1024);
  const auto buffers = split(text, text.size());
  const IoResult part = pair.stream->write_now(buffers);
  ASSERT_EQ(part.error, asio::error::would_block) << "no kernel takes that much at once";
  EXPECT_GT(part.size, 0U);
  ASSERT_LT(part.size, text.size());
  EXPECT_TRUE(pair.peer.read_exactly(part.size) == text.substr(0, part.size));
}

TEST_F(StreamTest, ASlowReaderGetsEverything) {
  for (const std::size_t piece : {std::size_t{1024 * 1024}, std::size_t{16 * 1024 * 1024}}) {
    auto pair = make_pair(context_.get_executor());
    const std::string text = pattern(16 * 1024 * 1024);
    const auto buffers = split(text, piece);
    std::string received;
    std::thread reader([&] {
      std::this_thread::sleep_for(milliseconds(30));
      received = pair.peer.read_exactly(text.size());
    });
    const IoResult all = run(context_, write_all(*pair.stream, buffers));
    reader.join();
    EXPECT_FALSE(all.error) << all.error.message();
    EXPECT_EQ(all.size, text.size());
    EXPECT_TRUE(received == text);
  }
}

TEST_F(StreamTest, WritingToAPeerThatLeftIsAnErrorAndNoSignal) {
  auto pair = make_pair(context_.get_executor());
  pair.peer.reset();
  const std::string text = pattern(100);
  const auto buffers = split(text, 100);
  error_code error;
  for (int i = 0; i < 50 && !error; ++i) {
    error = pair.stream->write_now(buffers).error;
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(is_disconnect(error)) << error.message();
}

TEST_F(StreamTest, ABlockedWriteEndsWhenThePeerLeaves) {
  auto pair = make_pair(context_.get_executor());
  const std::string text = pattern(16 * 1024 * 1024);
  const auto buffers = split(text, text.size());
  Spawned<IoResult> writing(write_all(*pair.stream, buffers));
  run_for(context_, milliseconds(20));
  EXPECT_FALSE(writing.done());
  pair.peer.reset();
  run_until(context_, [&] { return writing.done(); });
  const IoResult result = writing.take();
  EXPECT_TRUE(is_disconnect(result.error));
  EXPECT_GT(result.size, 0U) << "what went before is told";
  EXPECT_LT(result.size, text.size());
}

TEST_F(StreamTest, CancelEndsTheOperationAndLeavesTheStreamUsable) {
  auto pair = make_pair(context_.get_executor());
  pair.stream->cancel();  // nothing pending is no failure
  Spawned<error_code> reading(read_error(*pair.stream));
  run_for(context_, milliseconds(10));
  pair.stream->cancel();
  run_until(context_, [&] { return reading.done(); });
  EXPECT_EQ(reading.take(), asio::error::operation_aborted);
  pair.peer.write("still here");
  EXPECT_EQ(run(context_, read_some(*pair.stream, 100)), "still here");
}

TEST_F(StreamTest, QuietSeesBytesAndTheEnd) {
  auto pair = make_pair(context_.get_executor());
  EXPECT_TRUE(pair.stream->quiet());
  pair.peer.write("x");
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(pair.stream->quiet());
  EXPECT_EQ(run(context_, read_some(*pair.stream, 10)), "x") << "looking takes nothing away";
  EXPECT_TRUE(pair.stream->quiet());
  pair.peer.close();
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(pair.stream->quiet());
}

TEST_F(StreamTest, ShutdownSendEndsOneDirection) {
  auto pair = make_pair(context_.get_executor());
  pair.stream->shutdown_send();
  EXPECT_EQ(pair.peer.read(), "");
  EXPECT_EQ(errno, 0);
  pair.peer.write("late");
  EXPECT_EQ(run(context_, read_some(*pair.stream, 10)), "late");
}

TEST_F(StreamTest, ClosingWithAResetIsSeenAsOne) {
  auto pair = make_pair(context_.get_executor());
  pair.stream->close_with_reset();
  EXPECT_EQ(pair.peer.read(), "");
  EXPECT_EQ(errno, ECONNRESET);
  auto other = make_pair(context_.get_executor());
  other.stream->close();
  EXPECT_EQ(other.peer.read(), "");
  EXPECT_EQ(errno, 0);
}

TEST(Disconnect, KnowsItsErrors) {
  EXPECT_TRUE(is_disconnect(asio::error::eof));
  EXPECT_TRUE(is_disconnect(asio::error::connection_reset));
  EXPECT_TRUE(is_disconnect(asio::error::broken_pipe));
  EXPECT_FALSE(is_disconnect(asio::error::operation_aborted));
  EXPECT_FALSE(is_disconnect(asio::error::would_block));
  EXPECT_FALSE(is_disconnect(error_code()));
}

}  // namespace
}  // namespace fluxgate::net
