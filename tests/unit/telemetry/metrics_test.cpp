#include "fluxgate/telemetry/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <thread>

namespace fluxgate::telemetry {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::HasSubstr;
using testing::Not;

// The value of one sample line of the text format, or nullopt if there is no such series.
std::optional<double> sample(const std::string& text, const std::string& series) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return std::nullopt;
}

RequestSample streamed_answer(RouteId route, TargetId failed, TargetId answered) {
  RequestSample sample;
  sample.route = route;
  sample.endpoint = Endpoint::kChatCompletions;
  sample.status = 200;
  sample.duration = milliseconds(1500);
  sample.overhead = microseconds(70);
  sample.target = answered;
  sample.time_to_first_token = milliseconds(300);
  sample.usage = TokenCounts{100, 40, 25, 5};
  sample.usage_expected = true;
  sample.attempts.push_back({failed, AttemptOutcome::kStatus429});
  sample.attempts.push_back({answered, AttemptOutcome::kSuccess});
  sample.received_bytes = 512;
  sample.sent_bytes = 2048;
  return sample;
}

TEST(Histogram, PutsEveryValueInTheFirstBucketThatHoldsIt) {
  using Cell = Histogram<kFirstTokenBounds>;
  const auto expected = [](std::int64_t ns) {
    std::size_t i = 0;
    while (i < kFirstTokenBounds.size() && kFirstTokenBounds[i] < ns) ++i;
    return i;
  };
  for (const std::int64_t bound : kFirstTokenBounds) {
    for (const std::int64_t ns : {bound - 1, bound, bound + 1}) EXPECT_EQ(Cell::bucket_of(ns), expected(ns)) << ns;
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 10000; ++i) {
    const auto ns = static_cast<std::int64_t>(random() >> (1 + random() % 62));
    ASSERT_EQ(Cell::bucket_of(ns), expected(ns)) << ns;
  }
  EXPECT_EQ(Cell::bucket_of(0), 0U);
  EXPECT_EQ(Cell::bucket_of(std::numeric_limits<std::int64_t>::max()), kFirstTokenBounds.size());
}

TEST(Histogram, CountsSumsAndTakesNegativeDurationsAsZero) {
  Histogram<kOverheadBounds> cell;
  cell.record(microseconds(10));
  cell.record(microseconds(11));
  cell.record(std::chrono::seconds(2));
  cell.record(nanoseconds(-5));
  Histogram<kOverheadBounds>::Total total;
  total.add(cell);
  EXPECT_EQ(total.counts.front(), 2U);
  EXPECT_EQ(total.counts[1], 1U);
  EXPECT_EQ(total.counts.back(), 1U);
  EXPECT_EQ(total.sum_ns, 2'000'021'000U);
}

TEST(Labels, EveryEnumValueHasADistinctSpelling) {
  EXPECT_EQ(to_string(Endpoint::kOther), "other");
  EXPECT_EQ(to_string(AttemptOutcome::kStatus429), "status_429");
  EXPECT_EQ(to_string(AttemptOutcome::kCancelled), "cancelled");
  EXPECT_EQ(to_string(TokenKind::kReasoning), "reasoning");
  EXPECT_EQ(to_string(RejectReason::kInternal), "internal");
  EXPECT_EQ(to_string(Reuse::kReused), "true");
}

TEST(Labels, StatusesOutsideTheListShareOneSlot) {
  EXPECT_EQ(kStatusCodes[status_slot(200)], 200);
  EXPECT_EQ(kStatusCodes[status_slot(499)], 499);
  for (const int status : {-1, 0, 99, 299, 599, 600, 1 << 30}) EXPECT_EQ(status_slot(status), kStatusCodes.size());
}

TEST(Labels, ErrorsMapToOutcomesAndReasons) {
  EXPECT_EQ(attempt_outcome(ErrorKind::kUpstreamStatus, 429), AttemptOutcome::kStatus429);
  EXPECT_EQ(attempt_outcome(ErrorKind::kUpstreamStatus, 404), AttemptOutcome::kStatus4xx);
  EXPECT_EQ(attempt_outcome(ErrorKind::kUpstreamStatus, 503), AttemptOutcome::kStatus5xx);
  EXPECT_EQ(attempt_outcome(ErrorKind::kClientGone), AttemptOutcome::kCancelled);
  EXPECT_EQ(attempt_outcome(ErrorKind::kForbiddenAddress), AttemptOutcome::kDns);
  EXPECT_EQ(reject_reason(ErrorKind::kUriTooLong), RejectReason::kHeadTooLarge);
  EXPECT_EQ(reject_reason(ErrorKind::kBadRequest), RejectReason::kBadRequest);
}

TEST(Metrics, CountsAWholeRequest) {
  Metrics metrics;
  Shard& shard = metrics.add_shard();
  const RouteId route = metrics.route("smart");
  const TargetId gpt = metrics.target("gpt", "openai");
  const TargetId llama = metrics.target("llama", "local");
  record(shard, streamed_answer(route, gpt, llama));

  const std::string text = metrics.text();
  const auto value = [&text](const std::string& series) { return sample(text, series); };
  EXPECT_EQ(value(R"(fluxgate_requests_total{route="smart",endpoint="chat_completions",code="200"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_request_duration_seconds_bucket{route="smart",le="1.28"})"), 0);
  EXPECT_EQ(value(R"(fluxgate_request_duration_seconds_bucket{route="smart",le="2.56"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_request_duration_seconds_bucket{route="smart",le="+Inf"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_request_duration_seconds_sum{route="smart"})"), 1.5);
  EXPECT_EQ(value(R"(fluxgate_overhead_seconds_bucket{route="smart",le="5e-05"})"), 0);
  EXPECT_EQ(value(R"(fluxgate_overhead_seconds_count{route="smart"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_retries_total{route="smart",reason="status_429"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_attempts_total{target="gpt",provider="openai",outcome="status_429"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_attempts_total{target="llama",provider="local",outcome="success"})"), 1);
  EXPECT_EQ(value(R"(fluxgate_time_to_first_token_seconds_sum{target="llama",provider="local"})"), 0.3);
  EXPECT_EQ(value(R"(fluxgate_tokens_total{target="llama",provider="local",kind="input"})"), 100);
  EXPECT_EQ(value(R"(fluxgate_tokens_total{target="llama",provider="local",kind="cached_input"})"), 40);
  EXPECT_EQ(value(R"(fluxgate_tokens_total{target="llama",provider="local",kind="output"})"), 25);
  EXPECT_EQ(value(R"(fluxgate_tokens_total{target="llama",provider="local",kind="reasoning"})"), 5);
  EXPECT_EQ(value(R"(fluxgate_usage_missing_total{target="llama",provider="local"})"), 0);
  EXPECT_EQ(value("fluxgate_client_sent_bytes_total"), 2048);
}

TEST(Metrics, CountsMissingUsageAndBrokenStreams) {
  Metrics metrics;
  Shard& shard = metrics.add_shard();
  RequestSample broken = streamed_answer(metrics.route("r"), metrics.target("a", "p"), metrics.target("a", "p"));
  broken.usage.reset();
  broken.stream_broken = AttemptOutcome::kReset;
  record(shard, broken);
  const std::string text = metrics.text();
  EXPECT_EQ(sample(text, R"(fluxgate_usage_missing_total{target="a",provider="p"})"), 1);
  EXPECT_EQ(sample(text, R"(fluxgate_streams_broken_total{target="a",provider="p",reason="reset"})"), 1);
  EXPECT_EQ(sample(text, R"(fluxgate_tokens_total{target="a",provider="p",kind="input"})"), 0);
}

TEST(Metrics, SumsOverShardsAlsoThoseMadeAfterTheNames) {
  Metrics metrics;
  const RouteId route = metrics.route("r");
  Shard& first = metrics.add_shard();
  Shard& second = metrics.add_shard();
  const ProviderId provider = metrics.provider("openai");
  first.route(route).record_request(Endpoint::kModels, 200, milliseconds(1));
  second.route(route).record_request(Endpoint::kModels, 200, milliseconds(1));
  first.requests_in_flight.add(3);
  second.requests_in_flight.add(-1);
  first.provider(provider).connections.add(2);
  second.provider(provider).leases.add(Reuse::kReused, 7);
  second.rejected.add(RejectReason::kOverloaded);
  const std::string text = metrics.text();
  EXPECT_EQ(sample(text, R"(fluxgate_requests_total{route="r",endpoint="models",code="200"})"), 2);
  EXPECT_EQ(sample(text, "fluxgate_requests_in_flight"), 2);
  EXPECT_EQ(sample(text, R"(fluxgate_upstream_connections{provider="openai"})"), 2);
  EXPECT_EQ(sample(text, R"(fluxgate_upstream_connections_total{provider="openai",reused="true"})"), 7);
  EXPECT_EQ(sample(text, R"(fluxgate_rejected_requests_total{reason="overloaded"})"), 1);
}

TEST(Metrics, ShowsConfiguredNamesAtZeroAndTheReservedOnesOnlyWhenUsed) {
  Metrics metrics;
  Shard& shard = metrics.add_shard();
  metrics.route("r");
  metrics.target("t", "p");
  std::string text = metrics.text();
  EXPECT_EQ(sample(text, R"(fluxgate_requests_total{route="r",endpoint="chat_completions",code="200"})"), 0);
  EXPECT_EQ(sample(text, R"(fluxgate_attempts_total{target="t",provider="p",outcome="timeout"})"), 0);
  EXPECT_THAT(text, Not(HasSubstr(R"(route="none")")));

  shard.route(RouteId{}).record_request(Endpoint::kChatCompletions, 404, milliseconds(1));
  text = metrics.text();
  EXPECT_EQ(sample(text, R"(fluxgate_requests_total{route="none",endpoint="chat_completions",code="404"})"), 1);
  EXPECT_THAT(text, Not(HasSubstr(R"(route="other")")));
}

TEST(Metrics, InternsOnceAndSharesOneLabelPastTheCap) {
  Metrics metrics;
  Shard& shard = metrics.add_shard();
  EXPECT_EQ(metrics.route("a"), metrics.route("a"));
  EXPECT_NE(metrics.target("a", "p"), metrics.target("a", "q"));
  for (std::size_t i = 1; i < kMaxNames; ++i) metrics.route("route" + std::to_string(i));
  const RouteId past = metrics.route("one too many");
  EXPECT_EQ(past.value, RouteId::kOther);
  EXPECT_EQ(metrics.route("another"), past);
  EXPECT_EQ(metrics.route("a").value, 2);  // the ones before the cap are still found
  shard.route(past).record_request(Endpoint::kRerank, 200, milliseconds(1));
  EXPECT_EQ(sample(metrics.text(), R"(fluxgate_requests_total{route="other",endpoint="rerank",code="200"})"), 1);
}

TEST(Metrics, ShowsTheStateOfTheDaemon) {
  Metrics metrics;
  metrics.config_loaded(std::chrono::system_clock::time_point(std::chrono::seconds(1000)));
  metrics.config_reloaded(ReloadResult::kFailure, std::chrono::system_clock::time_point(std::chrono::seconds(2000)));
  metrics.set_draining(true);
  metrics.watch_log_drops([] { return std::uint64_t{5}; });
  const std::string text = metrics.text();
  EXPECT_EQ(sample(text, "fluxgate_config_last_reload_successful"), 0);
  EXPECT_EQ(sample(text, "fluxgate_config_last_reload_success_timestamp_seconds"), 1000);
  EXPECT_EQ(sample(text, R"(fluxgate_config_reloads_total{result="failure"})"), 1);
  EXPECT_EQ(sample(text, R"(fluxgate_config_reloads_total{result="success"})"), 0);
  EXPECT_EQ(sample(text, "fluxgate_draining"), 1);
  EXPECT_EQ(sample(text, "fluxgate_log_dropped_total"), 5);
  EXPECT_THAT(text, HasSubstr("fluxgate_build_info{version=\"" FLUXGATE_VERSION "\""));
}

TEST(Metrics, ReadsTheProcessFromProc) {
  const std::string text = Metrics().text();
  EXPECT_GT(sample(text, "process_resident_memory_bytes").value_or(0), 1e6);
  EXPECT_GT(sample(text, "process_open_fds").value_or(0), 2);
  EXPECT_GE(sample(text, "process_max_fds").value_or(0), sample(text, "process_open_fds").value_or(0));
  EXPECT_GE(sample(text, "process_cpu_seconds_total").value_or(-1), 0);
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double started = sample(text, "process_start_time_seconds").value_or(0);
  EXPECT_GT(started, now - 3600);
  EXPECT_LE(started, now + 2);
}

TEST(Metrics, CanBeRegisteredLikeAnyCollectable) {
  Metrics metrics;
  const prometheus::Collectable& collectable = metrics;
  const auto families = collectable.Collect();
  EXPECT_FALSE(families.empty());
  for (const auto& family : families) EXPECT_FALSE(family.help.empty()) << family.name;
}

// Workers count while names are added and scrapes run; nothing may be lost, and no scrape may contradict itself.
TEST(Metrics, LosesNothingUnderConcurrentScrapesAndInterning) {
  constexpr int kWorkers = 2;
  constexpr int kRequests = 20000;
  Metrics metrics;
  const RouteId route = metrics.route("r");
  std::vector<std::thread> workers;
  for (int w = 0; w < kWorkers; ++w) {
    workers.emplace_back([&metrics, &shard = metrics.add_shard(), route] {
      const TargetId target = metrics.target("t", "p");
      const RequestSample one = streamed_answer(route, target, target);
      for (int i = 0; i < kRequests; ++i) record(shard, one);
    });
  }
  double seen = 0;
  for (int round = 0; round < 30; ++round) {
    metrics.route("late" + std::to_string(round));
    const std::string text = metrics.text();
    const double count = sample(text, R"(fluxgate_request_duration_seconds_count{route="r"})").value_or(-1);
    EXPECT_GE(count, seen);
    EXPECT_EQ(count, sample(text, R"(fluxgate_request_duration_seconds_bucket{route="r",le="+Inf"})"));
    seen = count;
  }
  for (auto& worker : workers) worker.join();
  const std::string text = metrics.text();
  EXPECT_EQ(sample(text, R"(fluxgate_requests_total{route="r",endpoint="chat_completions",code="200"})"),
            kWorkers * kRequests);
  EXPECT_EQ(sample(text, R"(fluxgate_attempts_total{target="t",provider="p",outcome="success"})"),
            kWorkers * kRequests);
}

// A file with the metrics of a small configuration, for the tools that judge them.
class MetricsFile : public testing::Test {
 protected:
  MetricsFile() {
    Metrics metrics;
    Shard& shard = metrics.add_shard();
    metrics.provider("openai");
    const TargetId gpt = metrics.target("gpt", "openai");
    record(shard, streamed_answer(metrics.route("smart"), gpt, metrics.target("llama", "local")));
    path_ = std::filesystem::temp_directory_path() / ("fluxgate_metrics_" + std::to_string(::getpid()) + ".txt");
    std::ofstream(path_) << metrics.text();
  }
  ~MetricsFile() override { std::filesystem::remove(path_); }

  static bool has(const std::string& program) {
    return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
  }

  std::filesystem::path path_;
};

TEST_F(MetricsFile, PassesPromtoolsLint) {
  if (!has("promtool")) GTEST_SKIP() << "promtool is not installed";
  EXPECT_EQ(std::system(("promtool check metrics < " + path_.string()).c_str()), 0);
}

TEST_F(MetricsFile, HasEveryMetricTheDashboardsAndRulesName) {
  if (!has("python3")) GTEST_SKIP() << "python3 is not installed";
  const std::string script = "python3 " FLUXGATE_SOURCE_DIR "/tests/integration/check_dashboards.py ";
  EXPECT_EQ(std::system((script + path_.string()).c_str()), 0);
}

TEST_F(MetricsFile, AMetricOrLabelThatIsNotExportedIsFound) {
  if (!has("python3")) GTEST_SKIP() << "python3 is not installed";
  const auto verdict = [this](const std::string& expression) {
    const std::string rules = path_.string() + ".yml";
    std::ofstream(rules) << "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: " << expression << "\n";
    const int status = std::system(("python3 " FLUXGATE_SOURCE_DIR "/tests/integration/check_dashboards.py " +
                                    path_.string() + " " + rules).c_str());
    std::filesystem::remove(rules);
    return status;
  };
  EXPECT_EQ(verdict(R"(sum by (route) (rate(fluxgate_requests_total{code="200"}[5m])) > 0)"), 0);
  EXPECT_NE(verdict("rate(fluxgate_nothing_total[5m]) > 0"), 0);
  EXPECT_NE(verdict("fluxgate_request_duration_seconds > 0"), 0);  // only its _bucket, _sum and _count exist
  EXPECT_NE(verdict(R"(fluxgate_requests_total{status="200"} > 0)"), 0);
  EXPECT_NE(verdict("sum by (model) (fluxgate_tokens_total) > 0"), 0);
}

TEST_F(MetricsFile, TheRulesPassTheirOwnTests) {
  if (!has("promtool")) GTEST_SKIP() << "promtool is not installed";
  EXPECT_EQ(std::system("promtool check rules " FLUXGATE_SOURCE_DIR "/config/prometheus/rules.yml"), 0);
  EXPECT_EQ(std::system("promtool test rules " FLUXGATE_SOURCE_DIR "/config/prometheus/rules_test.yml"), 0);
}

}  // namespace
}  // namespace fluxgate::telemetry
