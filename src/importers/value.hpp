// The old file as a plain tree with lines: aliases copied, `<<` merges applied, bounded in depth and size.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"

namespace fluxgate::importers {

struct Value {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;          // scalars
  std::vector<Value> items;  // lists
  std::vector<Entry> map;    // in file order
  int line = 1;              // of its key, or its own

  const Value* find(std::string_view key) const;
  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }

  std::optional<double> number() const;  // also from a quoted scalar; finite
  bool is_true() const { return text == "true" || text == "True" || text == "TRUE"; }
  bool is_false() const { return text == "false" || text == "False" || text == "FALSE"; }
};

struct Value::Entry {
  std::string first;  // the key
  Value second;
};

// The text of a scalar, else nothing.
std::string text_of(const Value* value);
bool has_control(std::string_view text);
// A whole number from 1 to `most`; more than any real limit is no limit.
std::optional<double> whole(const Value& value, double most = 1e9);

// The variable of "os.environ/NAME".
std::optional<std::string> environment_name(std::string_view text);

Result<Value> parse(std::string_view yaml);

}  // namespace fluxgate::importers
