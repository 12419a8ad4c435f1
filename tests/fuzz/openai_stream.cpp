// The stream meter: for any slicing the same bytes go out and the same facts are learnt; without anything to hide no
// byte changes; hiding takes bytes out and puts none in, and leaves valid JSON valid and without its usage.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fluxgate/dialects/openai/stream_meter.hpp"

namespace {

using namespace fluxgate;
using dialects::openai::StreamGrammar;
using dialects::openai::StreamMeter;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Metered {
  std::string output;
  std::string rest;
  std::uint64_t events = 0;
  bool done = false;
  bool error = false;
  bool first_was_error = false;
  bool first_was_garbage = false;
  bool complete = false;
  std::string finish_reason;
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> output_tokens;

  bool operator==(const Metered&) const = default;
};

Metered run(std::string_view text, std::size_t step, StreamGrammar grammar, bool hide) {
  static json::Scanner scanner;  // reused, as a worker does
  StreamMeter meter(scanner, grammar, hide);
  Metered result;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const std::string_view piece = text.substr(at, step);
    const std::size_t size = result.rest.size() + piece.size();
    const auto buffer = std::make_unique<char[]>(size + json::kPadding);  // exact: the sanitizer sees a byte too many
    std::memcpy(buffer.get(), result.rest.data(), result.rest.size());
    std::memcpy(buffer.get() + result.rest.size(), piece.data(), piece.size());
    std::memset(buffer.get() + size, '\x7f', json::kPadding);
    const auto taken = meter.take(buffer.get(), size);
    require(taken.forward <= taken.consumed && taken.consumed <= size);
    result.output.append(buffer.get(), taken.forward);
    result.rest.assign(buffer.get() + taken.consumed, size - taken.consumed);
  }
  result.events = meter.events();
  result.done = meter.saw_done();
  result.error = meter.saw_error();
  result.first_was_error = meter.first_was_error();
  result.first_was_garbage = meter.first_was_garbage();
  result.complete = meter.complete();
  result.finish_reason = meter.finish_reason();
  if (meter.usage()) {
    result.input_tokens = meter.usage()->input_tokens;
    result.output_tokens = meter.usage()->output_tokens;
  }
  return result;
}

bool is_subsequence(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char c : whole) {
    if (at < part.size() && part[at] == c) ++at;
  }
  return at == part.size();
}

// One event alone, with its usage hidden: what was a JSON object still is one, and has lost nothing but `usage`.
void check_hiding(std::string_view text) {
  const std::string data(text.substr(0, text.find_first_of("\r\n")));
  auto before = nlohmann::json::parse(data, nullptr, false);
  if (!before.is_object()) return;
  // So that the event itself is not the first one, which is looked at more closely.
  const std::string first = "data: {\"choices\":[{\"delta\":{}}]}\n\n";
  const Metered metered = run(first + "data: " + data + "\n\n", text.size() + 100, StreamGrammar::kChat, true);
  const std::string left = metered.output.substr(first.size());
  if (left.empty()) {
    require(before.contains("usage") && before["usage"].is_object());
    return;
  }
  const auto after = nlohmann::json::parse(left.substr(std::strlen("data: ")), nullptr, false);
  require(after.is_object());
  if (before == after) return;
  before.erase("usage");
  auto stripped = after;
  stripped.erase("usage");  // there may have been two
  require(before == stripped);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto grammar : {StreamGrammar::kChat, StreamGrammar::kResponses, StreamGrammar::kOpaque}) {
    for (const bool hide : {false, true}) {
      const Metered whole = run(text, size + 1, grammar, hide);
      for (const std::size_t step : {std::size_t{1}, std::size_t{17}}) {
        require(run(text, step, grammar, hide) == whole);
      }
      require(is_subsequence(whole.output + whole.rest, text));
      // Nothing is taken out but what follows the end or an error.
      if (!hide && !whole.done && !whole.error) require(whole.output + whole.rest == text);
      if (!hide) require(text.starts_with(whole.output));
      if (grammar == StreamGrammar::kOpaque) require(whole.output == text);
    }
  }
  check_hiding(text);
  return 0;
}
