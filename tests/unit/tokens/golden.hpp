// The texts of golden.json with the counts that tiktoken has for them; golden.py made the file.
#pragma once

#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fluxgate::tokens {

struct GoldenText {
  std::string text;
  bool prose = false;  // what people write, code included
  std::size_t o200k = 0;
  std::size_t cl100k = 0;
};

inline std::vector<GoldenText> golden_texts() {
  std::ifstream file(FLUXGATE_SOURCE_DIR "/tests/unit/tokens/golden.json");
  std::vector<GoldenText> texts;
  for (const auto& row : nlohmann::json::parse(file)) {
    GoldenText golden;
    const auto once = row.at("text").get<std::string>();
    for (auto left = row.at("times").get<int>(); left > 0; --left) golden.text += once;
    golden.text += row.at("end").get<std::string>();
    golden.prose = row.at("kind") == "prose";
    golden.o200k = row.at("o200k_base").get<std::size_t>();
    golden.cl100k = row.at("cl100k_base").get<std::size_t>();
    texts.push_back(std::move(golden));
  }
  return texts;
}

}  // namespace fluxgate::tokens
