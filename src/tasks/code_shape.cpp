#include "tasks/code_shape.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fluxgate::tasks {
namespace {

constexpr std::size_t kMinCharacters = 80;  // below it a formula would look like code
constexpr std::size_t kPercent = 8;         // marks among the characters that are no blanks
constexpr std::size_t kMinLines = 3;

// What a byte counts as, in three counters of 20 bits that are added at once: characters, marks, line feeds.
constexpr unsigned kCounterBits = 20;
constexpr std::size_t kMaxBytes = std::size_t{1} << (kCounterBits - 1);

constexpr std::array<std::uint64_t, 256> make_counts() {
  std::array<std::uint64_t, 256> counts{};
  for (std::size_t byte = ' ' + 1; byte < counts.size(); ++byte) counts[byte] = 1;
  for (const char c : std::string_view("{}()[];=<>_#&|")) {
    counts[static_cast<unsigned char>(c)] |= std::uint64_t{1} << kCounterBits;
  }
  counts['\n'] = std::uint64_t{1} << (2 * kCounterBits);
  return counts;
}
constexpr auto kCounts = make_counts();

}  // namespace

bool looks_like_code(std::string_view text) {
  if (text.find("```") != std::string_view::npos) return true;
  std::uint64_t counts = 0;
  for (const char c : text.substr(0, kMaxBytes)) counts += kCounts[static_cast<unsigned char>(c)];
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kCounterBits) - 1;
  const std::uint64_t characters = counts & kMask;
  const std::uint64_t marks = (counts >> kCounterBits) & kMask;
  const std::uint64_t feeds = counts >> (2 * kCounterBits);
  return characters >= kMinCharacters && feeds + 1 >= kMinLines && marks * 100 >= characters * kPercent;
}

}  // namespace fluxgate::tasks
