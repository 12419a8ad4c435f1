#include "fluxgate/routing/explain.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "json_object.hpp"
#include "next_steps.hpp"

namespace fluxgate::routing {
namespace {

std::string_view target_name(const RouteTable& table, std::uint32_t target) { return table.config().targets[target].name; }

// `terms` as [value, weight], so that the score can be checked by hand.
void append_terms(std::string& out, const api::ScoreTerms& terms, const config::ScoreWeights& weights) {
  JsonObject object(out);
  const auto term = [&](std::string_view key, double value, double weight) {
    std::string& raw = object.raw(key);
    raw += '[';
    JsonObject::append(raw, std::isnan(value) ? 0.5 : value);
    raw += ',';
    JsonObject::append(raw, weight);
    raw += ']';
  };
  term("quality", terms.quality, weights.quality);
  term("latency", terms.latency, weights.latency);
  term("cost", terms.cost, weights.cost);
  term("load", terms.load, weights.load);
  object.close();
}

void append_estimate(std::string& out, const api::Estimate& estimate) {
  JsonObject object(out);
  object.number("usd", estimate.usd);
  object.number("usd_p95", estimate.usd_p95);
  object.number("ttft_ms", estimate.ttft * 1e3);
  object.number("total_ms", estimate.total * 1e3);
  object.number("quality", estimate.quality);
  object.number("tokens_in", estimate.input_tokens);
  object.number("tokens_out", estimate.output_tokens);
  object.close();
}

void append_status(std::string& out, const api::TargetStatus& status) {
  JsonObject object(out);
  object.text("gate", api::to_string(status.gate));
  object.number("pending", status.pending);
  object.number("pending_tokens", status.pending_tokens);
  if (status.concurrency != 0) object.number("concurrency", status.concurrency);
  object.number("headroom", status.headroom);
  object.number("samples", status.samples);
  if (status.stale) object.flag("stale", true);
  object.number("failure_rate", status.failure_rate);
  object.close();
}

std::vector<std::string_view> unknowns(const api::Estimate& estimate) {
  std::vector<std::string_view> names;
  if (std::isnan(estimate.usd)) names.push_back("cost");
  if (std::isnan(estimate.ttft)) names.push_back("latency");
  if (std::isnan(estimate.quality)) names.push_back("quality");
  return names;
}

void append_candidate(std::string& out, const RouteTable& table, const Explained& explained, const api::Candidate& candidate) {
  const config::Target& target = table.config().targets[candidate.target];
  const config::Policy& policy = table.routes()[explained.plan->route].config->policy;
  JsonObject object(out);
  object.text("target", target.name);
  object.text("provider", target.provider);
  object.text("model", target.model);
  object.flag("eligible", true);
  object.text("by", api::to_string(candidate.chosen));
  object.number("propensity", candidate.propensity);
  object.number("score", candidate.score);
  if (policy.order_by == config::OrderBy::kWeighted) append_terms(object.raw("terms"), candidate.terms, policy.weights);
  append_estimate(object.raw("est"), candidate.estimate);
  append_status(object.raw("status"), explained.live.status(candidate.target));
  if (const auto names = unknowns(candidate.estimate); !names.empty()) {
    append_array(object.raw("unknown"), names, [](std::string& to, std::string_view name) { json::append_quoted(to, name); });
  }
  object.close();
}

void append_rejected(std::string& out, const RouteTable& table, const api::Rejected& rejected) {
  const config::Target& target = table.config().targets[rejected.target];
  JsonObject object(out);
  object.text("target", target.name);
  object.text("provider", target.provider);
  object.text("model", target.model);
  object.flag("eligible", false);
  object.text("rejected_by", reject_text(table, rejected));
  object.close();
}

void append_routes(std::string& out, const RouteTable& table, const api::RequestFacts& facts) {
  const auto matches = table.all_matches(facts);
  append_array(out, matches, [&](std::string& to, std::uint32_t route) {
    JsonObject object(to);
    object.text("name", table.routes()[route].config->name);
    object.number("precedence", table.routes()[route].config->precedence);
    if (route != matches.front()) object.text("lost_to", table.routes()[matches.front()].config->name);
    object.close();
  });
}

void append_plan(JsonObject& object, const RouteTable& table, const Explained& explained) {
  const api::RoutePlan& plan = *explained.plan;
  const config::Route& route = *table.routes()[plan.route].config;
  object.text("route", route.name);
  object.text("order_by", to_string(route.policy.order_by));
  object.text("balance", to_string(route.balance));
  object.text("seed", "0x" + JsonObject::hex(plan.seed));
  if (plan.variant >= 0) object.text("variant", route.experiment->variants[static_cast<std::size_t>(plan.variant)].name);
  if (plan.canary) object.flag("canary", true);
  if (plan.least_bad) object.flag("least_bad", true);
  std::string& list = object.raw("candidates");
  append_array(list, plan.candidates,
               [&](std::string& to, const api::Candidate& item) { append_candidate(to, table, explained, item); });
  append_array(object.raw("rejected"), plan.rejected,
               [&](std::string& to, const api::Rejected& item) { append_rejected(to, table, item); });
  if (plan.candidates.empty()) {
    if (plan.largest_fit) object.number("largest_input", *plan.largest_fit);
    return;
  }
  JsonObject picked(object.raw("picked"));
  picked.text("target", target_name(table, plan.candidates.front().target));
  picked.text("by", api::to_string(plan.candidates.front().chosen));
  picked.number("propensity", plan.candidates.front().propensity);
  picked.close();
  const auto tries = std::min<std::size_t>(plan.candidates.size(), plan.attempts->max);
  const std::span<const api::Candidate> tried(plan.candidates.data(), tries);
  append_array(object.raw("would_try"), tried, [&](std::string& to, const api::Candidate& item) {
    json::append_quoted(to, target_name(table, item.target));
  });
  JsonObject then(object.raw("then"));
  for (const FailureStep& step : failure_steps(table, plan)) then.text(step.failure, step.then);
  then.close();
}

std::string number(double value, const char* unit) {
  if (std::isnan(value)) return "unknown";
  std::string text;
  JsonObject::append(text, value);
  return text + unit;
}

void write_candidate(std::ostream& out, const RouteTable& table, const api::Candidate& candidate, std::size_t place) {
  out << "  " << place << ". " << target_name(table, candidate.target) << "  (" << api::to_string(candidate.chosen);
  if (place == 1) out << ", probability " << number(candidate.propensity, "");
  out << ")\n     expected: money " << number(candidate.estimate.usd, " USD") << ", first token "
      << number(candidate.estimate.ttft * 1e3, " ms") << ", quality " << number(candidate.estimate.quality, "")
      << "; score " << number(candidate.score, "") << "\n";
}

}  // namespace

std::string explain_json(const RouteTable& table, const Explained& explained) {
  std::string text;
  JsonObject object(text);
  object.text("config_version", explained.config_version);
  object.text("model", explained.facts.model);
  object.raw("signals") += facts_json(table, explained.facts);
  append_routes(object.raw("routes"), table, explained.facts);
  if (explained.plan) {
    append_plan(object, table, explained);
  } else {
    object.text("error", explained.plan.error().message);
  }
  object.close();
  return text;
}

std::string explain_text(const RouteTable& table, const Explained& explained) {
  std::ostringstream out;
  out << "model    " << explained.facts.model << "\nsignals  " << facts_json(table, explained.facts) << "\n";
  if (!explained.plan) {
    out << "error    " << explained.plan.error().message << "\n";
    return std::move(out).str();
  }
  const api::RoutePlan& plan = *explained.plan;
  const config::Route& route = *table.routes()[plan.route].config;
  out << "route    " << route.name << "  (order by " << to_string(route.policy.order_by) << ", balance "
      << to_string(route.balance) << ")\n";
  const auto matches = table.all_matches(explained.facts);
  for (std::size_t i = 1; i < matches.size(); ++i) {
    out << "         " << table.routes()[matches[i]].config->name << " matches too, and lost to " << route.name << "\n";
  }
  if (plan.variant >= 0) out << "variant  " << route.experiment->variants[static_cast<std::size_t>(plan.variant)].name << "\n";
  if (plan.canary) out << "canary   this request is the canary's\n";
  if (plan.least_bad) out << "note     no target is well: all are tried in spite of it\n";
  out << (plan.candidates.empty() ? "nobody may serve it\n" : "would try, in this order\n");
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) write_candidate(out, table, plan.candidates[i], i + 1);
  if (!plan.rejected.empty()) out << "ruled out\n";
  for (const api::Rejected& rejected : plan.rejected) {
    out << "  - " << target_name(table, rejected.target) << "  " << reject_text(table, rejected) << "\n";
  }
  if (plan.candidates.empty()) return std::move(out).str();
  out << "if the first attempt fails\n";
  for (const FailureStep& step : failure_steps(table, plan)) out << "  " << step.failure << " -> " << step.then << "\n";
  return std::move(out).str();
}

std::optional<std::string> explain_why_not(const RouteTable& table, const Explained& explained, std::string_view name) {
  const auto& targets = table.config().targets;
  const auto named = [&](std::uint32_t index) { return targets[index].name == name || targets[index].model == name; };
  bool known = false;
  for (std::uint32_t i = 0; i < targets.size(); ++i) known = known || named(i);
  if (!known) return std::nullopt;
  if (!explained.plan) return "no route takes this request: " + explained.plan.error().message;
  const api::RoutePlan& plan = *explained.plan;
  for (const api::Rejected& rejected : plan.rejected) {
    if (named(rejected.target)) return std::string(name) + " is ruled out: " + reject_text(table, rejected);
  }
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) {
    const api::Candidate& candidate = plan.candidates[i];
    if (!named(candidate.target)) continue;
    if (i == 0) return std::string(name) + " is the pick (" + std::string(api::to_string(candidate.chosen)) + ")";
    return std::string(name) + " is number " + std::to_string(i + 1) + " (" + std::string(api::to_string(candidate.chosen)) +
           ", score " + number(candidate.score, "") + "); the first is " +
           std::string(target_name(table, plan.candidates.front().target)) + " (score " +
           number(plan.candidates.front().score, "") + ")";
  }
  return std::string(name) + " is not a target of route " + table.routes()[plan.route].config->name;
}

std::string explain_summary(const RouteTable& table, const api::RoutePlan& plan) {
  std::string text;
  JsonObject object(text);
  object.text("route", table.routes()[plan.route].config->name);
  object.text("order_by", to_string(table.routes()[plan.route].config->policy.order_by));
  if (!plan.candidates.empty()) {
    object.text("picked", target_name(table, plan.candidates.front().target));
    object.text("by", api::to_string(plan.candidates.front().chosen));
    object.number("propensity", plan.candidates.front().propensity);
  }
  object.number("candidates", plan.candidates.size());
  append_array(object.raw("rejected"), plan.rejected, [&](std::string& to, const api::Rejected& rejected) {
    json::append_quoted(to, api::to_string(rejected.code));
  });
  object.close();
  return text;
}

}  // namespace fluxgate::routing
