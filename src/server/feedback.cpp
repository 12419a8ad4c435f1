#include "feedback.hpp"

#include <nlohmann/json.hpp>

#include "fluxgate/base/hash.hpp"
#include "fluxgate/json/write.hpp"
#include "fluxgate/routing/decision.hpp"

namespace fluxgate::server {
namespace {

using Json = nlohmann::json;
using policies::Verdict;

constexpr std::size_t kLongestName = 64;

struct Word {
  std::string_view name;
  Verdict verdict;
  double score;
};
constexpr Word kVerdicts[] = {{"good_fit", Verdict::kGood, 1},
                              {"underpowered", Verdict::kUnderpowered, 0},
                              {"overprovisioned", Verdict::kOverprovisioned, 1},
                              {"failed", Verdict::kFailed, 0}};

Error bad(std::string message, std::string param) {
  return client_error(ErrorKind::kBadRequest, std::move(message)).with_param(std::move(param));
}

struct Parsed {
  std::string id;
  std::string channel;
  std::string verdict_name;
  std::optional<Verdict> verdict;   // unset: the score says it
  double score = 1;
};

// A verdict, or a score that is good to that degree.
Result<void> read_judgement(const Json& body, Parsed& parsed) {
  const auto verdict = body.find("verdict");
  const auto score = body.find("score");
  if ((verdict == body.end()) == (score == body.end())) return bad("give either a score (0 to 1) or a verdict", "score");
  if (score != body.end()) {
    if (!score->is_number() || !(score->get<double>() >= 0 && score->get<double>() <= 1)) {
      return bad("score must be a number from 0 to 1", "score");
    }
    parsed.score = score->get<double>();
    return {};
  }
  for (const Word& word : kVerdicts) {
    if (!verdict->is_string() || verdict->get_ref<const std::string&>() != word.name) continue;
    parsed.verdict_name = word.name;
    parsed.verdict = word.verdict;
    parsed.score = word.score;
    return {};
  }
  return bad("verdict must be good_fit, underpowered, overprovisioned or failed", "verdict");
}

Result<Parsed> parse(std::string_view text) {
  const Json body = Json::parse(text, nullptr, false);
  if (!body.is_object()) return bad("the body must be a JSON object", "");
  Parsed parsed;
  const auto id = body.find("id");
  if (id == body.end() || !id->is_string() || id->get_ref<const std::string&>().empty()) {
    return bad("id must be the x-fluxgate-request-id of an earlier answer", "id");
  }
  parsed.id = id->get<std::string>();
  if (const auto channel = body.find("channel"); channel != body.end()) {
    if (!channel->is_string() || channel->get_ref<const std::string&>().size() > kLongestName) {
      return bad("channel must be a short name", "channel");
    }
    parsed.channel = channel->get<std::string>();
  }
  if (auto judged = read_judgement(body, parsed); !judged) return std::move(judged).error();
  return parsed;
}

// Whose word it is: the credential if there is one, else the address. One sender's weight in a cell is capped.
std::uint64_t sender_of(const gateway::ClientRequest& request) {
  if (const auto key = request.head->find("authorization")) return hash_text(*key);
  return hash_text(request.client.substr(0, request.client.rfind(':')));
}

}  // namespace

LocalAnswer answer_feedback(const gateway::ClientRequest& request, gateway::WorkerState& state) {
  LocalAnswer answer;
  auto parsed = parse(request.body);
  if (!parsed) {
    answer.error = std::move(parsed).error();
    return answer;
  }
  const auto found = state.shared.live.note_feedback(parsed->id, parsed->verdict, parsed->score, sender_of(request), SteadyClock::now());
  state.shard.feedback.add(found ? telemetry::FeedbackResult::kLearned : telemetry::FeedbackResult::kUnknown);
  if (state.shared.decision_log) {
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    state.shared.decision_log->append(
        routing::feedback_line({now, parsed->id, parsed->score, parsed->verdict_name, parsed->channel}));
  }
  // The log takes it in any case: the decision may be in there though it is no longer (or never was) in memory.
  answer.body = found ? R"({"object":"feedback","learned":true,"route":)" + json::quoted(found->route) + ",\"target\":" +
                            json::quoted(found->target) + "}"
                      : std::string(R"({"object":"feedback","learned":false})");
  return answer;
}

}  // namespace fluxgate::server
