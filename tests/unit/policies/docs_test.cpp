// The examples of docs/policies.md, as an operator would paste them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "fluxgate/config/loader.hpp"

namespace fluxgate::policies {
namespace {

constexpr const char* kProviders = R"(
providers:
  openai: { kind: openai, api_key: k, region: eu, labels: [no_training] }
  local1: { kind: openai_compatible, base_url: http://127.0.0.1:1/v1, allow_private: true }
  local2: { kind: openai_compatible, base_url: http://127.0.0.1:2/v1, allow_private: true }
  local3: { kind: openai_compatible, base_url: http://127.0.0.1:3/v1, allow_private: true }
)";

constexpr const char* kTargets = R"(
targets:
  gpt: { provider: openai, model: gpt-4o }
  gpt-next: { provider: openai, model: gpt-5 }
  mini: { provider: openai, model: gpt-4o-mini }
  claude: { provider: local1, model: claude }
  llama: { provider: local2, model: llama }
)";

std::vector<std::string> yaml_blocks(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> blocks;
  std::string line;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```yaml") {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(PolicyDocs, EveryExampleLoads) {
  const auto blocks = yaml_blocks(std::string(FLUXGATE_SOURCE_DIR) + "/docs/policies.md");
  ASSERT_GE(blocks.size(), 10u);
  config::LoadOptions options;
  options.check_files = false;
  for (const std::string& block : blocks) {
    std::string text = kProviders;
    if (!block.starts_with("targets:")) text += kTargets;
    if (block.starts_with("  - ")) text += "routes:\n";
    text += block;
    const config::LoadResult result = config::load_string(text, "policies.md", options);
    for (const auto& diagnostic : result.diagnostics) {
      if (diagnostic.severity == config::Diagnostic::error) ADD_FAILURE() << config::format(diagnostic) << "\n" << block;
    }
  }
}

}  // namespace
}  // namespace fluxgate::policies
