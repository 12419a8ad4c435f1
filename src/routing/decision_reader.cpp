// Reads what decision_line() and feedback_line() wrote, and what later versions will have added.
#include <charconv>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "fluxgate/routing/replay.hpp"

namespace fluxgate::routing {
namespace {

using Json = nlohmann::json;

Error bad_line(std::size_t line, const std::string& why) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, "line " + std::to_string(line) + ": " + why};
}

// An object's members by type. A member that is absent or null gives the default; one of another type is noted as the
// fault of the line.
class Members {
 public:
  Members(const Json& json, std::string& fault) : json_(json), fault_(fault) {}

  std::string text(const char* key) const {
    const Json* value = find(key, &Json::is_string);
    return value == nullptr ? std::string() : value->get<std::string>();
  }
  double number(const char* key, double otherwise) const {
    const Json* value = find(key, &Json::is_number);
    return value == nullptr ? otherwise : value->get<double>();
  }
  std::optional<std::uint64_t> count(const char* key) const {
    const Json* value = find(key, &Json::is_number_unsigned);
    if (value == nullptr) return std::nullopt;
    return value->get<std::uint64_t>();
  }
  template <class Count>
  Count small(const char* key) const {
    const std::uint64_t value = count(key).value_or(0);
    if (value > std::numeric_limits<Count>::max()) fault_ = std::string("'") + key + "' is too large";
    return static_cast<Count>(value);
  }
  bool flag(const char* key) const {
    const Json* value = find(key, &Json::is_boolean);
    return value != nullptr && value->get<bool>();
  }
  // A 64-bit hash as hex text, with or without 0x.
  std::uint64_t hash(const char* key) const {
    std::string digits = text(key);
    if (digits.starts_with("0x")) digits.erase(0, 2);
    if (digits.empty()) return 0;
    std::uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value, 16);
    if (read.ec != std::errc() || read.ptr != end) fault_ = std::string("'") + key + "' is no hash";
    return value;
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> list;
    for_each(key, &Json::is_string, [&](const Json& item) { list.push_back(item.get<std::string>()); });
    return list;
  }
  template <class Read>
  void objects(const char* key, Read read) const {
    for_each(key, &Json::is_object, [&](const Json& item) { read(Members(item, fault_)); });
  }

 private:
  using Is = bool (Json::*)() const noexcept;

  const Json* find(const char* key, Is is) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return nullptr;
    if ((*found.*is)()) return &*found;
    fault_ = std::string("'") + key + "' has the wrong type";
    return nullptr;
  }
  template <class Read>
  void for_each(const char* key, Is is, Read read) const {
    const Json* list = find(key, &Json::is_array);
    if (list == nullptr) return;
    for (const Json& item : *list) {
      if ((item.*is)()) {
        read(item);
      } else {
        fault_ = std::string("an element of '") + key + "' has the wrong type";
      }
    }
  }

  const Json& json_;
  std::string& fault_;
};

template <class Enum, std::size_t N>
std::optional<Enum> parse_enum(const Enum (&values)[N], std::string_view text) {
  for (const Enum value : values) {
    if (api::to_string(value) == text) return value;
  }
  return std::nullopt;
}

void read_facts(const Members& in, LoggedDecision& decision) {
  api::RequestFacts& facts = decision.facts;
  facts.input_tokens = in.small<std::uint32_t>("in");
  facts.tokens_exact = in.flag("exact");
  facts.max_output_tokens = in.count("max_out");
  facts.body_bytes = in.count("bytes").value_or(0);
  for (const std::string& name : in.texts("needs")) {
    if (const auto ability = api::parse_ability(name)) facts.needs.add(*ability);
  }
  facts.messages = in.small<std::uint16_t>("messages");
  facts.user_turns = in.small<std::uint16_t>("turns");
  facts.tool_results = in.small<std::uint16_t>("tool_results");
  facts.images = in.small<std::uint16_t>("images");
  facts.tool_loop = in.flag("tool_loop");
  facts.session = in.hash("session");
  facts.user = in.hash("user");
  facts.prefix = in.hash("prefix");
  facts.text = in.hash("text");
  in.objects("tasks", [&](const Members& task) {
    decision.tasks.push_back({task.text("name"), static_cast<float>(task.number("p", 1))});
  });
  using api::TaskSource;
  constexpr TaskSource kSources[] = {TaskSource::kNamed, TaskSource::kKeywords, TaskSource::kStructure,
                                     TaskSource::kModel};
  facts.task_source = parse_enum(kSources, in.text("task_by")).value_or(TaskSource::kNone);
  decision.labels = in.texts("labels");
  decision.headers = in.texts("headers");
  using api::Priority;
  constexpr Priority kPriorities[] = {Priority::kBatch, Priority::kLow, Priority::kHigh};
  facts.priority = parse_enum(kPriorities, in.text("priority")).value_or(Priority::kNormal);
}

void read_lists(const Members& in, LoggedDecision& decision) {
  in.objects("candidates", [&](const Members& item) {
    decision.candidates.push_back({item.text("target"), item.text("by"), item.number("p", api::kUnknown),
                                   item.number("score", api::kUnknown), item.number("usd", api::kUnknown),
                                   item.number("quality", api::kUnknown), item.number("ttft", api::kUnknown)});
  });
  in.objects("rejected", [&](const Members& item) {
    decision.rejected.push_back({item.text("target"), item.text("code")});
  });
  in.objects("attempts", [&](const Members& item) {
    decision.attempts.push_back({item.text("target"), item.text("outcome"), item.small<std::uint16_t>("status"),
                                 item.number("ttft", 0), item.number("s", 0), item.flag("hedge")});
  });
}

LoggedOutcome read_outcome(const Members& in) {
  LoggedOutcome outcome;
  outcome.status = in.small<std::uint16_t>("status");
  outcome.served = in.text("served");
  outcome.aborted = in.flag("aborted");
  outcome.error = in.text("error");
  outcome.elapsed = in.number("s", 0);
  outcome.input_tokens = in.count("tokens_in");
  outcome.cached_tokens = in.count("tokens_cached");
  outcome.output_tokens = in.count("tokens_out");
  outcome.usd = in.number("usd", api::kUnknown);
  return outcome;
}

LoggedDecision read_decision(const Json& json, std::string& fault) {
  const Members in(json, fault);
  LoggedDecision decision;
  decision.time = in.number("t", 0);
  decision.id = in.text("id");
  decision.config = in.text("config");
  decision.seed = in.hash("seed");
  decision.endpoint = in.text("endpoint");
  decision.model = in.text("model");
  decision.facts.stream = in.flag("stream");
  const auto facts = json.find("facts");
  if (facts != json.end() && facts->is_object()) {
    read_facts(Members(*facts, fault), decision);
  } else {
    fault = "'facts' must be an object";
  }
  decision.route = in.text("route");
  decision.order_by = in.text("order_by");
  decision.variant = in.text("variant");
  decision.canary = in.flag("canary");
  decision.least_bad = in.flag("least_bad");
  read_lists(in, decision);
  decision.outcome = read_outcome(in);
  decision.prompt = in.text("prompt");
  if (decision.id.empty()) fault = "'id' must be a text";
  return decision;
}

// One line after the other; decisions and the feedback on them.
class Reader {
 public:
  explicit Reader(const ReadLimits& limits) : limits_(limits) {}

  Result<void> line(const std::string& text, std::size_t number) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return bad_line(number, "not a JSON object");
    if (json.value("v", Json()) != 1)
      return bad_line(number, "'v' is not 1: another version of the format, or no decision log");
    std::string fault;
    if (json.contains("feedback")) {
      feedback(Members(json, fault), fault);
    } else {
      if (log_.decisions.size() >= limits_.decisions) {
        return bad_line(number, "more than " + std::to_string(limits_.decisions) + " decisions");
      }
      log_.decisions.push_back(read_decision(json, fault));
      log_.decisions.back().line = number;
    }
    if (!fault.empty()) return bad_line(number, fault);
    return {};
  }

  bool any() const { return !log_.decisions.empty() || log_.feedback_lines > 0; }

  DecisionLog finish(bool cut) && {
    std::size_t matched = 0;
    for (LoggedDecision& decision : log_.decisions) {
      const auto found = scores_.find(decision.id);
      if (found == scores_.end()) continue;
      double sum = 0;
      for (const auto& [channel, score] : found->second.by_channel) sum += score;
      decision.feedback = sum / static_cast<double>(found->second.by_channel.size());
      matched += found->second.lines;
      found->second.lines = 0;
    }
    log_.feedback_unmatched = log_.feedback_lines - matched;
    log_.cut = cut;
    return std::move(log_);
  }

 private:
  struct Scores {
    std::map<std::string, double> by_channel;  // the last one wins
    std::size_t lines = 0;
  };

  void feedback(const Members& in, std::string& fault) {
    const double score = in.number("score", api::kUnknown);
    if (!(score >= 0 && score <= 1)) fault = "'score' must be 0 to 1";
    Scores& scores = scores_[in.text("feedback")];
    scores.by_channel[in.text("channel")] = score;
    ++scores.lines;
    ++log_.feedback_lines;
  }

  const ReadLimits& limits_;
  DecisionLog log_;
  std::unordered_map<std::string, Scores> scores_;  // by the request's id
};

// The next line without its end, into memory that is reused; false if it is longer than `most`, which std::getline
// would hold all of first.
bool next_line(std::istream& in, std::size_t most, std::string& line) {
  line.clear();
  for (int c = in.get(); c != std::istream::traits_type::eof() && c != '\n'; c = in.get()) {
    if (line.size() == most) return false;
    line += static_cast<char>(c);
  }
  return true;
}

}  // namespace

const std::string& LoggedDecision::pick() const {
  static const std::string kNobody;
  return candidates.empty() ? kNobody : candidates.front().target;
}

Result<DecisionLog> read_decisions(std::istream& in, const ReadLimits& limits) {
  Reader reader(limits);
  std::string text;
  bool cut = false;
  for (std::size_t number = 1; in.good(); ++number) {
    if (!next_line(in, limits.line, text))
      return bad_line(number, "longer than " + std::to_string(limits.line) + " bytes");
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    // A process that was killed leaves a last line without its end. If it is all there is, it is no log.
    if (in.eof() && reader.any() && !Json::accept(text)) {
      cut = true;
      break;
    }
    if (auto read = reader.line(text, number); !read) return std::move(read).error();
  }
  if (in.bad())
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, "the decision log cannot be read to its end");
  return std::move(reader).finish(cut);
}

}  // namespace fluxgate::routing
