// What the tests of config share: a faked environment and short ways to load.
#pragma once

#include <stdlib.h>  // mkdtemp

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/config/loader.hpp"

namespace fluxgate::config {

inline LoadOptions options_with(std::map<std::string, std::string, std::less<>> variables) {
  LoadOptions options;
  options.env = [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  return options;
}

// The diagnostics of `text`, formatted; the file is called f.
inline std::vector<std::string> messages(std::string_view text, const LoadOptions& options = options_with({})) {
  std::vector<std::string> out;
  for (const auto& diagnostic : load_string(text, "f", options).diagnostics) out.push_back(format(diagnostic));
  return out;
}

// The least that a file needs; put after other sections, or before more routes.
inline const std::string kRest =
    "providers: {p: {kind: sim}}\n"
    "targets: {t: {provider: p, model: m}}\n"
    "routes:\n"
    "- {name: r, match: {model: default}, targets: [t]}\n";

// A folder that is removed with everything in it.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fluxgate-config-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code code;
    std::filesystem::remove_all(path_, code);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string write(const std::string& name, std::string_view content) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace fluxgate::config
