// What is wrong between routes: names given twice, and routes that no request can reach.
#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "config/checks.hpp"
#include "config/keys.hpp"
#include "config/text_forms.hpp"
#include "fluxgate/base/text.hpp"

namespace fluxgate::config {
namespace {

// All conditions but the model, comparable.
auto conditions(const Match& match) {
  const auto sorted = [](std::vector<std::string> words) {
    std::sort(words.begin(), words.end());
    return words;
  };
  return std::tuple(match.headers, sorted(match.tasks), sorted(match.sensitivity), sorted(match.needs),
                    match.min_tokens, match.max_tokens);
}

bool only_model(const Match& match) { return conditions(match) == conditions(Match{}); }

// Every name that `narrow` stands for is one that `wide` stands for. A '*' in `narrow` is matched only by a '*' in
// `wide`, so that comparing the patterns as texts is enough.
bool takes_all_of(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  return std::all_of(narrow.begin(), narrow.end(), [&](const std::string& name) {
    return std::any_of(wide.begin(), wide.end(),
                       [&](const std::string& pattern) { return wildcard_match(pattern, name); });
  });
}

bool has_wildcards_only(const Match& match) {
  const auto is_wildcard = [](const std::string& model) { return model.find('*') != std::string::npos; };
  return !match.models.empty() && std::all_of(match.models.begin(), match.models.end(), is_wildcard);
}

class Matching {
 public:
  Matching(const Config& config, Report& report) : routes_(config.routes), report_(report) {}

  void run() {
    for (std::size_t i = 0; i < routes_.size(); ++i) {
      const bool clashes = clash(i);
      if (!clashes) hidden(i);
    }
  }

 private:
  std::string line_of(std::size_t route) const {
    return "the route in line " + std::to_string(routes_[route].where.line);
  }

  // Whether an earlier route asks for just the same.
  bool clash(std::size_t i) {
    const Route& route = routes_[i];
    const auto path = element("routes", i);
    if (!route.name.empty()) {
      const auto [first, fresh] = names_.emplace(route.name, i);
      if (!fresh) report_.error(path + ".name", line_of(first->second) + " has this name");
    }
    const std::string same = only_model(route.match) ? "" : " under the same conditions";
    if (route.match.is_default) {
      const auto first = take(i, std::string(kDefaultModel));
      if (first) report_.error(path + ".match.model", line_of(*first) + " is the default already" + same);
      return first.has_value();
    }
    if (route.match.models.empty() && !only_model(route.match)) {
      const auto first = take(i, "");
      if (first) report_.error(path + ".match", line_of(*first) + " has the same conditions");
      return first.has_value();
    }
    bool clashes = false;
    for (std::size_t m = 0; m < route.match.models.size(); ++m) {
      const std::string& model = route.match.models[m];
      const auto first = model.empty() ? std::nullopt : take(i, model);  // an empty one has its error already
      if (!first) continue;
      clashes = true;
      const auto key = path + ".match.model";
      const auto list_place = element(key, m);
      report_.error(report_.written(list_place) ? list_place : key,
                    line_of(*first) + " takes " + quote(model) + " already" + same);
    }
    return clashes;
  }

  // Notes that route `i` takes `model` under its conditions; the route that did so before, if there is one.
  std::optional<std::size_t> take(std::size_t i, const std::string& model) {
    const auto key = std::tuple(routes_[i].precedence, model, conditions(routes_[i].match));
    const auto [first, fresh] = models_.emplace(key, i);
    if (fresh || first->second == i) return std::nullopt;
    return first->second;
  }

  // A route before which another one takes every request it could get.
  void hidden(std::size_t i) {
    const Route& route = routes_[i];
    for (std::size_t other = 0; other < routes_.size(); ++other) {
      if (other == i || !comes_first(other, i) || !takes_everything(routes_[other].match, route.match)) continue;
      report_.warning(element("routes", i) + ".match",
                      line_of(other) + " takes every request before this one can");
      return;
    }
  }

  // Whether `a`, which has no conditions but the model, wins over `b` for every request that both take; see the section
  // routes[].match.
  bool comes_first(std::size_t a, std::size_t b) const {
    const Route& first = routes_[a];
    const Route& second = routes_[b];
    if (first.precedence != second.precedence) return first.precedence > second.precedence;
    if (!only_model(second.match) || first.match.is_default) return false;
    if (second.match.is_default) return true;
    // An exact name wins over a wildcard; wildcards go by the order of the file.
    return a < b && has_wildcards_only(second.match);
  }

  static bool takes_everything(const Match& wide, const Match& narrow) {
    const std::vector<std::string> any = {"*"};
    return only_model(wide) && takes_all_of(wide.is_default ? any : wide.models,
                                            narrow.models.empty() ? any : narrow.models);
  }

  const std::vector<Route>& routes_;
  Report& report_;
  std::map<std::string, std::size_t> names_;
  std::map<decltype(std::tuple(0, std::string(), conditions(Match{}))), std::size_t> models_;
};

}  // namespace

void check_matching(const Config& config, Report& report) {
  Matching(config, report).run();
}

}  // namespace fluxgate::config
