#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

constexpr Range kWorkerRange{1, 1024};

void read_workers(Reader& reader, const Node& node, Config& out) {
  if (node.kind == Node::Kind::kScalar && node.text == "auto") {
    out.workers = 0;
  } else if (node.kind == Node::Kind::kScalar && node.text.find_first_not_of("-0123456789") != std::string::npos) {
    reader.error(node, "must be auto or a whole number, not " + quote(node.text));
  } else if (const auto value = reader.integer(node, kWorkerRange)) {
    out.workers = *value;
  }
}

}  // namespace

const Section<Config>& root_section() {
  static const Section<Config> section = [] {
    Section<Config> s("fluxgate", "The whole file.");
    s.section("listen", &Config::listen, listen_section());
    s.section("admin", &Config::admin, admin_section());
    s.add({.name = "workers", .shape = Shape::kWorkers,
           .doc = "Threads that serve requests, each with its own connections. `auto`: one for each processor.",
           .fallback = "auto", .range = kWorkerRange},
          read_workers);
    s.section("log", &Config::log, log_section());
    s.section("limits", &Config::limits, limits_section());
    s.section("drain", &Config::drain, drain_section());
    s.named("providers", &Config::providers, provider_section(), kRequired);
    s.named("targets", &Config::targets, target_section(), kRequired);
    s.list("routes", &Config::routes, route_section());
    s.section("breaker", &Config::breaker, breaker_section());
    s.section("sensitivity", &Config::sensitivity, sensitivity_section());
    s.section("tasks", &Config::tasks, tasks_section());
    s.section("decision_log", &Config::decision_log, decision_log_section());
    s.group("catalogue", catalogue_section());
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
