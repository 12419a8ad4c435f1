#include "config/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/text_forms.hpp"

namespace fluxgate::config {
namespace {

bool is_plain_word(std::string_view key) {
  return is_name(key) && key.find('.') == std::string_view::npos;
}

}  // namespace

std::string child(std::string_view path, std::string_view key) {
  std::string out(path);
  if (!is_plain_word(key)) return out + "[" + quote(key) + "]";
  if (!out.empty()) out += '.';
  return out.append(key);
}

std::string element(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

Location Report::place(std::string_view path) const {
  while (!path.empty()) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    const auto cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return locate(1, 1);
}

void Report::error(const std::string& path, std::string message) {
  error_at(place(path), path, std::move(message));
}

void Report::warning(const std::string& path, std::string message) {
  add({Diagnostic::warning, place(path), path, std::move(message)});
}

void Report::error_at(Location where, const std::string& path, std::string message) {
  has_error_ = true;
  failed_.insert(path);
  add({Diagnostic::error, std::move(where), path, std::move(message)});
}

// The first messages are kept; a warning makes room for an error, so that a refused file always says why.
void Report::add(Diagnostic diagnostic) {
  if (!full()) {
    diagnostics_.push_back(std::move(diagnostic));
    return;
  }
  ++left_out_;
  if (diagnostic.severity == Diagnostic::warning) return;
  const auto is_warning = [](const Diagnostic& d) { return d.severity == Diagnostic::warning; };
  const auto spare = std::find_if(diagnostics_.begin(), diagnostics_.end(), is_warning);
  if (spare != diagnostics_.end()) *spare = std::move(diagnostic);
}

std::vector<Diagnostic> Report::take() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
  });
  if (left_out_ > 0) {
    const auto severity = has_error_ ? Diagnostic::error : Diagnostic::warning;
    diagnostics_.push_back({severity, {file_, 0, 0}, "", std::to_string(left_out_) + " more messages are not shown"});
  }
  return std::exchange(diagnostics_, {});
}

}  // namespace fluxgate::config
