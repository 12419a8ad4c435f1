// The importer's state while it goes through a LiteLLM file: models first, then the settings that bind them, then the
// routes that come of both.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/importers/litellm.hpp"
#include "importers/document.hpp"
#include "importers/litellm_providers.hpp"
#include "importers/value.hpp"

namespace fluxgate::importers {

// One entry of model_list that can be served.
struct Deployment {
  std::size_t target = 0;  // in Document::targets
  double order = 0;        // LiteLLM asks lower ones first
  std::optional<double> weight;
  std::optional<double> rpm;
  std::optional<double> tpm;
  std::vector<std::string> tags;
  std::string wildcard;  // upstream pattern of a group with '*' in its name
};

// Entries with the same model_name.
struct Group {
  std::string name;
  std::vector<std::string> aliases;
  std::vector<Deployment> deployments;
  std::optional<double> timeout;  // seconds, the longest of its deployments
  std::optional<double> stream_timeout;
  std::optional<double> retries;
  std::string silent_model;
  std::string strategy;  // of its routing group
  int line = 0;
};

// Names that stand for groups, in the order to try them.
using Fallbacks = std::map<std::string, std::vector<std::string>>;

struct Settings {
  std::string strategy = "simple-shuffle";
  std::string affinity;  // balance that pre-call checks ask for
  std::optional<double> latency_buffer;
  std::optional<double> retries;
  std::optional<double> retry_after;
  std::optional<double> timeout;
  std::optional<double> stream_timeout;
  std::optional<double> max_fallbacks;
  bool tag_filtering = false;
  Fallbacks fallbacks;
  Fallbacks context_window;
  Fallbacks content_policy;
  std::vector<std::string> default_fallbacks;
};

class LiteLlmImport {
 public:
  LiteLlmImport(const Value& root, std::string_view file) : root_(root), file_(file) {}
  Import run();

 private:
  // litellm_models.cpp
  void read_models();
  void read_model(const Value& entry, const std::string& path);
  void read_deployment(const Value& entry, const Value& params, const std::string& path, Group& group,
                       const std::string& organization);
  bool place(const LiteLlmProvider& known, const Value& params, const std::string& path, OutProvider& provider);
  std::string key_variable(const LiteLlmProvider& known, const Value& params, const std::string& path);
  void read_headers(const Value& params, const std::string& path, OutProvider& provider);
  std::string provider_name(OutProvider provider, std::string_view prefix);
  bool wildcard(const std::string& name, const std::string& model, const std::string& path, int line,
                OutTarget& target);
  void read_group_keys(const Value& params, const std::string& path, Group& group);
  void report_rest(const Value& params, const std::string& path);
  Group& group_of(const std::string& name, int line);
  Value with_credential(const Value& params, const std::string& path);

  // litellm_targets.cpp
  void read_limits(const Value& params, const std::string& path, Deployment& deployment, OutTarget& target);
  void read_price(const Value& params, const Value* info, const std::string& path, OutTarget& target);
  void read_info(const Value& info, const std::string& path, OutTarget& target);

  // litellm_settings.cpp
  void read_settings();
  void read_router(const Value& router);
  void read_litellm(const Value& settings);
  void read_general(const Value& settings);
  bool read_shared(const std::string& key, const Value& value, const std::string& path);
  void read_fallbacks(const Value& value, const std::string& path, Fallbacks& into, bool defaults);
  void read_strategy(const Value& value, const std::string& path);
  void read_aliases(const Value& value, const std::string& path);
  void read_routing_groups(const Value& value, const std::string& path);
  void read_breaker(const std::string& key, const Value& value, const std::string& path);
  void read_callbacks(const Value& value, const std::string& path);

  // litellm_routes.cpp
  void make_routes();
  void stand_in();
  void make_route(const Group& group);
  void apply_strategy(const Group& group, OutRoute& route);
  void set_weights(const Group& group, OutRoute& route);
  void apply_times(const Group& group, OutRoute& route, std::size_t fallback_groups);
  std::vector<std::string> fallback_of(const Group& group, OutRoute& route, std::size_t& groups);
  void tag_routes(const Group& group, OutRoute& base);
  std::vector<std::string> targets_of(const std::string& name);

  Group* find_group(std::string_view name);
  void note(Status status, std::string path, int line, std::string message);
  std::string unique(std::set<std::string>& taken, const std::string& wanted);
  void write_head();

  const Value& root_;
  std::string file_;
  Document document_;
  std::vector<Finding> findings_;
  std::vector<Group> groups_;
  Settings settings_;
  std::set<std::string> provider_names_, target_names_, route_names_, variables_;
};

}  // namespace fluxgate::importers
