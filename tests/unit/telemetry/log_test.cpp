#include "fluxgate/telemetry/log.hpp"

#include <gmock/gmock.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "fluxgate/telemetry/line_file.hpp"
#include "telemetry/line_format.hpp"

namespace fluxgate::telemetry {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class LogTest : public testing::Test {
 protected:
  LogTest() {
    static int number = 0;
    directory_ = std::filesystem::temp_directory_path() /
                 ("fluxgate_log_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    std::filesystem::create_directories(directory_);
    path_ = directory_ / "fluxgate.log";
  }
  ~LogTest() override { std::filesystem::remove_all(directory_); }

  config::Log settings(config::LogFormat format) const {
    config::Log log;
    log.format = format;
    log.file = path_.string();
    return log;
  }
  static std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> lines() const { return lines_of(path_); }

  std::filesystem::path directory_;
  std::filesystem::path path_;
};

// 2026-11-25T19:30:00.123Z
constexpr std::chrono::system_clock::time_point kThen{std::chrono::milliseconds(1795635000123)};

AccessRecord full_record() {
  AccessRecord record;
  record.time = kThen;
  record.request_id = "req_1";
  record.client = "10.0.0.1:5000";
  record.method = "POST";
  record.path = "/v1/chat/completions";
  record.status = 200;
  record.route = "smart";
  record.target = "gpt";
  record.attempts = 2;
  record.stream = true;
  record.bytes_in = 512;
  record.bytes_out = 4096;
  record.duration = std::chrono::microseconds(1500042);
  record.upstream = milliseconds(1499);
  record.time_to_first_token = std::chrono::microseconds(300007);
  record.tokens_in = 100;
  record.tokens_out = 25;
  record.finish_reason = "stop";
  return record;
}

std::string escaped(std::string_view text, std::size_t max = 1000) {
  LineBuffer out;
  append_escaped(out, text, max);
  return fmt::to_string(out);
}

TEST(LineFormat, WritesTimesInUtcWithMilliseconds) {
  const auto text = [](std::chrono::system_clock::time_point time) {
    LineBuffer out;
    append_time(out, time);
    return fmt::to_string(out);
  };
  EXPECT_EQ(text(kThen), "2026-11-25T19:30:00.123Z");
  EXPECT_EQ(text(kThen + milliseconds(876)), "2026-11-25T19:30:00.999Z");
  EXPECT_EQ(text(kThen + milliseconds(877)), "2026-11-25T19:30:01.000Z");
  EXPECT_EQ(text(kThen - std::chrono::hours(24 * 365)), "2025-11-25T19:30:00.123Z");
  EXPECT_EQ(text(std::chrono::system_clock::time_point(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(LineFormat, EscapesWhatCouldForgeALineOrSteerATerminal) {
  EXPECT_EQ(escaped("plain text, ok"), "plain text, ok");
  EXPECT_EQ(escaped("a\"b\\c"), "a\\\"b\\\\c");
  EXPECT_EQ(escaped("a\r\nb\tc"), "a\\r\\nb\\tc");
  EXPECT_EQ(escaped(std::string_view("\0\x1b[31m\x7f", 7)), "\\u0000\\u001b[31m\\u007f");
  EXPECT_EQ(escaped("gr\u00fc\u00dfe \U0001f600"), "gr\u00fc\u00dfe \U0001f600");
  EXPECT_EQ(escaped("\u009b2J"), "\\u009b2J");            // the one-character CSI
  EXPECT_EQ(escaped("a\u2028b\u202ec"), "a\\u2028b\\u202ec");
}

TEST(LineFormat, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(escaped("a\xff\xfe"), "a\\ufffd\\ufffd");
  EXPECT_EQ(escaped("\xc0\x80"), "\\ufffd\\ufffd");         // overlong NUL
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");  // a surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd");
  EXPECT_EQ(escaped("x\xe2\x82"), "x\\ufffd\\ufffd");       // cut short
}

TEST(LineFormat, CutsLongTextAtACharacter) {
  EXPECT_EQ(escaped("abcdef", 3), "abc...");
  EXPECT_EQ(escaped("ab\u20ac", 4), "ab...");
  EXPECT_EQ(escaped("ab\u20acd", 5), "ab\u20ac...");
}

TEST_F(LogTest, TextAccessLine) {
  Logging logging(settings(config::LogFormat::kText));
  logging.access().write(full_record());
  logging.flush();
  EXPECT_THAT(lines(), ElementsAre("2026-11-25T19:30:00.123Z access request_id=req_1 client=10.0.0.1:5000 method=POST "
                                   "path=/v1/chat/completions status=200 route=smart target=gpt attempts=2 stream=true "
                                   "bytes_in=512 bytes_out=4096 duration_ms=1500.042 upstream_ms=1499.000 "
                                   "ttft_ms=300.007 tokens_in=100 tokens_out=25 finish_reason=stop"));
}

TEST_F(LogTest, JsonAccessLine) {
  Logging logging(settings(config::LogFormat::kJson));
  logging.access().write(full_record());
  logging.flush();
  ASSERT_EQ(lines().size(), 1U);
  const json expected = {{"time", "2026-11-25T19:30:00.123Z"}, {"type", "access"}, {"request_id", "req_1"},
                         {"client", "10.0.0.1:5000"}, {"method", "POST"}, {"path", "/v1/chat/completions"},
                         {"status", 200}, {"route", "smart"}, {"target", "gpt"}, {"attempts", 2}, {"stream", true},
                         {"bytes_in", 512}, {"bytes_out", 4096}, {"duration_ms", 1500.042}, {"upstream_ms", 1499.0},
                         {"ttft_ms", 300.007}, {"tokens_in", 100}, {"tokens_out", 25}, {"finish_reason", "stop"}};
  EXPECT_EQ(json::parse(lines().front()), expected);
}

TEST_F(LogTest, HostileBytesStayInsideTheirField) {
  const std::string path = std::string("/v1/\n{\"status\":200}\x1b[2J\" status=200 \xff\xc3") + std::string(5000, 'a');
  for (const auto format : {config::LogFormat::kText, config::LogFormat::kJson}) {
    std::filesystem::remove(path_);
    Logging logging(settings(format));
    AccessRecord record = full_record();
    record.status = 404;
    record.path = path;
    record.error = "not_found";
    logging.access().write(record);
    logging.flush();
    ASSERT_EQ(lines().size(), 1U);
    const std::string line = lines().front();
    EXPECT_LT(line.size(), 1500U);
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    if (format == config::LogFormat::kJson) {
      const json parsed = json::parse(line);
      EXPECT_EQ(parsed.at("status"), 404);
      EXPECT_THAT(parsed.at("path").get<std::string>(),
                  testing::StartsWith("/v1/\n{\"status\":200}\x1b[2J\" status=200 \ufffd\ufffda"));
    } else {
      // Outside quoted values there is exactly one status.
      const std::string bare = std::regex_replace(line, std::regex(R"("(\\.|[^"\\])*")"), "");
      EXPECT_THAT(bare, HasSubstr(" status=404 "));
      EXPECT_THAT(bare, Not(HasSubstr("status=200")));
    }
  }
}

// Characters are copied in words: each one at each place of each length is written as it is alone.
TEST(LineFormat, SpellsACharacterAlikeWhereverItStands) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(i);
        const std::string alone = escaped(text.substr(at, 1));
        ASSERT_EQ(escaped(text), std::string(at, 'x') + alone + std::string(size - at - 1, 'x')) << size << ' ' << at;
      }
    }
  }
}

TEST(LineFormat, Numbers) {
  const auto text = [](auto write) {
    LineBuffer out;
    append_with(out, LineWriter::kMillisRoom, write);
    return fmt::to_string(out);
  };
  for (const std::uint64_t number : {0ULL, 9ULL, 10ULL, 99ULL, 100ULL, 12345678ULL, 18446744073709551615ULL}) {
    EXPECT_EQ(text([number](LineWriter& out) { out.number(number); }), std::to_string(number));
  }
  const auto millis = [&text](Duration duration) {
    return text([duration](LineWriter& out) { out.millis(duration); });
  };
  EXPECT_EQ(millis(Duration(0)), "0.000");
  EXPECT_EQ(millis(std::chrono::microseconds(-1)), "0.000");
  EXPECT_EQ(millis(std::chrono::nanoseconds(999999)), "0.999");
  EXPECT_EQ(millis(std::chrono::microseconds(1020304)), "1020.304");
  EXPECT_EQ(millis(Duration::max()), std::to_string(Duration::max().count() / 1000000) + ".775");
}

// The room for a line is measured once: the longest possible one must fit.
TEST_F(LogTest, TheLongestAccessLineFits) {
  const std::string text(2 * kMaxLogField, '\x01');
  AccessRecord record;
  record.time = kThen;
  record.request_id = record.trace_id = record.client = record.method = record.path = text;
  record.route = record.target = record.error = record.finish_reason = text;
  record.status = std::numeric_limits<int>::max();
  record.attempts = std::numeric_limits<std::uint32_t>::max();
  record.bytes_in = record.bytes_out = std::numeric_limits<std::uint64_t>::max();
  record.tokens_in = record.tokens_out = record.bytes_in;
  record.duration = Duration::max();
  record.upstream = record.time_to_first_token = record.duration;
  for (const auto format : {config::LogFormat::kText, config::LogFormat::kJson}) {
    std::filesystem::remove(path_);
    Logging logging(settings(format));
    logging.access().write(record);
    logging.flush();
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_GT(lines().front().size(), 9 * 6 * kMaxLogField);
    EXPECT_LT(lines().front().size(), 9 * 6 * kMaxLogField + 1000);
  }
}

TEST_F(LogTest, OperationsLinesInBothForms) {
  {
    Logging logging(settings(config::LogFormat::kText));
    log_warn("target is slow", {{"target", "gpt 4"}, {"count", 3}, {"share", 0.5}, {"open", true}, {"note", "a\nb"}});
    log_debug("not at this level");
    spdlog::error("plain {}", 7);
    logging.flush();
    ASSERT_EQ(lines().size(), 2U);
    const std::regex first(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn target is slow )"
                           R"(target="gpt 4" count=3 share=0\.5 open=true note="a\\nb")");
    EXPECT_TRUE(std::regex_match(lines()[0], first)) << lines()[0];
    EXPECT_THAT(lines()[1], testing::EndsWith(" error plain 7"));
    std::filesystem::remove(path_);
  }
  Logging logging(settings(config::LogFormat::kJson));
  logging.set_level(config::LogLevel::kDebug);
  log_debug("now at this \"level\"", {{"value", std::nan("")}, {"bytes", std::uint64_t{1} << 63}, {"low", -4}});
  logging.flush();
  ASSERT_EQ(lines().size(), 1U);
  const json line = json::parse(lines().front());
  EXPECT_EQ(line.at("level"), "debug");
  EXPECT_EQ(line.at("message"), "now at this \"level\"");
  EXPECT_TRUE(line.at("value").is_null());
  EXPECT_EQ(line.at("bytes"), std::uint64_t{1} << 63);
  EXPECT_EQ(line.at("low"), -4);
}

TEST_F(LogTest, AccessLinesCanBeTurnedOff) {
  config::Log off = settings(config::LogFormat::kText);
  off.access = false;
  Logging logging(off);
  EXPECT_FALSE(logging.access().enabled());
  logging.access().write(full_record());
  logging.flush();
  EXPECT_TRUE(lines().empty());
}

TEST_F(LogTest, WritesByItselfWithinASecond) {
  Logging logging(settings(config::LogFormat::kText));
  logging.access().write(full_record());
  for (int i = 0; i < 500 && lines().empty(); ++i) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(LogTest, ReopenGoesOnInTheNewFile) {
  Logging logging(settings(config::LogFormat::kText));
  log_info("before");
  const auto rotated = directory_ / "fluxgate.log.1";
  logging.flush();
  std::filesystem::rename(path_, rotated);
  log_info("still the old file");
  EXPECT_FALSE(logging.reopen());
  log_info("after");
  logging.flush();
  EXPECT_EQ(lines_of(rotated).size(), 2U);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines().front(), HasSubstr("after"));
}

TEST_F(LogTest, AFailedReopenKeepsTheOldFile) {
  Logging logging(settings(config::LogFormat::kText));
  log_info("one");
  logging.flush();
  const auto moved = std::filesystem::path(directory_.string() + ".moved");
  std::filesystem::rename(directory_, moved);
  const auto error = logging.reopen();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("cannot reopen log file"));
  log_info("two");
  logging.flush();
  EXPECT_EQ(lines_of(moved / "fluxgate.log").size(), 2U);
  std::filesystem::remove_all(moved);
}

TEST_F(LogTest, AFullDiskCostsLinesAndIsCounted) {
  config::Log full;
  full.file = "/dev/full";  // every write fails with ENOSPC
  Logging logging(full);
  for (int i = 0; i < 10; ++i) logging.access().write(full_record());
  logging.flush();
  EXPECT_EQ(logging.dropped(), 10U);
}

TEST_F(LogTest, AnUnwritableFileIsAnErrorAtStart) {
  config::Log bad;
  bad.file = (directory_ / "missing" / "x.log").string();
  EXPECT_THROW(Logging{bad}, std::runtime_error);
}

TEST_F(LogTest, LinesLoggedAfterTheEndAreNotLost) {
  AccessLog access;
  {
    Logging logging(settings(config::LogFormat::kText));
    access = logging.access();
  }
  access.write(full_record());
  log_info("late");
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 3000;  // beyond one buffer
  {
    Logging logging(settings(config::LogFormat::kJson));
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([access = logging.access()] {
        for (int i = 0; i < kLines; ++i) access.write(full_record());
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(logging.dropped(), 0U);
  }
  const auto all = lines();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kLines));
  for (const auto& line : all) ASSERT_EQ(line, all.front());
}

// A pipe that nobody reads: appending never waits, and what does not fit is counted.
TEST_F(LogTest, AStalledOutputNeverBlocksTheCaller) {
  const auto fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  std::thread drain;
  {
    LineFile file(fifo.string());
    const std::string line(1023, 'x');
    const std::size_t more_than_fits = 2 * LineFile::kMaxPending / 1024 + 2 * 1024;
    for (std::size_t i = 0; i < more_than_fits; ++i) file.append(line);
    EXPECT_GT(file.dropped(), 0U);
    drain = std::thread([reader] {
      std::array<char, 65536> buffer{};
      for (;;) {
        const ssize_t n = ::read(reader, buffer.data(), buffer.size());
        if (n == 0) return;
        if (n < 0) std::this_thread::sleep_for(milliseconds(1));
      }
    });
  }  // writes the rest and closes, which is the end the reader waits for
  drain.join();
  ::close(reader);
}

}  // namespace
}  // namespace fluxgate::telemetry
