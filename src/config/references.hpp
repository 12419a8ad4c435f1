// The names that parts of a configuration call each other by.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/report.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

class References {
 public:
  // Both must outlive it.
  References(const Config& config, Report& report);

  // An error at `path` if there is no such provider or target. Empty names have their error already.
  void check_provider(const std::string& name, const std::string& path);
  void check_target(const std::string& name, const std::string& path);

  const Target* target(const std::string& name) const;                // null: there is none
  const Provider* provider_of(const std::string& target_name) const;  // null: one of the two is missing

 private:
  using Index = std::map<std::string, std::size_t>;
  void check(const Index& known, const std::string& what, const std::string& name, const std::string& path);

  const Config& config_;
  Report& report_;
  Index providers_;  // name -> index
  Index targets_;
};

// Whether the target or its provider carries all of `labels`. True if one of the two is missing: that is another error.
bool has_labels(const References& references, const std::string& target_name, const std::vector<std::string>& labels);

}  // namespace fluxgate::config
