// Any bytes as a configuration: no crash, no hang; either a Config or at least one error, each with a sound place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fluxgate/config/loader.hpp"

namespace config = fluxgate::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  config::LoadOptions options;
  options.env = [](std::string_view name) -> std::optional<std::string> {
    if (name.starts_with("NO")) return std::nullopt;
    return std::string("value");
  };
  options.check_files = false;  // a fuzzer must not open what its input names
  const auto result = config::load_string(text, "fuzz.yaml", options);
  bool has_error = false;
  for (const auto& diagnostic : result.diagnostics) {
    has_error = has_error || diagnostic.severity == config::Diagnostic::error;
    if (diagnostic.message.empty() || diagnostic.where.line < 0 || diagnostic.where.column < 0) std::abort();
    if (config::format(diagnostic).find('\n') != std::string::npos) std::abort();  // one line, whatever the input
  }
  if (result.config.has_value() == has_error) std::abort();
  return 0;
}
