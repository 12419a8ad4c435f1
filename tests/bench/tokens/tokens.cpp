// Counts the tokens of the texts of a file, for comparing and for racing with tiktoken.
//
//   bench_tokens counts ENCODING FILE    one number a text
//   bench_tokens features any FILE       what the estimate counts, a line of numbers a text (for fit.py)
//   bench_tokens speed  ENCODING FILE    megabytes a second of CPU over all texts, the best of several passes
//   bench_tokens table  ENCODING         milliseconds to build the look-up table and what the heap grew by
//
// ENCODING: o200k_base, cl100k_base, estimate, estimate_json. FILE: for each text 4 bytes, its size (little endian),
// and the text.
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/tokens/count.hpp"
#include "tokens/census.hpp"

namespace {

using namespace fluxgate::tokens;

std::vector<std::string_view> texts_of(const std::string& file) {
  std::vector<std::string_view> texts;
  for (std::size_t at = 0; at + 4 <= file.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, file.data() + at, sizeof size);
    texts.push_back(std::string_view(file).substr(at + 4, size));
    at += 4 + size;
  }
  return texts;
}

std::size_t count_as(const std::string& how, std::string_view text) {
  if (how == "estimate_json") return estimate_json(text);
  return count(*parse_encoding(how), text);
}

// CPU time: what else runs on the machine counts as little as it can.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void print_speed(const std::string& how, const std::vector<std::string_view>& texts) {
  constexpr int kPasses = 5;
  double best = 0;
  std::size_t bytes = 0;
  std::size_t tokens = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    bytes = tokens = 0;
    const double begin = cpu_seconds();
    for (const std::string_view text : texts) {
      tokens += count_as(how, text);
      bytes += text.size();
    }
    best = std::max(best, static_cast<double>(bytes) / 1e6 / std::max(cpu_seconds() - begin, 1e-6));
  }
  std::cout << best << ' ' << tokens << '\n';
}

void print_features(const std::vector<std::string_view>& texts) {
  for (const std::string_view text : texts) {
    Census census;
    census.add(text);
    for (const auto count : census.counts()) std::cout << count << ' ';
    std::cout << '\n';
  }
}

void print_table(const std::string& how) {
  const auto heap = [] {
    const auto info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd) / 1e6;
  };
  const double before = heap();
  const double begin = cpu_seconds();
  prepare(*parse_encoding(how));
  std::cout << (cpu_seconds() - begin) * 1e3 << " ms, " << heap() - before << " MB\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::string how = argc > 2 ? argv[2] : "";
  const bool known = how == "estimate_json" || what == "features" || parse_encoding(how);
  if (!known || argc != (what == "table" ? 3 : 4)) {
    std::cerr << "usage: bench_tokens counts|features|speed ENCODING FILE, or bench_tokens table ENCODING\n";
    return 2;
  }
  if (what == "table") {
    print_table(how);
    return 0;
  }
  std::ifstream in(argv[3], std::ios::binary);
  const std::string file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto texts = texts_of(file);
  if (what == "features") {
    print_features(texts);
    return 0;
  }
  if (how != "estimate_json") prepare(*parse_encoding(how));
  if (what == "speed") {
    print_speed(how, texts);
    return 0;
  }
  for (const std::string_view text : texts) std::cout << count_as(how, text) << '\n';
}
