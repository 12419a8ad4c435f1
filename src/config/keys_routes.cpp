#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

constexpr Range kPrices{0, 1000000};
constexpr Range kTokens{0, 1000000000};

std::vector<std::string> read_models(Reader& reader, const Node& node) {
  if (node.kind == Node::Kind::kScalar) {
    auto name = reader.text(node);
    return name ? std::vector<std::string>{std::move(*name)} : std::vector<std::string>{};
  }
  if (node.kind != Node::Kind::kList) {
    reader.error(node, "must be a model name, a list of them, or the word default");
    return {};
  }
  if (node.items.empty()) reader.error(node, "must have at least one model name");
  auto names = reader.texts(node);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Reader::At at(reader, element(reader.path(), i));
    if (names[i] == kDefaultModel) {
      reader.error(node.items[i], "default stands alone, not in a list: write model: default");
    }
  }
  return names;
}

const Section<Match>& tokens_section() {
  static const Section<Match> section = [] {
    Section<Match> s("routes[].match.tokens", "Estimated tokens of the request's input, both ends included.");
    s.integer("min", &Match::min_tokens, kTokens, "At least so many.");
    s.integer("max", &Match::max_tokens, kTokens, "At most so many.");
    return s;
  }();
  return section;
}

const Section<Match>& match_section() {
  static const Section<Match> section = [] {
    Section<Match> s("routes[].match", "Which requests a route takes: those that meet every condition given, of which "
                                       "there must be one. Of several such routes the one with more `precedence` wins; "
                                       "then one with conditions besides `model` over one without; then an exact name "
                                       "over a wildcard, that over any name, and that over `default`; then the one "
                                       "higher up.");
    s.add({.name = "model", .shape = Shape::kModels,
           .doc = "The model name clients send: one, or a list. `*` stands for any characters. Absent: any, if there "
                  "are other conditions. The word `default` takes what no other route of its `precedence` takes."},
          [](Reader& reader, const Node& node, Match& out) {
            out.models = read_models(reader, node);
            out.is_default = node.kind == Node::Kind::kScalar && node.text == kDefaultModel;
            if (out.is_default) out.models.clear();
          });
    s.header_values("headers", &Match::headers,
                    "Request headers that must be there, all of them, each with this value; `*` stands for any "
                    "characters: `{ x-team: search, x-env: \"*\" }`.");
    s.names("task", &Match::tasks, "The request's most likely task is one of these; see `tasks`.", Least::kOne);
    s.names("sensitivity", &Match::sensitivity, "One of these labels was raised; see `sensitivity`.", Least::kOne);
    s.words("needs", &Match::needs, ability_words(), "The request needs all of these abilities of a model.");
    s.group("tokens", tokens_section());
    return s;
  }();
  return section;
}

const Section<Require>& max_price_section() {
  static const Section<Require> section = [] {
    Section<Require> s("routes[].require.max_price",
                       "US dollars per million tokens. Targets known to be dearer are ruled out.");
    s.number("input", &Require::max_input_price, kPrices, "For tokens sent to the model.");
    s.number("output", &Require::max_output_price, kPrices, "For tokens the model wrote.");
    return s;
  }();
  return section;
}

const Section<Require>& require_section() {
  static const Section<Require> section = [] {
    Section<Require> s("routes[].require", "What a target must have to be asked at all. Binds fallbacks, hedges, "
                                           "canaries and shadows too.");
    s.names("labels", &Require::labels, "Only targets that carry all of these labels, themselves or by their "
                                        "provider.");
    s.names("regions", &Require::regions, "Only targets whose provider's `region` is one of these.", Least::kOne);
    s.boolean("known_abilities", &Require::known_abilities,
              "An ability that the request needs must be known to be there; without, it must only not be denied.");
    s.boolean("known_price", &Require::known_price, "Targets without a price are ruled out.");
    s.group("max_price", max_price_section());
    return s;
  }();
  return section;
}

const Section<ContextRules>& context_section() {
  static const Section<ContextRules> section = [] {
    Section<ContextRules> s("routes[].context", "When no target's window is large enough for a request.");
    s.choice<OnOverflow>("on_overflow", &ContextRules::on_overflow,
                         {{"reject", OnOverflow::kReject}, {"trim", OnOverflow::kTrim}},
                         "`reject`: 400 `context_length_exceeded` with the numbers. `trim`: the oldest complete turns "
                         "are left out until it fits.");
    s.integer("default_output", &ContextRules::default_output, kTokens,
              "Tokens kept free for the answer of a request that sets no limit.");
    return s;
  }();
  return section;
}

void add_choices(Section<Route>& s) {
  s.choice<Balance>("balance", &Route::balance,
                    {{"ordered", Balance::kOrdered},
                     {"weighted", Balance::kWeighted},
                     {"round_robin", Balance::kRoundRobin},
                     {"least_outstanding", Balance::kLeastOutstanding},
                     {"p2c", Balance::kP2c},
                     {"session", Balance::kSession},
                     {"prefix", Balance::kPrefix}},
                    "Which of the targets that `policy` holds equal. `ordered`: the first that is well. `weighted`: at "
                    "random, by each target's `weight`. `round_robin`: in turn, by weight. `least_outstanding`: the "
                    "one with the fewest tokens in flight. `p2c`: the better of two drawn at random, by expected time "
                    "and load. `session`: a session stays where it is. `prefix`: equal beginnings of prompts go to the "
                    "same target, unless it is overloaded.");
  s.section("policy", &Route::policy, policy_section());
}

void add_failure_rules(Section<Route>& s) {
  s.choice<PriorityClass>("priority", &Route::priority,
                          {{"batch", PriorityClass::kBatch},
                           {"low", PriorityClass::kLow},
                           {"normal", PriorityClass::kNormal},
                           {"high", PriorityClass::kHigh}},
                          "Who loses first when there is too much work, and who goes first in a queue. The header "
                          "`x-fluxgate-priority` may lower it for one request.");
  s.choice<OnExhausted>("on_exhausted", &Route::on_exhausted,
                        {{"reject", OnExhausted::kReject},
                         {"least_bad", OnExhausted::kLeastBad},
                         {"queue", OnExhausted::kQueue}},
                        "When every target is shut, cooling or full. `reject`: 503. `least_bad`: ask them all the "
                        "same. `queue`: wait for one to have room.");
  s.section("queue", &Route::queue, queue_section());
  s.section("retry_budget", &Route::retry_budget, retry_budget_section());
  s.boolean("content_filter_fallback", &Route::content_filter_fallback,
            "An answer refused by a provider's content filter may be tried at the next target.");
  s.section("hedge", &Route::hedge, hedge_section());
}

}  // namespace

const Section<Route>& route_section() {
  static const Section<Route> section = [] {
    Section<Route> s("routes[]", "Who is asked for what.");
    s.name("name", &Route::name, "A name of your choice; metrics and logs carry it.", kRequired);
    s.signed_integer("precedence", &Route::precedence, 1000000,
                     "Routes with more are matched first, wherever they stand in the file.");
    s.section("match", &Route::match, match_section(), kRequired);
    add_choices(s);
    s.texts("targets", &Route::targets, "Names under `targets` that share the requests.", kRequired, Shape::kNames);
    s.texts("fallback", &Route::fallback, "Names under `targets`, tried in this order after `targets`.", false,
            Shape::kNames);
    s.integer("retries", &Route::retries, {0, 10},
              "Further tries of the same target before the next one. Absent: 0. `attempts.max` binds over all.");
    s.section("attempts", &Route::attempts, attempts_section());
    s.section("require", &Route::require, require_section());
    s.section("context", &Route::context, context_section());
    add_failure_rules(s);
    s.section("experiment", &Route::experiment, experiment_section());
    s.section("canary", &Route::canary, canary_section());
    s.section("shadow", &Route::shadow, shadow_section());
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
