#include "fluxgate/gateway/facts_builder.hpp"

#include <algorithm>

#include "fluxgate/base/hash.hpp"
#include "fluxgate/base/text.hpp"
#include "fluxgate/dialects/openai/lenient_string.hpp"

namespace fluxgate::gateway {
namespace {

using dialects::openai::FactsWanted;
using dialects::openai::RequestKind;
using dialects::openai::TokenCounter;
using tokens::Encoding;

// A longer body is only estimated: other connections wait while it is counted, 2 ms for this much of prose, 10 ms of the worst.
constexpr std::size_t kLongestExactCount = 128 * 1024;
// Of English prose in JSON: for load and expected money, where a third more or less changes nothing.
constexpr std::size_t kBytesPerToken = 4;
// The estimate is off by a fifth at the most on ordinary text, so only what comes this near to a window is counted.
constexpr double kNearWindow = 0.7;
constexpr double kBeyondWindow = 1.4;

std::optional<RequestKind> kind_of(const EndpointSpec& endpoint) {
  switch (endpoint.label) {
    case telemetry::Endpoint::kChatCompletions: return RequestKind::kChat;
    case telemetry::Endpoint::kResponses: return RequestKind::kResponses;
    case telemetry::Endpoint::kCompletions: return RequestKind::kCompletions;
    case telemetry::Endpoint::kEmbeddings:
    case telemetry::Endpoint::kModerations: return RequestKind::kEmbeddings;  // both have `input`
    default: return std::nullopt;
  }
}

TokenCounter estimator() { return {&tokens::estimate_json, false, false}; }

TokenCounter exact_counter(Encoding encoding) {
  if (encoding == Encoding::kO200k) {
    return {[](std::string_view text) { return static_cast<std::uint32_t>(tokens::count(Encoding::kO200k, text)); }, true, true};
  }
  return {[](std::string_view text) { return static_cast<std::uint32_t>(tokens::count(Encoding::kCl100k, text)); }, true, true};
}

std::optional<api::Priority> parse_priority(std::string_view text) {
  for (const auto priority : {api::Priority::kBatch, api::Priority::kLow, api::Priority::kNormal, api::Priority::kHigh}) {
    if (text == api::to_string(priority)) return priority;
  }
  return std::nullopt;
}

std::uint64_t header_bits(const routing::RouteTable& table, const http::Fields& headers) {
  std::uint64_t bits = 0;
  const auto& conditions = table.header_conditions();
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const auto value = http::find_field(headers, conditions[i].name);
    if (value && wildcard_match(conditions[i].value, *value)) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

// Callers may raise sensitivity, never lower it. Names that nobody knows raise nothing.
std::uint64_t named_labels(const sensitivity::Detectors& detectors, std::string_view list) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < detectors.labels().size(); ++i) {
    if (lists_token(list, detectors.labels()[i])) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

}  // namespace

OwnFields OwnFields::of(const http::Fields& fields) {
  static constexpr std::string_view kPrefix = "x-fluxgate-";
  static constexpr std::pair<std::string_view, std::string_view OwnFields::*> kNames[] = {
      {"task", &OwnFields::task},         {"session", &OwnFields::session}, {"labels", &OwnFields::labels},
      {"priority", &OwnFields::priority}, {"explain", &OwnFields::explain}, {"timing", &OwnFields::timing}};
  OwnFields own;
  for (const http::Field& field : fields) {
    if (field.name.size() <= kPrefix.size() || !iequals(field.name.substr(0, kPrefix.size()), kPrefix)) continue;
    for (const auto& [name, member] : kNames) {
      if (iequals(field.name.substr(kPrefix.size()), name) && (own.*member).empty()) own.*member = field.value;
    }
  }
  return own;
}

Result<BuiltFacts> FactsBuilder::build(const Snapshot& snapshot, const EndpointSpec& endpoint,
                                       const json::RequestScan& scan, std::string_view body, const http::Fields& headers,
                                       const OwnFields& own) {
  BuiltFacts built;
  api::RequestFacts& facts = built.facts;
  const routing::RouteTable& table = snapshot.routes();
  const routing::FactsNeeded needed = table.needed(scan.model, body.size(), scan.max_tokens);
  if (needed.reads_body()) {
    auto read = read_body(snapshot, endpoint, body, own.task, needed, built);
    if (!read) return std::move(read).error();
  }
  // Behind the reading, which sets all facts anew.
  facts.model = scan.model;
  facts.stream = scan.stream;
  facts.max_output_tokens = scan.max_tokens;
  facts.body_bytes = body.size();
  if (facts.input_tokens == 0) {
    facts.input_tokens = static_cast<std::uint32_t>(body.size() / kBytesPerToken);
    facts.tokens_rough = true;
  }
  if (scan.stream) facts.needs.add(api::Ability::kStreaming);
  if (needed.headers) facts.header_matches = header_bits(table, headers);
  if (!own.labels.empty()) facts.labels |= named_labels(snapshot.detectors(), own.labels);
  if (!own.session.empty()) facts.session = hash_text(own.session);
  if (!own.priority.empty()) {
    built.lowered_to = parse_priority(own.priority);
    if (!built.lowered_to) {
      return client_error(ErrorKind::kBadRequest, "x-fluxgate-priority must be batch, low, normal or high");
    }
  }
  if (needed.tokens) count_exactly(snapshot, endpoint, body, built);
  return built;
}

Result<void> FactsBuilder::read_body(const Snapshot& snapshot, const EndpointSpec& endpoint, std::string_view body,
                                     std::string_view named_task, const routing::FactsNeeded& needed, BuiltFacts& built) {
  const auto kind = kind_of(endpoint);
  if (!kind) {
    // Prompts of images, documents to rank, text to speak: wherever they stand in the body, they must not slip through.
    const std::size_t begin = body.find_first_not_of(" \t\r\n");
    const bool json = begin != std::string_view::npos && body[begin] == '{';  // a form is mostly a file
    if (json && needed.labels && !snapshot.detectors().empty()) {
      sensitivity::Findings findings;
      snapshot.detectors().scan(dialects::openai::decode_leniently(body), findings);
      built.facts.labels |= findings.labels();
    }
    return {};
  }
  const bool keep_text = snapshot.config().decision_log.text;
  FactsWanted wanted;
  wanted.tokens = needed.tokens || (needed.tasks && snapshot.tagger().reads_tokens());
  wanted.shape = needed.shape || needed.tasks;
  wanted.text = (needed.tasks && snapshot.tagger().reads_text()) || keep_text;
  wanted.segments = needed.labels && !snapshot.detectors().empty();
  auto read = reader_.read(body, *kind, wanted, estimator());
  if (!read) return std::move(read).error();
  built.facts = read->facts;
  built.split_messages = read->split;
  if (needed.spans) built.messages = read->messages;
  if (needed.tasks) snapshot.tagger().guess(built.facts, read->last_user_text, named_task);
  if (wanted.segments) {
    sensitivity::Findings findings;
    for (const auto& piece : read->pieces) snapshot.detectors().scan(piece.text, findings);
    built.facts.labels |= findings.labels();
  }
  if (keep_text) built.last_user_text = read->last_user_text;
  return {};
}

// Only where it could change the decision: the request comes near the window of a target whose vocabulary is known.
void FactsBuilder::count_exactly(const Snapshot& snapshot, const EndpointSpec& endpoint, std::string_view body,
                                 BuiltFacts& built) {
  const auto kind = kind_of(endpoint);
  if (!kind || body.size() > kLongestExactCount) return;
  const routing::CompiledRoute* route = snapshot.routes().match(built.facts);
  if (route == nullptr) return;
  const double need = built.facts.input_tokens +
                      static_cast<double>(built.facts.max_output_tokens.value_or(route->config->context.default_output));
  Encoding encoding = Encoding::kEstimate;
  for (const auto* list : {&route->targets, &route->fallback}) {
    for (const std::uint32_t target : *list) {
      const auto window = snapshot.routes().traits()[target].context_window;
      if (!window || encoding != Encoding::kEstimate) continue;
      const double share = need / static_cast<double>(*window);
      if (share > kNearWindow && share < kBeyondWindow) encoding = snapshot.target(target).encoding;
    }
  }
  if (encoding == Encoding::kEstimate) return;
  FactsWanted wanted;
  wanted.tokens = true;
  const auto counted = reader_.read(body, *kind, wanted, exact_counter(encoding));
  if (!counted) return;  // it was read once already; nothing new can be wrong with it
  built.facts.input_tokens = counted->facts.input_tokens;
  built.facts.tokens_exact = counted->facts.tokens_exact;
  if (!built.messages.empty()) built.messages = counted->messages;
}

}  // namespace fluxgate::gateway
