#include "telemetry/families.hpp"

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fluxgate::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = NameTable::Labels;

// Label names, as constants with an address so that a row of the table can name one as a template argument.
constexpr char kOutcome[] = "outcome";
constexpr char kReason[] = "reason";
constexpr char kKind[] = "kind";
constexpr char kReused[] = "reused";
constexpr char kBy[] = "by";
constexpr char kCode[] = "code";
constexpr char kResult[] = "result";
constexpr char kWhat[] = "what";

// ---- one total into samples -------------------------------------------------------------------------------------

void emit_number(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

template <const char* Name>
void emit(MetricFamily& family, const Labels& labels, const Counter::Total& total) {
  emit_number(family, labels, static_cast<double>(total.value));
}

template <const char* Name>
void emit(MetricFamily& family, const Labels& labels, const Gauge::Total& total) {
  emit_number(family, labels, static_cast<double>(total.value));
}

// One sample for each value of the enum, zeros too: a series should exist before its first event. Only "success" is
// left out where the label says why something went wrong.
template <const char* Name, class Total>
  requires requires { typename Total::Enum; }
void emit(MetricFamily& family, const Labels& labels, const Total& total) {
  constexpr bool kSkipsSuccess = Name == kReason && std::is_same_v<typename Total::Enum, AttemptOutcome>;
  for (std::size_t i = kSkipsSuccess ? 1 : 0; i < total.values.size(); ++i) {
    Labels with = labels;
    with.push_back({Name, std::string(LabelValues<typename Total::Enum>::values[i])});
    emit_number(family, std::move(with), static_cast<double>(total.values[i]));
  }
}

template <const char* Name, class Total>
  requires requires { Total::bounds(); }
void emit(MetricFamily& family, const Labels& labels, const Total& total) {
  ClientMetric metric;
  metric.label = labels;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < total.counts.size(); ++i) {
    cumulative += total.counts[i];
    const bool last = i + 1 == total.counts.size();
    const double bound = last ? std::numeric_limits<double>::infinity() : static_cast<double>(Total::bounds()[i]) / 1e9;
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = static_cast<double>(total.sum_ns) / 1e9;
  family.metric.push_back(std::move(metric));
}

// ---- summing over shards ----------------------------------------------------------------------------------------

constexpr char kNoLabel[] = "";

// "none" and "other" appear only once something was counted there; configured names always do.
constexpr bool always_shown(std::size_t id) { return id > NameId<void>::kOther; }

template <class Table, auto Member, const char* Name>
void per_name(const Scrape& scrape, const NameTable& names, const Table& (Shard::*table)() const,
              MetricFamily& family) {
  for (std::size_t id = 0; id < names.size(); ++id) {
    using Cell = std::remove_cvref_t<decltype(((*scrape.shards.front()).*table)()[id].*Member)>;
    typename Cell::Total total;
    for (const auto& shard : scrape.shards) total.add(((*shard).*table)()[id].*Member);
    if (always_shown(id) || !total.empty()) emit<Name>(family, names.labels(id), total);
  }
}

template <auto Member, const char* Name = kNoLabel>
void per_route(const Scrape& scrape, MetricFamily& family) {
  per_name<CellTable<RouteCells>, Member, Name>(scrape, scrape.routes, &Shard::routes, family);
}
template <auto Member, const char* Name = kNoLabel>
void per_target(const Scrape& scrape, MetricFamily& family) {
  per_name<CellTable<TargetCells>, Member, Name>(scrape, scrape.targets, &Shard::targets, family);
}
template <auto Member, const char* Name = kNoLabel>
void per_provider(const Scrape& scrape, MetricFamily& family) {
  per_name<CellTable<ProviderCells>, Member, Name>(scrape, scrape.providers, &Shard::providers, family);
}

template <auto Member, const char* Name = kNoLabel>
void per_process(const Scrape& scrape, MetricFamily& family) {
  using Cell = std::remove_cvref_t<decltype(std::declval<const Shard&>().*Member)>;
  typename Cell::Total total;
  for (const auto& shard : scrape.shards) total.add((*shard).*Member);
  emit<Name>(family, {}, total);
}

// Endpoint times code is too many zeros to show: only what happened, and one series a route for rate() to start from.
void requests(const Scrape& scrape, MetricFamily& family) {
  for (std::size_t id = 0; id < scrape.routes.size(); ++id) {
    for (std::size_t endpoint = 0; endpoint < LabelValues<Endpoint>::values.size(); ++endpoint) {
      for (std::size_t code = 0; code < kStatusSlots; ++code) {
        Counter::Total total;
        for (const auto& shard : scrape.shards) total.add(shard->routes()[id].requests[endpoint][code]);
        const bool first = endpoint == 0 && code == status_slot(200);
        if (total.empty() && !(first && always_shown(id))) continue;
        Labels labels = scrape.routes.labels(id);
        labels.push_back({"endpoint", std::string(LabelValues<Endpoint>::values[endpoint])});
        labels.push_back({"code", code < kStatusCodes.size() ? std::to_string(kStatusCodes[code]) : "other"});
        emit_number(family, std::move(labels), static_cast<double>(total.value));
      }
    }
  }
}

// Counted in billionths, because counters are whole numbers.
void cost(const Scrape& scrape, MetricFamily& family) {
  for (std::size_t id = 0; id < scrape.targets.size(); ++id) {
    Counter::Total total;
    for (const auto& shard : scrape.shards) total.add(shard->targets()[id].cost_nanodollars);
    if (always_shown(id) || !total.empty()) emit_number(family, scrape.targets.labels(id), static_cast<double>(total.value) / 1e9);
  }
}

// A single number that does not come from shards.
template <auto Read>
void value(const Scrape& scrape, MetricFamily& family) {
  emit_number(family, {}, static_cast<double>(Read(scrape)));
}

void config_reloads(const Scrape& scrape, MetricFamily& family) {
  emit<kResult>(family, {}, scrape.values.reloads);
}

void build_info(const Scrape&, MetricFamily& family) {
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  const std::string trimmed = compiler.substr(0, compiler.find_last_not_of(' ') + 1);
  emit_number(family, {{"version", FLUXGATE_VERSION}, {"compiler", trimmed}}, 1);
}

// ---- the table --------------------------------------------------------------------------------------------------

struct Row {
  std::string_view name;
  MetricType type;
  std::string_view help;
  void (*collect)(const Scrape&, MetricFamily&);
};

constexpr auto kCounter = MetricType::Counter;
constexpr auto kGauge = MetricType::Gauge;
constexpr auto kHistogram = MetricType::Histogram;

constexpr Row kRows[] = {
    // Requests, as clients see them
    {"fluxgate_requests_total", kCounter, "Requests answered, by route, endpoint and the status the client got "
     "(499: it left first).", requests},
    {"fluxgate_request_duration_seconds", kHistogram, "From the request completely read to the answer completely "
     "written.", per_route<&RouteCells::duration>},
    {"fluxgate_overhead_seconds", kHistogram, "The gateway's own part of a request: time not spent waiting for an "
     "upstream or the client.", per_route<&RouteCells::overhead>},
    {"fluxgate_requests_in_flight", kGauge, "Requests being worked on now.", per_process<&Shard::requests_in_flight>},
    {"fluxgate_rejected_requests_total", kCounter, "Requests refused before routing, by reason.",
     per_process<&Shard::rejected, kReason>},
    {"fluxgate_retries_total", kCounter, "Further attempts made, by route and by the outcome that caused each.",
     per_route<&RouteCells::retries, kReason>},
    // Decisions
    {"fluxgate_picks_total", kCounter, "Plans, by route and by why the first target came first.",
     per_route<&RouteCells::picks, kBy>},
    {"fluxgate_excluded_targets_total", kCounter, "Targets that were no candidates for a request, by the filter that "
     "ruled them out.", per_route<&RouteCells::exclusions, kCode>},
    {"fluxgate_hedges_total", kCounter, "Second attempts beside a late first one, by how the race went.",
     per_route<&RouteCells::hedges, kResult>},
    {"fluxgate_relief_total", kCounter, "Requests shed, queued, trimmed or left without a further attempt.",
     per_route<&RouteCells::reliefs, kWhat>},
    {"fluxgate_shadow_requests_total", kCounter, "Copies sent to shadow targets, by outcome.",
     per_route<&RouteCells::shadows, kOutcome>},
    {"fluxgate_feedback_total", kCounter, "Feedback received, by what became of it.", per_process<&Shard::feedback, kResult>},
    // Targets
    {"fluxgate_attempts_total", kCounter, "Upstream attempts, by target and outcome.",
     per_target<&TargetCells::attempts, kOutcome>},
    {"fluxgate_time_to_first_token_seconds", kHistogram, "Streams: from the attempt's start to its first event.",
     per_target<&TargetCells::time_to_first_token>},
    {"fluxgate_inter_token_gap_seconds", kHistogram, "Streams: time between two events.",
     per_target<&TargetCells::inter_token_gap>},
    {"fluxgate_tokens_total", kCounter, "Tokens as reported by the provider. input includes cached_input, output "
     "includes reasoning.", per_target<&TargetCells::tokens, kKind>},
    {"fluxgate_cost_usd_total", kCounter, "Price of the tokens reported, for targets whose price is known.", cost},
    {"fluxgate_usage_missing_total", kCounter, "Successful answers without the token usage they should report.",
     per_target<&TargetCells::usage_missing>},
    {"fluxgate_streams_broken_total", kCounter, "Streams that had begun and did not end well, by reason.",
     per_target<&TargetCells::streams_broken, kReason>},
    // Connections
    {"fluxgate_client_connections", kGauge, "Client connections open now.", per_process<&Shard::client_connections>},
    {"fluxgate_client_connections_total", kCounter, "Client connections accepted.",
     per_process<&Shard::client_connections_total>},
    {"fluxgate_client_received_bytes_total", kCounter, "Bytes of requests read from clients.",
     per_process<&Shard::client_received_bytes>},
    {"fluxgate_client_sent_bytes_total", kCounter, "Bytes of answers written to clients.",
     per_process<&Shard::client_sent_bytes>},
    {"fluxgate_upstream_connections", kGauge, "Upstream connections open now, idle ones included.",
     per_provider<&ProviderCells::connections>},
    {"fluxgate_upstream_connections_total", kCounter, "Upstream connections taken for an attempt, new or reused.",
     per_provider<&ProviderCells::leases, kReused>},
    // The daemon
    {"fluxgate_config_last_reload_successful", kGauge, "1 if the newest load of the configuration succeeded.",
     value<[](const Scrape& s) { return s.values.reload_successful ? 1 : 0; }>},
    {"fluxgate_config_last_reload_success_timestamp_seconds", kGauge, "When the configuration in force was loaded.",
     value<[](const Scrape& s) { return s.values.reload_success_seconds; }>},
    {"fluxgate_config_reloads_total", kCounter, "Reloads of the configuration, by result.", config_reloads},
    {"fluxgate_draining", kGauge, "1 while the daemon is shutting down.",
     value<[](const Scrape& s) { return s.values.draining ? 1 : 0; }>},
    {"fluxgate_log_dropped_total", kCounter, "Log lines that could not be written.",
     value<[](const Scrape& s) { return s.values.log_dropped; }>},
    {"fluxgate_build_info", kGauge, "Constant 1; the labels say what is running.", build_info},
    // The process, under the names every Prometheus client uses
    {"process_cpu_seconds_total", kCounter, "User and system time spent, in seconds.",
     value<[](const Scrape& s) { return s.process.cpu_seconds; }>},
    {"process_resident_memory_bytes", kGauge, "Resident memory.",
     value<[](const Scrape& s) { return s.process.resident_bytes; }>},
    {"process_virtual_memory_bytes", kGauge, "Virtual memory.",
     value<[](const Scrape& s) { return s.process.virtual_bytes; }>},
    {"process_open_fds", kGauge, "Open file descriptors.", value<[](const Scrape& s) { return s.process.open_fds; }>},
    {"process_max_fds", kGauge, "The most file descriptors the process may open.",
     value<[](const Scrape& s) { return s.process.max_fds; }>},
    {"process_start_time_seconds", kGauge, "When the process started, in seconds since the epoch.",
     value<[](const Scrape& s) { return s.process.start_time_seconds; }>},
};

}  // namespace

std::vector<MetricFamily> collect_families(const Scrape& scrape) {
  std::vector<MetricFamily> families;
  families.reserve(std::size(kRows));
  for (const Row& row : kRows) {
    MetricFamily& family = families.emplace_back();
    family.name = row.name;
    family.help = row.help;
    family.type = row.type;
    row.collect(scrape, family);
  }
  return families;
}

}  // namespace fluxgate::telemetry
