#include "config/checks.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

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
    check_routes(config_, references_, report_);
    check_matching(config_, report_);
    breaker();
    signals();
    bounds();
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
    check_keys(provider, path);
    readable(path + ".tls.ca", provider.tls.ca);
    readable(path + ".tls.certificate", provider.tls.certificate);
    readable(path + ".tls.key", provider.tls.key);
    const bool certificate = report_.written(path + ".tls.certificate");
    const bool key = report_.written(path + ".tls.key");
    if (certificate && !key) report_.error(path + ".tls.certificate", "a client certificate needs its key as well");
    if (key && !certificate) report_.error(path + ".tls.key", "a key needs its client certificate as well");
  }

  void check_keys(const Provider& provider, const std::string& path) {
    const bool one = report_.written(path + ".api_key");
    const bool several = report_.written(path + ".api_keys");
    if (one && several) report_.error(path + ".api_keys", "api_key is given as well; give one of the two");
    for (const auto& [name, value] : provider.headers) {
      if (!iequals(name, "authorization") || !(one || several)) continue;
      report_.error(child(path + ".headers", name), std::string(one ? "api_key sets" : "api_keys set") +
                                                        " this header already; give one of the two");
    }
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
    const bool with_key = report_.written(path + ".api_key") || report_.written(path + ".api_keys");
    if (!url->tls && with_key && !is_private_host(url->host)) {
      report_.warning(key, "plain http sends the api_key readable to everyone on the way; use https");
    }
  }

  void check(const Target& target, const std::string& path) {
    references_.check_provider(target.provider, path + ".provider");
    const bool any_model = target.model == kAnyModel;
    if (!any_model && target.model.find('*') != std::string::npos) {
      report_.error(path + ".model", "'*' must stand alone: it means the name the client asked for");
    }
    if (!any_model && !target.strip_prefix.empty() && !target.model.empty()) {
      report_.error(path + ".strip_prefix", "has a meaning only with model: \"*\"");
    }
  }

  void breaker() {
    const Breaker& rules = config_.breaker;
    if (report_.failed("breaker.backoff") || report_.failed("breaker.max_backoff")) return;
    if (rules.max_backoff >= rules.backoff) return;
    const std::string key = report_.written("breaker.max_backoff") ? "breaker.max_backoff" : "breaker.backoff";
    report_.error(key, "max_backoff (" + format_duration(rules.max_backoff) + ") is less than backoff (" +
                           format_duration(rules.backoff) + ")");
  }

  // Routing keeps sets of these as bits of one word.
  void bounds() {
    std::set<std::string> labels;
    std::set<std::pair<std::string, std::string>> headers;
    std::set<std::string> raised;
    const auto add = [&](const std::vector<std::string>& more) { labels.insert(more.begin(), more.end()); };
    for (const auto& provider : config_.providers) add(provider.labels);
    for (const auto& target : config_.targets) add(target.labels);
    for (const auto& [label, needed] : config_.sensitivity.require) add(needed);
    for (const auto& route : config_.routes) {
      add(route.require.labels);
      headers.insert(route.match.headers.begin(), route.match.headers.end());
    }
    for (const auto& pattern : config_.sensitivity.patterns) raised.insert(pattern.label);
    const auto at_most = [&](std::size_t count, std::size_t most, const std::string& path, const std::string& what) {
      if (count <= most) return;
      report_.error(path, "there are " + std::to_string(count) + " different " + what + "; at most " +
                              std::to_string(most) + " are possible");
    };
    at_most(labels.size(), 64, "targets", "labels of targets and providers");
    at_most(headers.size(), 64, "routes", "header conditions");
    at_most(raised.size(), 60, "sensitivity.patterns", "labels");  // the built-in detectors have some, too
  }

  // What is read out of requests and written about them.
  void signals() {
    readable("tasks.file", config_.tasks.file);
    readable("catalogue.file", config_.catalogue_file);
    const Sensitivity& rules = config_.sensitivity;
    if (!rules.require.empty() && raises_no_label(rules, report_)) {
      report_.warning("sensitivity.require", "there are no detectors and no patterns, so that nothing raises a label");
    }
    for (const auto& [label, needed] : rules.require) {
      bool possible = false;
      for (const auto& target : config_.targets) possible = possible || has_labels(references_, target.name, needed);
      if (possible) continue;
      report_.warning(child("sensitivity.require", label),
                      "no target has all of these labels: every request with " + quote(label) + " will be refused");
    }
    const DecisionLog& log = config_.decision_log;
    if (report_.written("decision_log.file") || (!log.text && log.sample == DecisionLog{}.sample)) return;
    report_.warning("decision_log", "nothing is logged without a file");
  }

  void unused() {
    std::set<std::string> targets;
    const auto use = [&](const std::vector<std::string>& names) { targets.insert(names.begin(), names.end()); };
    for (const auto& route : config_.routes) {
      use(route.targets);
      use(route.fallback);
      if (route.experiment) {
        for (const Variant& variant : route.experiment->variants) use(variant.targets);
      }
      if (route.canary) use(route.canary->targets);
      if (route.shadow) use(route.shadow->targets);
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

  Config& config_;
  Report& report_;
  bool check_files_;
  References references_{config_, report_};
};

}  // namespace

bool raises_no_label(const Sensitivity& sensitivity, const Report& report) {
  return sensitivity.detectors.empty() && sensitivity.patterns.empty() && !report.failed("sensitivity.detectors") &&
         !report.failed("sensitivity.patterns");
}

void cross_check(Config& config, Report& report, bool check_files) {
  Checker(config, report, check_files).run();
}

}  // namespace fluxgate::config
