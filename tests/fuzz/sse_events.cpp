// The event splitter: the same events for any slicing; every byte belongs to an event or to the rest; names and data
// are parts of their event and hold no line end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/sse/event_splitter.hpp"

namespace {

using fluxgate::sse::EventSplitter;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Seen {
  std::string bytes;
  std::string name;
  std::string data;
  std::string last_data;
  bool operator==(const Seen&) const = default;
};

struct Split {
  std::vector<Seen> events;
  std::string rest;
  bool operator==(const Split&) const = default;
};

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

Split split(std::string_view text, std::size_t step) {
  EventSplitter splitter;
  Split result;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const std::string buffer = result.rest + std::string(text.substr(at, step));
    std::size_t taken = 0;
    while (const auto event = splitter.next(std::string_view(buffer).substr(taken))) {
      require(!event->bytes.empty() && inside(event->bytes, buffer));
      require(event->bytes.back() == '\n' || event->bytes.back() == '\r');
      for (const std::string_view part : {event->name, event->data, event->last_data}) {
        require(inside(part, event->bytes));
      }
      require(event->data.empty() || event->data.find('\n') == std::string_view::npos ||
              event->bytes.back() == '\r');
      result.events.push_back({std::string(event->bytes), std::string(event->name), std::string(event->data),
                               std::string(event->last_data)});
      taken += event->bytes.size();
    }
    result.rest = buffer.substr(taken);
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Split whole = split(text, size + 1);
  std::string all;
  for (const Seen& event : whole.events) all += event.bytes;
  require(all + whole.rest == text);
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{13}}) {
    require(split(text, step) == whole);
  }
  return 0;
}
