// What is wrong with one route by itself.
#include <algorithm>
#include <set>

#include "config/checks.hpp"
#include "config/keys.hpp"
#include "config/text_forms.hpp"

namespace fluxgate::config {
namespace {

constexpr double kRounding = 1e-9;  // shares such as 0.1 do not add up exactly

class RouteChecker {
 public:
  RouteChecker(const Config& config, References& references, Report& report, const Route& route, std::string path)
      : config_(config), references_(references), report_(report), route_(route), path_(std::move(path)) {}

  void run() {
    targets("targets", route_.targets);
    each_target("fallback", route_.fallback);
    match();
    policy();
    if (route_.experiment) experiment(*route_.experiment);
    if (route_.canary) canary(*route_.canary);
    if (route_.shadow) targets("shadow.targets", route_.shadow->targets);
    resilience();
    requirements();
  }

 private:
  std::string at(const std::string& key) const { return path_ + "." + key; }
  bool read_well(const std::string& key) const { return report_.written(at(key)) && !report_.failed(at(key)); }

  void each_target(const std::string& key, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) references_.check_target(names[i], element(at(key), i));
  }

  // A list of targets that may not be empty.
  void targets(const std::string& key, const std::vector<std::string>& names) {
    if (names.empty() && read_well(key)) report_.error(at(key), "must name at least one target");
    each_target(key, names);
  }

  void match() {
    const Match& match = route_.match;
    const auto written = [&](const char* key) { return report_.written(at("match") + "." + key); };
    const bool tried = written("headers") || written("task") || written("sensitivity") || written("needs") ||
                       written("tokens.min") || written("tokens.max");
    if (!written("model") && !tried && read_well("match")) {
      report_.error(at("match.model"), "required key is missing, as there is no other condition");
    }
    if (match.min_tokens && match.max_tokens && *match.min_tokens > *match.max_tokens) {
      report_.error(at("match.tokens.max"), "is less than min, so that no request matches");
    }
    if (!match.sensitivity.empty() && raises_no_label(config_.sensitivity, report_)) {
      report_.warning(at("match.sensitivity"),
                      "sensitivity has no detectors and no patterns, so that nothing raises a label");
    }
    tasks();
  }

  // Tasks that neither keywords nor another source of guesses can find.
  void tasks() {
    const Tasks& sources = config_.tasks;
    if (sources.structure || !sources.file.empty()) return;
    std::vector<std::string> known;
    for (const auto& [task, words] : sources.keywords) known.push_back(task);
    for (std::size_t i = 0; i < route_.match.tasks.size(); ++i) {
      const std::string& task = route_.match.tasks[i];
      if (task.empty() || sources.keywords.contains(task)) continue;
      report_.warning(element(at("match.task"), i),
                      "only the x-fluxgate-task header can name this task" + did_you_mean(task, known));
    }
  }

  void policy() {
    const Policy& policy = route_.policy;
    for (const auto& [task, row] : policy.quality) {
      for (const auto& [target, value] : row) {
        references_.check_target(target, child(child(at("policy.quality"), task), target));
      }
    }
    const ScoreWeights& weights = policy.weights;
    if (weights.quality + weights.latency + weights.cost + weights.load <= 0) {
      report_.error(at("policy.weights"), "not all of them may be 0");
    }
    const bool by_quality = policy.order_by == OrderBy::kQuality;
    if (!knows_quality() && (by_quality || policy.quality_floor > 0)) {
      report_.warning(at(by_quality ? "policy.order_by" : "policy.quality_floor"),
                      "has no effect: no quality is given here, at the targets or by tasks.file");
    }
    if (policy.order_by != OrderBy::kCost) return;
    for (const auto& name : route_.targets) {
      const Target* target = references_.target(name);
      if (target == nullptr || target->price || target->model != kAnyModel || !target->catalogue.empty()) continue;
      report_.warning(at("policy.order_by"), "the target " + quote(name) +
                                                 " has model \"*\" and no price: unless the catalogue knows what "
                                                 "clients ask for, it comes last");
    }
  }

  bool knows_quality() const {
    if (!route_.policy.quality.empty() || !config_.tasks.file.empty()) return true;
    return std::any_of(route_.targets.begin(), route_.targets.end(), [&](const std::string& name) {
      const Target* target = references_.target(name);
      return target != nullptr && target->quality;
    });
  }

  void experiment(const Experiment& experiment) {
    double sum = 0;
    std::set<std::string> names;
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
      const Variant& variant = experiment.variants[i];
      const auto key = element("experiment.variants", i);
      targets(key + ".targets", variant.targets);
      if (!variant.name.empty() && !names.insert(variant.name).second) {
        report_.error(at(key + ".name"), "another variant has this name");
      }
      sum += variant.share;
    }
    if (sum > 1 + kRounding) report_.error(at("experiment.variants"), "the shares add up to more than 1");
  }

  void canary(const Canary& canary) {
    targets("canary.targets", canary.targets);
    if (!report_.failed(at("canary.confidence")) && canary.confidence >= 1) {
      report_.error(at("canary.confidence"), "must be less than 1: nothing is ever that sure");
    }
    for (std::size_t i = 1; i < canary.steps.size(); ++i) {
      if (canary.steps[i] > canary.steps[i - 1]) continue;
      report_.error(element(at("canary.steps"), i), "each step must be greater than the one before");
      return;
    }
  }

  void resilience() {
    if (report_.written(at("queue")) && route_.on_exhausted != OnExhausted::kQueue) {
      report_.warning(at("queue"), "has no effect without on_exhausted: queue");
    }
    if (!route_.hedge) return;
    const Hedge& hedge = *route_.hedge;
    if (hedge.delay && *hedge.delay < hedge.min_delay) {
      report_.error(at("hedge.delay"), "is less than min_delay (" + format_duration(hedge.min_delay) + ")");
    }
    if (route_.attempts.max == 1) report_.warning(at("hedge"), "has no effect with attempts.max: 1");
  }

  // Requirements that rule out every target of a list make a list that can never serve.
  void requirements() {
    std::vector<std::string> own = route_.targets;
    own.insert(own.end(), route_.fallback.begin(), route_.fallback.end());
    const Require& require = route_.require;
    if (!require.labels.empty() && !some_has_labels(own)) {
      report_.error(at("require.labels"), "no target of this route has all of these labels");
    }
    if (!require.regions.empty() && !some_is_in_a_region(own)) {
      report_.error(at("require.regions"), "no target of this route is in one of these regions");
    }
    if (route_.canary) serves("canary.targets", route_.canary->targets);
    if (route_.shadow) serves("shadow.targets", route_.shadow->targets);
    if (!route_.experiment) return;
    for (std::size_t i = 0; i < route_.experiment->variants.size(); ++i) {
      serves(element("experiment.variants", i) + ".targets", route_.experiment->variants[i].targets);
    }
  }

  void serves(const std::string& key, const std::vector<std::string>& names) {
    if (some_has_labels(names) && some_is_in_a_region(names)) return;
    report_.error(at(key), "none of these is allowed by the route's require");
  }

  bool some_has_labels(const std::vector<std::string>& names) const {
    return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return has_labels(references_, name, route_.require.labels);
    });
  }

  bool some_is_in_a_region(const std::vector<std::string>& names) const {
    const auto& regions = route_.require.regions;
    return names.empty() || regions.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      const Provider* provider = references_.provider_of(name);
      return provider == nullptr || std::find(regions.begin(), regions.end(), provider->region) != regions.end();
    });
  }

  const Config& config_;
  References& references_;
  Report& report_;
  const Route& route_;
  std::string path_;
};

}  // namespace

void check_routes(const Config& config, References& references, Report& report) {
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    RouteChecker(config, references, report, config.routes[i], element("routes", i)).run();
  }
}

}  // namespace fluxgate::config
