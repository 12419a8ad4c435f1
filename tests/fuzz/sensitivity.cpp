// Any bytes through every detector: no crash, no endless work, and answers that hang together: the same twice, no more
// finds than bytes, labels exactly of the detectors that found something.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fluxgate/sensitivity/detectors.hpp"

namespace sensitivity = fluxgate::sensitivity;

namespace {

const sensitivity::Detectors& detectors() {
  static const sensitivity::Detectors all = [] {
    fluxgate::config::Sensitivity config;
    config.detectors = {"all"};
    config.patterns.push_back({"ticket", "TICK-[0-9]{4}", "internal", {}});
    config.patterns.push_back({"name", "(?i)project\\s+bluebird", "internal", {}});
    return sensitivity::Detectors::make(config).value();
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sensitivity::Findings once;
  detectors().scan(text, once);
  sensitivity::Findings twice;
  detectors().scan(text, twice);
  detectors().scan(text, twice);
  std::uint64_t labels = 0;
  std::size_t finds = 0;
  for (std::size_t i = 0; i < detectors().detectors().size(); ++i) {
    if (twice.count(i) != 2 * once.count(i)) std::abort();
    if (once.count(i) != 0) labels |= detectors().detectors()[i].bit;
    finds += once.count(i);
  }
  if (labels != once.labels() || finds > size) std::abort();
  return 0;
}
