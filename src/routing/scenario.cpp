// Scenarios of the simulation: read from JSON, and their reports printed.
#include <algorithm>
#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>

#include "fluxgate/base/random.hpp"
#include "fluxgate/routing/simulation.hpp"

namespace fluxgate::routing {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostArrivals = 2'000'000;

// Reads the members of one object; the first thing wrong is kept.
class Members {
 public:
  Members(const Json& object, std::string path, std::string& error) : object_(object), path_(std::move(path)), error_(error) {
    if (!object.is_object()) fail("", "must be an object");
  }
  ~Members() {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) fail(key, "unknown key");
    }
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  template <class Number>
  void number(const char* key, Number& into, double least, double most) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most)) {
      fail(key, "must be a number from " + std::to_string(least) + " to " + std::to_string(most));
      return;
    }
    into = static_cast<Number>(value->get<double>());
  }
  void text(const char* key, std::string& into) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (value->is_string()) into = value->get<std::string>();
    else fail(key, "must be text");
  }
  const Json* find(const char* key) {
    known_.emplace_back(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }
  void fail(const std::string& key, const std::string& what) {
    if (error_.empty()) error_ = (key.empty() ? path_ : path_ + (path_.empty() ? "" : ".") + key) + ": " + what;
  }

 private:
  const Json& object_;
  std::string path_;
  std::string& error_;
  std::vector<std::string> known_;
};

constexpr double kLongest = 1e6;  // seconds

ScriptedTarget read_target(const Json& json, const std::string& path, std::string& error) {
  ScriptedTarget target;
  Members members(json, path, error);
  members.number("base_ttft", target.base_ttft, 0, kLongest);
  members.number("per_token", target.per_token, 0, 1);
  members.number("tpot", target.tpot, 0, 100);
  members.number("jitter", target.jitter, 0, 1);
  members.number("slots", target.slots, 1, 1e6);
  members.number("cached_prefixes", target.cached_prefixes, 0, 1e6);
  const Json* phases = members.find("phases");
  if (phases == nullptr) return target;
  if (!phases->is_array()) members.fail("phases", "must be a list");
  for (std::size_t i = 0; i < phases->size() && phases->is_array(); ++i) {
    Phase& phase = target.phases.emplace_back();
    Members of_phase((*phases)[i], path + ".phases[" + std::to_string(i) + "]", error);
    of_phase.number("from", phase.from, 0, kLongest);
    of_phase.number("to", phase.to, 0, kLongest);
    of_phase.number("slow", phase.slow, 0, 1e6);
    of_phase.number("status", phase.status, 0, 599);
    of_phase.number("share", phase.share, 0, 1);
    of_phase.number("retry_after", phase.retry_after, 0, kLongest);
  }
  return target;
}

struct Traffic {
  std::string model;
  double rate = 10;          // a second
  double seconds = 60;
  std::uint32_t input_tokens = 500;
  std::uint32_t output_tokens = 100;
  std::uint64_t sessions = 0;
  std::uint64_t prefixes = 0;
};

std::vector<Arrival> poisson(const Traffic& traffic, std::uint64_t seed) {
  std::vector<Arrival> arrivals;
  Random random(seed);
  for (double at = 0; arrivals.size() < kMostArrivals;) {
    at -= std::log(1 - random.unit()) / traffic.rate;
    if (at >= traffic.seconds) break;
    Arrival& arrival = arrivals.emplace_back();
    arrival.at = at;
    arrival.model = traffic.model;
    // Prompts and answers differ: evenly from half to one and a half of the mean.
    arrival.input_tokens = static_cast<std::uint32_t>(traffic.input_tokens * (0.5 + random.unit()));
    arrival.output_tokens = static_cast<std::uint32_t>(traffic.output_tokens * (0.5 + random.unit()));
    if (traffic.sessions > 0) arrival.session = 1 + random.next() % traffic.sessions;
    if (traffic.prefixes > 0) arrival.prefix = 1 + random.next() % traffic.prefixes;
  }
  return arrivals;
}

Traffic read_traffic(const Json& json, std::string& error) {
  Traffic traffic;
  Members members(json, "traffic", error);
  members.text("model", traffic.model);
  members.number("rate", traffic.rate, 1e-6, 1e6);
  members.number("seconds", traffic.seconds, 0, kLongest);
  members.number("input_tokens", traffic.input_tokens, 0, 1e8);
  members.number("output_tokens", traffic.output_tokens, 0, 1e8);
  members.number("sessions", traffic.sessions, 0, 1e9);
  members.number("prefixes", traffic.prefixes, 0, 1e9);
  if (traffic.model.empty()) members.fail("model", "is required");
  return traffic;
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text) {
  const auto bad = [](const std::string& message) {
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, message);
  };
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("a scenario is a JSON object");
  Scenario scenario;
  std::string error;
  {
    Members members(json, "", error);
    members.number("seed", scenario.seed, 0, 9e15);
    if (const Json* targets = members.find("targets"); targets != nullptr && targets->is_object()) {
      for (const auto& [name, target] : targets->items()) {
        scenario.targets.emplace(name, read_target(target, "targets." + name, error));
      }
    } else if (targets != nullptr) {
      members.fail("targets", "must be an object");
    }
    const Json* traffic = members.find("traffic");
    if (traffic == nullptr) {
      members.fail("traffic", "is required");
    } else {
      scenario.arrivals = poisson(read_traffic(*traffic, error), scenario.seed);
    }
  }
  if (!error.empty()) return bad(error);
  return scenario;
}

void print_report(std::ostream& out, const config::Config& config, const SimulationReport& report) {
  out << std::left << std::setw(24) << "target" << std::right << std::setw(10) << "attempts" << std::setw(9) << "share"
      << std::setw(10) << "failed" << std::setw(8) << "probes" << std::setw(16) << "mean ttft (s)" << "\n" << std::fixed;
  for (std::uint32_t target = 0; target < config.targets.size(); ++target) {
    std::size_t attempts = 0, failed = 0, probes = 0;
    double ttft = 0;
    for (const SimulatedAttempt& attempt : report.attempts) {
      if (attempt.target != target) continue;
      ++attempts;
      failed += attempt.status == 200 ? 0 : 1;
      probes += attempt.probe ? 1 : 0;
      ttft += attempt.ttft;
    }
    const double share = report.attempts.empty() ? 0 : static_cast<double>(attempts) / static_cast<double>(report.attempts.size());
    out << std::left << std::setw(24) << config.targets[target].name << std::right << std::setw(10) << attempts
        << std::setw(8) << std::setprecision(1) << share * 100 << "%" << std::setw(10) << failed << std::setw(8) << probes
        << std::setw(16) << std::setprecision(3) << (attempts > failed ? ttft / static_cast<double>(attempts - failed) : 0) << "\n";
  }
  out << "requests " << report.requests << ", answered " << report.answered << ", refused " << report.refused
      << ", further attempts " << report.extra_attempts() << ", not allowed by the retry budget " << report.budget_refusals
      << "\ntime to first token: p50 " << report.ttft(0.5) << " s, p95 " << report.ttft(0.95) << " s, p99 "
      << report.ttft(0.99) << " s\n";
}

}  // namespace fluxgate::routing
