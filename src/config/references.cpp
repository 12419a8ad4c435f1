#include "config/references.hpp"

#include <algorithm>
#include <vector>

#include "config/text_forms.hpp"

namespace fluxgate::config {
namespace {

template <class T>
std::map<std::string, std::size_t> index(const std::vector<T>& items) {
  std::map<std::string, std::size_t> out;
  for (std::size_t i = 0; i < items.size(); ++i) out.emplace(items[i].name, i);
  return out;
}

}  // namespace

References::References(const Config& config, Report& report)
    : config_(config), report_(report), providers_(index(config.providers)), targets_(index(config.targets)) {}

void References::check_provider(const std::string& name, const std::string& path) {
  check(providers_, "provider", name, path);
}

void References::check_target(const std::string& name, const std::string& path) {
  check(targets_, "target", name, path);
}

void References::check(const Index& known, const std::string& what, const std::string& name, const std::string& path) {
  if (name.empty() || known.contains(name) || report_.full()) return;
  std::vector<std::string> names;
  for (const auto& [one, at] : known) names.push_back(one);
  report_.error(path, "there is no " + what + " " + quote(name) + did_you_mean(name, names));
}

const Target* References::target(const std::string& name) const {
  const auto found = targets_.find(name);
  return found == targets_.end() ? nullptr : &config_.targets[found->second];
}

const Provider* References::provider_of(const std::string& target_name) const {
  const Target* owner = target(target_name);
  if (owner == nullptr) return nullptr;
  const auto found = providers_.find(owner->provider);
  return found == providers_.end() ? nullptr : &config_.providers[found->second];
}

bool has_labels(const References& references, const std::string& target_name, const std::vector<std::string>& labels) {
  const Target* target = references.target(target_name);
  const Provider* provider = references.provider_of(target_name);
  if (provider == nullptr) return true;
  const auto in = [](const std::vector<std::string>& list, const std::string& label) {
    return std::find(list.begin(), list.end(), label) != list.end();
  };
  return std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
    return in(target->labels, label) || in(provider->labels, label);
  });
}

}  // namespace fluxgate::config
