#include "config/checks.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "config/keys.hpp"
#include "config/text_forms.hpp"
#include "fluxgate/base/text.hpp"
#include "fluxgate/config/address.hpp"

namespace fluxgate::config {
namespace {

constexpr std::string_view kOpenAiUrl = "https://api.openai.com/v1";

class Checker {
 public:
  Checker(Config& config, Report& report, bool check_files)
      : config_(config), report_(report), check_files_(check_files) {}

  void run() {
    listeners();
    for (auto& provider : config_.providers) check(provider, child("providers", provider.name));
    for (const auto& target : config_.targets) check(target, child("targets", target.name));
    for (std::size_t i = 0; i < config_.routes.size(); ++i) check(config_.routes[i], element("routes", i));
    route_clashes();
    if (!report_.has_error()) unused();  // a mistyped name makes its owner look unused
  }

 private:
  void listeners() {
    const auto& listen = config_.listen.address;
    const auto& admin = config_.admin.address;
    const bool understood = !report_.failed("listen.address") && !report_.failed("admin.address");
    if (understood && listen.port != 0 && listen.port == admin.port) {
      const std::string key = report_.written("admin.address") ? "admin.address" : "listen.address";
      report_.error(key, "listen and admin have the same port, " + std::to_string(listen.port));
    }
    if (!is_loopback_host(admin.host)) {
      report_.warning("admin.address", "the admin listener asks for no password and is not on a loopback address");
    }
    if (!config_.listen.tls) return;
    readable("listen.tls.certificate", config_.listen.tls->certificate);
    readable("listen.tls.key", config_.listen.tls->key);
  }

  void readable(const std::string& path, const std::string& file) {
    if (!check_files_ || file.empty()) return;
    std::error_code code;
    if (!std::filesystem::exists(file, code)) {
      report_.error(path, "there is no file " + quote(file));
    } else if (!std::filesystem::is_regular_file(file, code) || access(file.c_str(), R_OK) != 0) {
      report_.error(path, "cannot read the file " + quote(file));
    }
  }

  void check(Provider& provider, const std::string& path) {
    check_url(provider, path);
    const bool knows_kind = report_.written(path + ".kind") && !report_.failed(path + ".kind");
    if (knows_kind && provider.kind != ProviderKind::kSim && report_.written(path + ".sim")) {
      report_.error(path + ".sim", "only kind: sim has these settings");
    }
    const Sim& sim = provider.sim;
    if (sim.error_429 + sim.error_500 + sim.error_503 + sim.stall + sim.cut + sim.garbage > 1 + 1e-9) {
      report_.error(path + ".sim", "the shares of failing requests add up to more than 1");
    }
    for (const auto& [name, value] : provider.headers) {
      if (!iequals(name, "authorization") || !report_.written(path + ".api_key")) continue;
      report_.error(child(path + ".headers", name), "api_key sets this header already; give one of the two");
    }
    readable(path + ".tls.ca", provider.tls.ca);
    readable(path + ".tls.certificate", provider.tls.certificate);
    readable(path + ".tls.key", provider.tls.key);
    const bool certificate = report_.written(path + ".tls.certificate");
    const bool key = report_.written(path + ".tls.key");
    if (certificate && !key) report_.error(path + ".tls.certificate", "a client certificate needs its key as well");
    if (key && !certificate) report_.error(path + ".tls.key", "a key needs its client certificate as well");
  }

  void check_url(Provider& provider, const std::string& path) {
    const auto key = path + ".base_url";
    if (report_.failed(path + ".kind") || report_.failed(key)) return;
    if (provider.kind == ProviderKind::kSim) {
      if (report_.written(key)) report_.error(key, "kind: sim is built in and has no base_url");
      return;
    }
    if (!report_.written(key)) {
      if (provider.kind == ProviderKind::kOpenAi) provider.base_url = kOpenAiUrl;
      if (provider.kind == ProviderKind::kOpenAiCompatible) {
        report_.error(key, "required for kind: openai_compatible");
      }
      return;
    }
    const auto url = parse_base_url(provider.base_url);
    if (!url) {
      report_.error(key, url.error().message);
      return;
    }
    if (is_private_address(url->host) && !provider.allow_private) {
      report_.error(key, quote(url->host) + " is a private address; set allow_private: true if that is meant");
    }
    if (!url->tls && report_.written(path + ".api_key") && !is_private_host(url->host)) {
      report_.warning(key, "plain http sends the api_key readable to everyone on the way; use https");
    }
  }

  void check(const Target& target, const std::string& path) {
    refer(target.provider, path + ".provider", "provider", provider_names());
    const bool any_model = target.model == kAnyModel;
    if (!any_model && target.model.find('*') != std::string::npos) {
      report_.error(path + ".model", "'*' must stand alone: it means the name the client asked for");
    }
    if (!any_model && !target.strip_prefix.empty() && !target.model.empty()) {
      report_.error(path + ".strip_prefix", "has a meaning only with model: \"*\"");
    }
  }

  void check(const Route& route, const std::string& path) {
    if (!route.name.empty() && !is_name(route.name)) {
      report_.error(path + ".name", "a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -");
    }
    const auto targets = path + ".targets";
    if (route.targets.empty() && report_.written(targets) && !report_.failed(targets)) {
      report_.error(targets, "must name at least one target");
    }
    for (std::size_t i = 0; i < route.targets.size(); ++i) {
      refer(route.targets[i], element(targets, i), "target", target_names());
    }
    for (std::size_t i = 0; i < route.fallback.size(); ++i) {
      refer(route.fallback[i], element(path + ".fallback", i), "target", target_names());
    }
    check_labels(route, path);
  }

  // Labels that rule out every provider of the route make a route that can never answer.
  void check_labels(const Route& route, const std::string& path) {
    if (route.require_labels.empty()) return;
    bool known = false;
    bool possible = false;
    for (const auto* names : {&route.targets, &route.fallback}) {
      for (const auto& name : *names) {
        const Provider* provider = provider_of(name);
        if (provider == nullptr) continue;
        known = true;
        possible = possible || std::all_of(route.require_labels.begin(), route.require_labels.end(), [&](auto& label) {
          return std::find(provider->labels.begin(), provider->labels.end(), label) != provider->labels.end();
        });
      }
    }
    if (known && !possible) report_.error(path + ".require.labels", "no target of this route has all of these labels");
  }

  void route_clashes() {
    std::map<std::string, std::size_t> names;
    std::map<std::string, std::size_t> models;
    const Route* fallback = nullptr;
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const Route& route = config_.routes[i];
      const auto path = element("routes", i);
      const auto line_of = [&](std::size_t other) { return std::to_string(config_.routes[other].where.line); };
      if (!route.name.empty()) {
        const auto [first, fresh] = names.emplace(route.name, i);
        if (!fresh) report_.error(path + ".name", "the route in line " + line_of(first->second) + " has this name");
      }
      if (route.match.is_default && fallback != nullptr) {
        report_.error(path + ".match.model",
                      "the route in line " + std::to_string(fallback->where.line) + " is the default already");
      }
      if (route.match.is_default) fallback = &route;
      for (std::size_t m = 0; m < route.match.models.size(); ++m) {
        const auto [first, fresh] = models.emplace(route.match.models[m], i);
        if (fresh || first->second == i || route.match.models[m].empty()) continue;
        const auto list_place = element(path + ".match.model", m);
        report_.error(report_.written(list_place) ? list_place : path + ".match.model",
                      "the route in line " + line_of(first->second) + " takes " + quote(route.match.models[m]) +
                          " already");
      }
    }
  }

  void unused() {
    std::set<std::string> targets;
    for (const auto& route : config_.routes) {
      targets.insert(route.targets.begin(), route.targets.end());
      targets.insert(route.fallback.begin(), route.fallback.end());
    }
    std::set<std::string> providers;
    for (const auto& target : config_.targets) {
      providers.insert(target.provider);
      if (!targets.contains(target.name)) report_.warning(child("targets", target.name), "no route uses this target");
    }
    for (const auto& provider : config_.providers) {
      if (providers.contains(provider.name)) continue;
      report_.warning(child("providers", provider.name), "no target uses this provider");
    }
  }

  void refer(const std::string& name, const std::string& path, const std::string& what,
             const std::map<std::string, std::size_t>& known) {
    if (name.empty() || known.contains(name) || report_.full()) return;
    std::vector<std::string> names;
    for (const auto& [one, index] : known) names.push_back(one);
    report_.error(path, "there is no " + what + " " + quote(name) + did_you_mean(name, names));
  }

  const Provider* provider_of(const std::string& target) {
    const auto found = target_names().find(target);
    if (found == target_names().end()) return nullptr;
    const auto provider = provider_names().find(config_.targets[found->second].provider);
    return provider == provider_names().end() ? nullptr : &config_.providers[provider->second];
  }

  template <class T>
  static std::map<std::string, std::size_t> index(const std::vector<T>& items) {
    std::map<std::string, std::size_t> out;
    for (std::size_t i = 0; i < items.size(); ++i) out.emplace(items[i].name, i);
    return out;
  }
  const std::map<std::string, std::size_t>& provider_names() const { return providers_; }
  const std::map<std::string, std::size_t>& target_names() const { return targets_; }

  Config& config_;
  Report& report_;
  bool check_files_;
  std::map<std::string, std::size_t> providers_ = index(config_.providers);  // name -> index
  std::map<std::string, std::size_t> targets_ = index(config_.targets);
};

}  // namespace

void cross_check(Config& config, Report& report, bool check_files) {
  Checker(config, report, check_files).run();
}

}  // namespace fluxgate::config
