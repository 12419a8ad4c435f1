// What a load has to say, and where each value of the file stands.
//
// The reader notes the place of everything it meets under its dotted path; the cross checks then speak of paths only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/config/loader.hpp"

namespace fluxgate::config {

// Paths: child("routes[0]", "match") is routes[0].match; a key that is no plain word is quoted: headers["a.b"].
std::string child(std::string_view path, std::string_view key);
std::string element(std::string_view path, std::size_t index);

class Report {
 public:
  static constexpr std::size_t kMaxDiagnostics = 100;

  explicit Report(std::string file) : file_(std::move(file)) {}

  Location locate(int line, int column) const { return {file_, line, column}; }
  void note(const std::string& path, int line, int column) { places_.insert_or_assign(path, locate(line, column)); }

  bool written(const std::string& path) const { return places_.contains(path); }
  bool failed(const std::string& path) const { return failed_.contains(path); }
  bool full() const { return diagnostics_.size() >= kMaxDiagnostics; }

  // At the place noted for the path, or else for the nearest path above it that has one.
  void error(const std::string& path, std::string message);
  void warning(const std::string& path, std::string message);
  void error_at(Location where, const std::string& path, std::string message);

  bool has_error() const { return has_error_; }
  std::vector<Diagnostic> take();  // by line and column

 private:
  Location place(std::string_view path) const;
  void add(Diagnostic diagnostic);

  std::string file_;
  std::map<std::string, Location, std::less<>> places_;
  std::set<std::string, std::less<>> failed_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t left_out_ = 0;
  bool has_error_ = false;
};

}  // namespace fluxgate::config
