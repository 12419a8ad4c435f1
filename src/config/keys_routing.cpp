#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

using std::chrono::hours;

constexpr Range kWeights{0, 1000000, true};
constexpr Range kPrices{0, 1000000};

const Section<Price>& price_section() {
  static const Section<Price> section = [] {
    Section<Price> s("targets.NAME.price", "US dollars per million tokens. Absent: unknown, which is not zero.");
    s.number("input", &Price::input, kPrices, "For tokens sent to the model.", kRequired);
    s.number("output", &Price::output, kPrices, "For tokens the model wrote.", kRequired);
    return s;
  }();
  return section;
}

const Section<Attempts>& attempts_section() {
  static const Section<Attempts> section = [] {
    Section<Attempts> s("routes[].attempts", "One budget of tries and time for a whole request.");
    s.integer("max", &Attempts::max, {1, 20}, "Tries at providers, the first included.");
    s.duration("deadline", &Attempts::deadline, milliseconds(1), hours(24),
               "The whole request: to the end of a plain answer, or to the first event of a stream.");
    s.duration("connect_timeout", &Attempts::connect_timeout, milliseconds(1), std::chrono::minutes(10),
               "Name look-up, TCP and TLS of one try.");
    s.duration("first_token_timeout", &Attempts::first_token_timeout, milliseconds(1), hours(1),
               "Streams: from the request sent to the first event.");
    s.duration("idle_timeout", &Attempts::idle_timeout, milliseconds(1), hours(1),
               "Streams: between two reads from the provider.");
    s.duration("stream_timeout", &Attempts::stream_timeout, milliseconds(1), hours(24),
               "Streams: the longest one may last in all.");
    s.duration("backoff", &Attempts::backoff, milliseconds(0), std::chrono::minutes(1),
               "Wait before the same target is tried again; doubles each time, with jitter.");
    return s;
  }();
  return section;
}

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

const Section<Match>& match_section() {
  static const Section<Match> section = [] {
    Section<Match> s("routes[].match", "Which requests a route takes. An exact name wins over a wildcard, and a route "
                                       "higher up over one further down.");
    s.add({.name = "model", .shape = Shape::kModels,
           .doc = "The model name clients send: one, or a list. `*` stands for any characters. The word `default` "
                  "takes what no other route takes.",
           .required = true},
          [](Reader& reader, const Node& node, Match& out) {
            out.models = read_models(reader, node);
            out.is_default = node.kind == Node::Kind::kScalar && node.text == kDefaultModel;
            if (out.is_default) out.models.clear();
          });
    return s;
  }();
  return section;
}

// `require: {labels: [...]}` is one list in the model, so its section reads straight into the route.
const Section<Route>& require_section() {
  static const Section<Route> section = [] {
    Section<Route> s("routes[].require", "What a provider must have to be asked at all, fallbacks included.");
    s.texts("labels", &Route::require_labels, "Only providers that carry all of these labels.");
    return s;
  }();
  return section;
}

}  // namespace

const Section<Target>& target_section() {
  static const Section<Target> section = [] {
    Section<Target> s("targets.NAME", "A model at a provider. NAME is yours to choose; routes refer to it and metrics "
                                      "carry it as a label.");
    s.text("provider", &Target::provider, "A name under `providers`.", kRequired, Shape::kName);
    s.text("model", &Target::model,
           "The model name the provider knows. `\"*\"`: the name the client asked for is sent as it is.", kRequired);
    s.text("strip_prefix", &Target::strip_prefix,
           "Only with `model: \"*\"`: taken off the front of the client's name, if it is there. With `groq/` a request "
           "for `groq/llama-3.3-70b` asks the provider for `llama-3.3-70b`.");
    s.number("weight", &Target::weight, kWeights, "Its share among the targets of a route with `balance: weighted`.");
    s.section("price", &Target::price, price_section());
    s.integer("context_window", &Target::context_window, {1, 1000000000}, "Tokens the model can take in all.");
    return s;
  }();
  return section;
}

const Section<Route>& route_section() {
  static const Section<Route> section = [] {
    Section<Route> s("routes[]", "Who is asked for what.");
    s.text("name", &Route::name, "A name of your choice; metrics and logs carry it.", kRequired, Shape::kName);
    s.section("match", &Route::match, match_section(), kRequired);
    s.choice<Balance>("balance", &Route::balance, {{"ordered", Balance::kOrdered}, {"weighted", Balance::kWeighted}},
                      "`ordered`: the first target that is well. `weighted`: at random, by each target's `weight`.");
    s.texts("targets", &Route::targets, "Names under `targets` that share the requests.", kRequired, Shape::kNames);
    s.texts("fallback", &Route::fallback, "Names under `targets`, tried in this order after `targets`.", false,
            Shape::kNames);
    s.integer("retries", &Route::retries, {0, 10},
              "Further tries of the same target before the next one. Absent: 0. `attempts.max` binds over all.");
    s.section("attempts", &Route::attempts, attempts_section());
    s.add({.name = "require", .shape = Shape::kSection, .doc = require_section().info().doc,
           .section = &require_section().info()},
          [](Reader& reader, const Node& node, Route& out) { require_section().read(reader, node, out); });
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
