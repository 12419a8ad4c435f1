// Our configuration as the importer builds it, and how it is written down. Only what an import can say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fluxgate::importers {

// Text of a value, ready to be written: numbers and durations plain, text through scalar().
using Fields = std::vector<std::pair<std::string, std::string>>;

struct OutProvider {
  std::string name;
  std::string kind = "openai_compatible";
  std::string base_url;      // empty: the kind's own
  std::string key_variable;  // empty: no key
  std::string organization;
  std::string region;
  std::map<std::string, std::string> headers;  // name -> variable of its value
  bool allow_private = false;
  std::string comment;

  // Everything but the name and the comment.
  bool same_place(const OutProvider& other) const {
    return kind == other.kind && base_url == other.base_url && key_variable == other.key_variable &&
           organization == other.organization && region == other.region && headers == other.headers;
  }
};

struct OutTarget {
  std::string name;
  std::string provider;
  std::string model;
  Fields fields;      // further keys, in order
  double weight = 1;  // of its group; written if it is not 1
  std::vector<std::string> labels;
};

struct OutRoute {
  std::string name;
  std::vector<std::string> models;  // empty: default
  std::string tag;                  // x-litellm-tags must be this; empty: no condition
  std::string balance;
  std::string order_by;
  std::string near;
  std::vector<std::string> targets;
  std::vector<std::string> fallback;
  int retries = 0;
  Fields attempts;
  bool content_filter_fallback = false;
  std::vector<std::string> shadow;
};

struct Document {
  std::vector<std::string> head;  // comment lines
  std::vector<OutProvider> providers;
  std::vector<OutTarget> targets;
  std::vector<OutRoute> routes;
  Fields breaker;
  bool json_log = false;
};

// `text` as a YAML scalar, in quotes unless it is plainly text.
std::string scalar(std::string_view text);
// Up to ten significant digits.
std::string number(double value);
// At least 1 ms and at most `most` seconds.
std::string duration(double seconds, double most);
// A name of ours: other characters become '-', at most 64 of them.
std::string name_of(std::string_view text);

std::string write(const Document& document);

}  // namespace fluxgate::importers
