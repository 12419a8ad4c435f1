// The operator's own expressions, all tried in one pass.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <re2/re2.h>
#include <re2/set.h>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::sensitivity {

class Patterns {
 public:
  static Result<Patterns> make(const std::vector<config::SensitivityPattern>& patterns);

  bool empty() const { return single_.empty(); }
  // Indexes of the patterns that the text matches somewhere.
  std::vector<int> matching(std::string_view text) const;

 private:
  std::vector<std::unique_ptr<RE2>> single_;
  std::unique_ptr<RE2::Set> all_;  // null for one pattern: alone it can look for the literal it begins with
};

}  // namespace fluxgate::sensitivity
