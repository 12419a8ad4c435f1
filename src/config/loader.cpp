#include "fluxgate/config/loader.hpp"

#include <cstdlib>
#include <fstream>
#include <utility>

#include "config/checks.hpp"
#include "config/keys.hpp"
#include "config/report.hpp"
#include "config/tree.hpp"

namespace fluxgate::config {
namespace {

LoadResult failed(Location where, std::string message) {
  LoadResult result;
  result.diagnostics.push_back({Diagnostic::error, std::move(where), "", std::move(message)});
  return result;
}

}  // namespace

std::string format(const Diagnostic& diagnostic) {
  std::string out = diagnostic.where.file;
  if (diagnostic.where.line > 0) {
    out += ":" + std::to_string(diagnostic.where.line) + ":" + std::to_string(diagnostic.where.column);
  }
  if (!out.empty()) out += ": ";
  out += diagnostic.severity == Diagnostic::error ? "error: " : "warning: ";
  if (!diagnostic.key.empty()) out += diagnostic.key + ": ";
  return out + diagnostic.message;
}

std::optional<std::string> process_env(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

LoadResult load_file(const std::filesystem::path& path, const LoadOptions& options) {
  const auto name = path.string();
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return failed({name, 0, 0}, "is a folder, not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed({name, 0, 0}, "cannot open the file");
  std::string text(kMaxText + 1, '\0');  // one byte more than allowed shows that the file is too large
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return failed({name, 0, 0}, "cannot read the file");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return load_string(text, name, options);
}

LoadResult load_string(std::string_view text, std::string_view name, const LoadOptions& options) {
  auto parsed = parse_yaml(text);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    return failed({std::string(name), error->line, error->column}, error->message);
  }
  const Node& root = std::get<Node>(parsed);
  Report report{std::string(name)};
  Config config;
  config.file = name;
  Reader reader(options, report, std::filesystem::path(name).parent_path());
  root_section().read(reader, root, config);
  cross_check(config, report, options.check_files);
  LoadResult result;
  if (!report.has_error()) result.config = std::move(config);
  result.diagnostics = report.take();
  return result;
}

}  // namespace fluxgate::config
