#include "fluxgate/routing/decision.hpp"

#include "json_object.hpp"

namespace fluxgate::routing {
namespace {

std::string_view target_name(const RouteTable& table, std::uint32_t target) { return table.config().targets[target].name; }

std::vector<std::string_view> ability_names(api::AbilitySet abilities) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < api::kAbilityCount; ++i) {
    if (abilities.has(static_cast<api::Ability>(i))) names.push_back(api::kAbilityNames[i]);
  }
  return names;
}

// The members of `names` whose bit is set.
std::vector<std::string_view> bit_names(const std::vector<std::string>& names, std::uint64_t bits) {
  std::vector<std::string_view> set;
  for (std::size_t i = 0; i < names.size() && i < 64; ++i) {
    if ((bits >> i) & 1u) set.push_back(names[i]);
  }
  return set;
}

void append_texts(std::string& out, const std::vector<std::string_view>& texts) {
  append_array(out, texts, [](std::string& to, std::string_view text) { json::append_quoted(to, text); });
}

void append_facts(std::string& out, const RouteTable& table, const api::RequestFacts& facts) {
  JsonObject object(out);
  object.number("in", facts.input_tokens);
  if (facts.tokens_exact) object.flag("exact", true);
  if (facts.tokens_rough) object.flag("rough", true);
  if (facts.max_output_tokens) object.number("max_out", *facts.max_output_tokens);
  object.number("bytes", facts.body_bytes);
  if (!facts.needs.empty()) append_texts(object.raw("needs"), ability_names(facts.needs));
  if (facts.messages > 0) object.number("messages", facts.messages);
  if (facts.user_turns > 0) object.number("turns", facts.user_turns);
  if (facts.tool_results > 0) object.number("tool_results", facts.tool_results);
  if (facts.images > 0) object.number("images", facts.images);
  if (facts.tool_loop) object.flag("tool_loop", true);
  if (facts.session != 0) object.hash("session", facts.session);
  if (facts.user != 0) object.hash("user", facts.user);
  if (facts.prefix != 0) object.hash("prefix", facts.prefix);
  if (facts.text != 0) object.hash("text", facts.text);
  if (!facts.tasks.empty()) {
    append_array(object.raw("tasks"), facts.tasks, [&](std::string& to, const api::TaskGuess& guess) {
      JsonObject task(to);
      task.text("name", table.vocabulary().tasks[guess.task]);
      task.number("p", static_cast<double>(guess.probability));
      task.close();
    });
    object.text("task_by", api::to_string(facts.task_source));
  }
  if (facts.labels != 0) append_texts(object.raw("labels"), bit_names(table.vocabulary().sensitivity_labels, facts.labels));
  if (facts.header_matches != 0) {
    std::vector<std::string> conditions;
    for (const HeaderCondition& condition : table.header_conditions()) conditions.push_back(condition.name + ": " + condition.value);
    append_texts(object.raw("headers"), bit_names(conditions, facts.header_matches));
  }
  if (facts.priority != api::Priority::kNormal) object.text("priority", api::to_string(facts.priority));
  object.close();
}

void append_candidate(std::string& out, const RouteTable& table, const api::Candidate& candidate) {
  JsonObject object(out);
  object.text("target", target_name(table, candidate.target));
  object.text("by", api::to_string(candidate.chosen));
  object.number("p", candidate.propensity);
  object.number("score", candidate.score);
  object.number("usd", candidate.estimate.usd);
  object.number("quality", candidate.estimate.quality);
  object.number("ttft", candidate.estimate.ttft);
  object.close();
}

void append_attempt(std::string& out, const RouteTable& table, const AttemptRecord& attempt) {
  JsonObject object(out);
  object.text("target", target_name(table, attempt.target));
  object.text("outcome", attempt.outcome);
  if (attempt.status != 0) object.number("status", attempt.status);
  if (attempt.ttft > 0) object.number("ttft", attempt.ttft);
  object.number("s", attempt.elapsed);
  if (attempt.hedge) object.flag("hedge", true);
  object.close();
}

void append_outcome(JsonObject& object, const RouteTable& table, const Outcome& outcome) {
  object.number("status", outcome.status);
  if (outcome.served) object.text("served", target_name(table, *outcome.served));
  if (outcome.aborted) object.flag("aborted", true);
  if (!outcome.error.empty()) object.text("error", outcome.error);
  object.number("s", outcome.elapsed);
  if (outcome.input_tokens) object.number("tokens_in", *outcome.input_tokens);
  if (outcome.cached_tokens) object.number("tokens_cached", *outcome.cached_tokens);
  if (outcome.output_tokens) object.number("tokens_out", *outcome.output_tokens);
  object.number("usd", outcome.usd);
}

// Unix seconds with milliseconds; six significant digits would not do.
void append_time(JsonObject& object, double time) {
  const auto millis = static_cast<std::int64_t>(time * 1000);
  std::string fraction = std::to_string(millis % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  object.raw("t") += std::to_string(millis / 1000) + "." + fraction;
}

}  // namespace

std::string decision_line(const RouteTable& table, const Decision& decision) {
  std::string line;
  line.reserve(1024);
  const api::RoutePlan& plan = decision.plan;
  const config::Route& route = *table.routes()[plan.route].config;
  JsonObject object(line);
  object.number("v", 1);
  append_time(object, decision.time);
  object.text("id", decision.id);
  object.text("config", decision.config_version);
  object.text("seed", "0x" + JsonObject::hex(plan.seed));
  object.text("endpoint", decision.endpoint);
  object.text("model", decision.facts.model);
  if (decision.facts.stream) object.flag("stream", true);
  append_facts(object.raw("facts"), table, decision.facts);
  object.text("route", route.name);
  object.text("order_by", to_string(route.policy.order_by));
  if (plan.variant >= 0) object.text("variant", route.experiment->variants[static_cast<std::size_t>(plan.variant)].name);
  if (plan.canary) object.flag("canary", true);
  if (plan.least_bad) object.flag("least_bad", true);
  append_array(object.raw("candidates"), plan.candidates,
               [&](std::string& to, const api::Candidate& candidate) { append_candidate(to, table, candidate); });
  if (!plan.rejected.empty()) {
    append_array(object.raw("rejected"), plan.rejected, [&](std::string& to, const api::Rejected& rejected) {
      JsonObject item(to);
      item.text("target", target_name(table, rejected.target));
      item.text("code", reject_text(table, rejected));
      item.close();
    });
  }
  append_array(object.raw("attempts"), decision.attempts,
               [&](std::string& to, const AttemptRecord& attempt) { append_attempt(to, table, attempt); });
  append_outcome(object, table, decision.outcome);
  if (!decision.text.empty()) object.text("prompt", decision.text);
  object.close();
  return line;
}

std::string feedback_line(const Feedback& feedback) {
  std::string line;
  JsonObject object(line);
  object.number("v", 1);
  append_time(object, feedback.time);
  object.text("feedback", feedback.id);
  object.number("score", feedback.score);
  if (!feedback.verdict.empty()) object.text("verdict", feedback.verdict);
  if (!feedback.channel.empty()) object.text("channel", feedback.channel);
  object.close();
  return line;
}

std::string_view to_string(config::OrderBy order_by) {
  switch (order_by) {
    case config::OrderBy::kListed: return "listed";
    case config::OrderBy::kCost: return "cost";
    case config::OrderBy::kLatency: return "latency";
    case config::OrderBy::kQuality: return "quality";
    case config::OrderBy::kWeighted: return "weighted";
    case config::OrderBy::kAdaptive: return "adaptive";
  }
  return "unknown";
}

std::string_view to_string(config::Balance balance) {
  switch (balance) {
    case config::Balance::kOrdered: return "ordered";
    case config::Balance::kWeighted: return "weighted";
    case config::Balance::kRoundRobin: return "round_robin";
    case config::Balance::kLeastOutstanding: return "least_outstanding";
    case config::Balance::kP2c: return "p2c";
    case config::Balance::kSession: return "session";
    case config::Balance::kPrefix: return "prefix";
  }
  return "unknown";
}

std::string reject_text(const RouteTable& table, const api::Rejected& rejected) {
  const auto compared = [&] {
    std::string text = ":";
    JsonObject::append(text, rejected.needed);
    text += '/';
    JsonObject::append(text, rejected.available);
    return text;
  };
  const auto whole_numbers = [&] {
    return ":" + std::to_string(static_cast<std::int64_t>(rejected.needed)) + "/" +
           std::to_string(static_cast<std::int64_t>(rejected.available));
  };
  std::string text(api::to_string(rejected.code));
  switch (rejected.code) {
    case api::RejectCode::kMissingLabel: return text + ":" + std::string(table.label_name(rejected.detail));
    case api::RejectCode::kAbility: return text + ":" + std::string(api::kAbilityNames[rejected.detail]);
    case api::RejectCode::kContext:
    case api::RejectCode::kMaxOutput:
    case api::RejectCode::kConcurrency: return text + whole_numbers();
    case api::RejectCode::kPriceMax:
    case api::RejectCode::kQualityFloor: return text + compared();
    case api::RejectCode::kGate: return "health:" + std::string(api::to_string(static_cast<api::Gate>(rejected.detail)));
    case api::RejectCode::kRegion:
    case api::RejectCode::kPriceUnknown:
    case api::RejectCode::kHeadroom: break;
  }
  return text;
}

std::string facts_json(const RouteTable& table, const api::RequestFacts& facts) {
  std::string text;
  append_facts(text, table, facts);
  return text;
}

}  // namespace fluxgate::routing
