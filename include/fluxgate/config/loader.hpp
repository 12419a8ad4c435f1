// config: the configuration file, from text to checked values.
//
// Layer 1. What a file may say is one table of keys (src/config/keys*.cpp, a section for each struct of model.hpp).
// From it come the parser's checks, the JSON Schema and the reference page, so they cannot drift apart. Three steps:
//   1. text -> tree (src/config/tree): yaml-cpp's event parser, bounded in depth and size, keeping every place;
//   2. tree -> Config (src/config/reader): each value read by its key's row; unknown and duplicate keys refused;
//   3. cross checks (src/config/checks): what one value alone cannot tell, such as a route naming no known target.
// Every step reports all it finds, and only a file without errors yields a Config. Messages never hold a secret.
// All functions here are pure but for the reads LoadOptions allows, and may be called from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/config/model.hpp"

namespace fluxgate::config {

struct Diagnostic {
  enum Severity {
    error,    // the file is refused
    warning,  // it works, but probably not as meant
  };
  Severity severity = error;
  Location where;
  std::string key;      // dotted path, e.g. routes[0].attempts.max; empty for the file as a whole
  std::string message;
};

// "file:line:column: error: routes[0].polcy: unknown key (did you mean "policy"?)", on one line.
std::string format(const Diagnostic& diagnostic);

struct LoadResult {
  std::optional<Config> config;         // set only if there is no error
  std::vector<Diagnostic> diagnostics;  // by line; at most 100, then one line says that more were left out
};

using EnvLookup = std::function<std::optional<std::string>(std::string_view name)>;

// The process environment.
std::optional<std::string> process_env(std::string_view name);

struct LoadOptions {
  EnvLookup env = process_env;
  bool check_files = true;  // false: files the configuration names are not touched, and secrets from files stay empty
};

LoadResult load_file(const std::filesystem::path& path, const LoadOptions& options = {});

// `name` stands for the file in messages; relative paths in the text start at its folder.
LoadResult load_string(std::string_view text, std::string_view name, const LoadOptions& options = {});

}  // namespace fluxgate::config
