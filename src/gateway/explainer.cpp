#include "fluxgate/gateway/explainer.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/gateway/facts_builder.hpp"
#include "fluxgate/routing/explain.hpp"

namespace fluxgate::gateway {
namespace {

using Json = nlohmann::json;

Error bad(std::string message, std::string param) {
  return client_error(ErrorKind::kBadRequest, std::move(message)).with_param(std::move(param));
}

// The world as it is, but for what the query supposes.
class SupposedView final : public api::LiveView {
 public:
  SupposedView(const Snapshot& snapshot, const LiveState& live, const ExplainQuery& query)
      : snapshot_(snapshot), query_(query), serving_(snapshot, live, SteadyClock::now()) {}

  api::TargetStatus status(std::uint32_t target) const override {
    api::TargetStatus status = serving_.status(target);
    const std::string& name = snapshot_.target(target).config->name;
    for (const auto& [which, gate] : query_.gates) {
      if (which == name) status.gate = gate;
    }
    for (const auto& [which, seconds] : query_.ttft) {
      if (which != name) continue;
      status.ttft = seconds;
      status.samples = std::max<std::uint32_t>(status.samples, 10);
    }
    return status;
  }
  api::QualityCell cell(std::uint32_t route, std::uint16_t task, std::uint32_t target) const override {
    return serving_.cell(route, task, target);
  }
  std::uint64_t turn(std::uint32_t route) const override { return serving_.turn(route); }
  double canary_share(std::uint32_t route) const override { return serving_.canary_share(route); }

 private:
  const Snapshot& snapshot_;
  const ExplainQuery& query_;
  ServingView serving_;
};

std::optional<telemetry::Endpoint> parse_endpoint(std::string_view name) {
  const auto& names = telemetry::LabelValues<telemetry::Endpoint>::values;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<telemetry::Endpoint>(found - names.begin());
}

std::optional<api::Gate> parse_gate(std::string_view name) {
  for (const auto gate : {api::Gate::kOpen, api::Gate::kProbation, api::Gate::kProbing, api::Gate::kShut,
                          api::Gate::kCooling, api::Gate::kNoCredential}) {
    if (name == api::to_string(gate)) return gate;
  }
  return std::nullopt;
}

Result<void> read_overrides(const Json& overrides, ExplainQuery& query) {
  if (!overrides.is_object()) return bad("overrides must be an object", "overrides");
  for (const auto& [key, value] : overrides.items()) {
    if (!value.is_object()) return bad("overrides." + key + " must be an object", "overrides." + key);
    for (const auto& [target, what] : value.items()) {
      const std::string path = "overrides." + key + "." + target;
      if (key == "health") {
        const auto gate = what.is_string() ? parse_gate(what.get<std::string>()) : std::nullopt;
        if (!gate) return bad(path + " must be open, probation, probing, shut, cooling or no_credential", path);
        query.gates.emplace_back(target, *gate);
      } else if (key == "latency") {
        if (!what.is_object() || !what.contains("ttft_ms") || !what["ttft_ms"].is_number()) return bad(path + " must be {\"ttft_ms\": number}", path);
        query.ttft.emplace_back(target, what["ttft_ms"].get<double>() / 1e3);
      } else {
        return bad("overrides has no key " + key + " (health, latency)", "overrides." + key);
      }
    }
  }
  return {};
}

std::vector<std::string> supposed_targets(const ExplainQuery& query) {
  std::vector<std::string> names;
  for (const auto& [name, gate] : query.gates) names.push_back(name);
  for (const auto& [name, seconds] : query.ttft) names.push_back(name);
  return names;
}

}  // namespace

std::optional<std::uint64_t> parse_seed(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  std::uint64_t seed = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seed, hexadecimal ? 16 : 10);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return seed;
}

Result<ExplainQuery> parse_explain_query(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("the body must be a JSON object", "");
  ExplainQuery query;
  if (!json.contains("request")) {
    query.body = text;
    return query;
  }
  if (!json["request"].is_object()) return bad("request must be an object", "request");
  query.body = json["request"].dump(-1, ' ', false, Json::error_handler_t::replace);
  if (json.contains("endpoint")) {
    if (!json["endpoint"].is_string()) return bad("endpoint must be text", "endpoint");
    query.endpoint = json["endpoint"].get<std::string>();
  }
  if (json.contains("seed")) {
    query.seed = parse_seed(json["seed"].is_string() ? json["seed"].get<std::string>() : json["seed"].dump());
    if (!query.seed) return bad("seed must be a whole number, or the text of one", "seed");
  }
  if (json.contains("headers")) {
    if (!json["headers"].is_object()) return bad("headers must be an object of text", "headers");
    for (const auto& [name, value] : json["headers"].items()) {
      if (!value.is_string()) return bad("headers must be an object of text", "headers." + name);
      query.headers.emplace_back(name, value.get<std::string>());
    }
  }
  if (json.contains("overrides")) {
    if (auto read = read_overrides(json["overrides"], query); !read) return std::move(read).error();
  }
  return query;
}

Result<std::string> explain(const Snapshot& snapshot, const LiveState& live, const ExplainQuery& query, ExplainForm form) {
  const auto label = parse_endpoint(query.endpoint);
  if (!label) return bad("there is no endpoint " + query.endpoint, "endpoint");
  EndpointSpec endpoint{};
  endpoint.label = *label;

  Buffer body(query.body.size() + 1);  // a Buffer has the slack that the scanner reads into
  std::copy(query.body.begin(), query.body.end(), body.data());
  const std::string_view text = body.view(0, query.body.size());
  json::Scanner scanner;
  auto scan = scanner.scan_request(text);
  if (!scan) return std::move(scan).error();
  if (scan->model.empty()) return bad("you must provide a model parameter", "model");
  http::Fields fields;
  for (const auto& [name, value] : query.headers) fields.push_back({name, value});
  FactsBuilder builder;
  auto built = builder.build(snapshot, endpoint, *scan, text, fields, OwnFields::of(fields));
  if (!built) return std::move(built).error();

  for (const auto& target : supposed_targets(query)) {
    const auto& targets = snapshot.config().targets;
    const bool known = std::any_of(targets.begin(), targets.end(), [&](const auto& item) { return item.name == target; });
    if (!known) return bad("overrides name an unknown target " + target, "overrides");
  }
  const SupposedView view(snapshot, live, query);
  const auto plan = snapshot.routes().plan(built->facts, view, query.seed.value_or(1), true);
  const routing::Explained explained{built->facts, view, plan, snapshot.version()};
  if (!query.why_not.empty()) {
    auto answer = routing::explain_why_not(snapshot.routes(), explained, query.why_not);
    if (!answer) return bad("there is no target or model " + query.why_not, "why_not");
    return *answer + "\n";
  }
  return form == ExplainForm::kJson ? routing::explain_json(snapshot.routes(), explained) + "\n"
                                    : routing::explain_text(snapshot.routes(), explained);
}

}  // namespace fluxgate::gateway
