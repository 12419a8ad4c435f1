// routing: the routes of a configuration, compiled for look-up, and the planner over them.
//
// Layer 4, pure. match() says which route takes a request; plan() (planner.cpp) says which of its targets to try in which
// order, and why not the others. Both are functions of the table, the facts, a LiveView and a seed: serving, `explain`,
// `replay` and the simulation call this very code. A table is immutable and lives in the snapshot.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "fluxgate/api/live.hpp"
#include "fluxgate/api/plan.hpp"
#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/policies/traits.hpp"
#include "fluxgate/tasks/model.hpp"

namespace fluxgate::routing {

// What a request must be looked at for before it can be matched and planned. What is not needed is not read.
struct FactsNeeded {
  bool shape = false;    // abilities, turns, hashes of session, user and prefix
  bool tokens = false;   // an estimate of the input from its text
  bool spans = false;    // where each message stands, for trimming
  bool tasks = false;    // the tagger
  bool labels = false;   // the detectors
  bool headers = false;  // the table's header conditions
  bool reads_body() const { return shape || tokens || tasks || labels; }
  FactsNeeded& operator|=(const FactsNeeded& other);
};

struct CompiledRoute {
  const config::Route* config = nullptr;
  policies::RouteRules rules;
  std::vector<std::uint32_t> targets;                // indexes in config::Config::targets
  std::vector<std::uint32_t> fallback;
  std::vector<std::vector<std::uint32_t>> variants;  // of the experiment
  std::vector<std::uint32_t> canary;
  std::vector<std::uint32_t> shadow;
  FactsNeeded needed;
  std::uint64_t smallest_window = 0;                 // of the targets whose window is known; 0: of none
  bool estimates = true;                             // some filter, order or balance reads them
  // The route's conditions, compiled. All zero and empty for a plain route.
  std::uint64_t headers = 0;             // bits of header_conditions(); all must hold
  std::uint64_t sensitivity = 0;         // any of these labels; 0: no condition
  api::AbilitySet needs;                 // all of these
  std::vector<std::uint16_t> tasks;      // any of these; empty: no condition
  bool conditional = false;              // has a condition other than the model name
};

struct HeaderCondition {
  std::string name;    // lower case
  std::string value;   // may hold '*'
};

// The names that facts refer to by index, and what the catalogue knows of the targets. Made with the snapshot.
struct Vocabulary {
  std::vector<std::string> tasks;               // tasks::Tagger's list
  std::vector<std::string> sensitivity_labels;  // sensitivity::Detectors' list; at most 64
  // What `fluxgate train` measured: stands in where a route's policy.quality says nothing. Null: nothing. Read while the
  // table is made, never later.
  const tasks::QualityTable* quality = nullptr;
};

class RouteTable {
 public:
  // `config` must have passed the loader's checks (every name resolves) and must outlive the table. `traits` has one
  // entry for each of its targets (compile_traits).
  RouteTable(const config::Config& config, std::vector<policies::Traits> traits, Vocabulary vocabulary = {});

  // What must be known of a request for this model before match() and plan() can say anything. A body that fits
  // the smallest window of a route byte for token need not be counted for it: no token is shorter than a byte.
  FactsNeeded needed(std::string_view model, std::size_t body_bytes, std::optional<std::uint64_t> max_output = {}) const;
  const std::vector<HeaderCondition>& header_conditions() const { return header_conditions_; }

  // Some route may take this name, whatever else its conditions are.
  bool takes_model(std::string_view model) const;

  // The route that takes a request. In this order: more precedence; conditions besides the model name before none; an
  // exact name before a wildcard before the default; the order of the file. Null if there is none.
  const CompiledRoute* match(const api::RequestFacts& facts) const;
  // Every route that would take it, the winner first: for explanations.
  std::vector<std::uint32_t> all_matches(const api::RequestFacts& facts) const;

  // The order in which to try targets. kModelNotFound if no route takes the request; a plan without candidates is
  // possible (all ruled out) and says why in `rejected`.
  // `with_propensity`: also work out the chance of an adaptive pick, which costs some 20 us; done in any case if there
  // is a decision log. It changes nothing else.
  Result<api::RoutePlan> plan(const api::RequestFacts& facts, const api::LiveView& live, std::uint64_t seed,
                              bool with_propensity = false) const;

  const std::vector<CompiledRoute>& routes() const { return routes_; }
  const std::vector<policies::Traits>& traits() const { return traits_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const config::Config& config() const { return config_; }
  // Labels that a request with these sensitivity labels requires of any target, as target label bits.
  std::uint64_t labels_required(std::uint64_t sensitivity) const;
  // The name of a target label's bit.
  std::string_view label_name(std::size_t bit) const { return bit < labels_.size() ? labels_[bit] : std::string_view(); }

 private:
  CompiledRoute compile(const config::Route& route);
  void compile_match(const config::Match& match, CompiledRoute& compiled);
  void compile_quality(const config::Policy& policy, CompiledRoute& compiled) const;
  void add_measured_quality(std::vector<std::vector<double>>& table) const;
  std::vector<std::uint32_t> all_targets(const CompiledRoute& route) const;
  FactsNeeded facts_needed(const CompiledRoute& route) const;
  static FactsNeeded needed_for(const CompiledRoute& route, std::size_t body_bytes, std::optional<std::uint64_t> max_output);
  bool reads_estimates(const CompiledRoute& route) const;
  void index(std::uint32_t route);
  std::vector<std::uint32_t> target_indexes(const std::vector<std::string>& names) const;
  std::uint64_t label_bits(const std::vector<std::string>& names);

  bool conditions_hold(const CompiledRoute& route, const api::RequestFacts& facts) const;
  static bool takes_model(const CompiledRoute& route, std::string_view model);
  const CompiledRoute* plain_match(std::string_view model) const;

  struct Wildcard {
    std::string pattern;
    std::uint32_t route;
  };

  const config::Config& config_;
  std::vector<policies::Traits> traits_;
  Vocabulary vocabulary_;
  std::vector<std::string> labels_;                    // of targets; at most 64
  std::vector<HeaderCondition> header_conditions_;     // at most 64
  std::vector<std::uint64_t> sensitivity_requires_;    // by sensitivity label: target label bits
  std::vector<CompiledRoute> routes_;
  // Routes without conditions and with precedence 0, the common case, by name.
  std::unordered_map<std::string_view, std::uint32_t> exact_;
  std::vector<Wildcard> wildcards_;
  std::optional<std::uint32_t> default_;
  // The others, in the order of match(): those that come before the plain ones, and those after.
  std::vector<std::uint32_t> before_;
  std::vector<std::uint32_t> after_;
};

}  // namespace fluxgate::routing
