#include "fluxgate/sse/event_splitter.hpp"

namespace fluxgate::sse {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The value of the field `name` if the line is one ("data:x" and "data: x" alike).
std::optional<std::string_view> field(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (line.empty()) return line;  // a field name alone has the empty value
  if (line.front() != ':') return std::nullopt;
  line.remove_prefix(1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

std::optional<std::string_view> data_of(std::string_view line) {
  if (line.starts_with('{')) return line;
  auto value = field(line, "data");
  if (value && value->starts_with(':')) return std::nullopt;
  return value;
}

}  // namespace

std::optional<EventSplitter::Line> EventSplitter::line_at(std::string_view text, std::size_t from) {
  if (ending_ == Ending::kUnknown) {
    const auto end = text.find_first_of("\r\n", from);
    if (end == std::string_view::npos) return std::nullopt;
    if (text[end] == '\n') {
      ending_ = Ending::kLf;
    } else if (end + 1 < text.size()) {
      ending_ = text[end + 1] == '\n' ? Ending::kLf : Ending::kCr;
    } else {
      return std::nullopt;  // CR is the last byte so far: the next one tells
    }
  }
  const auto end = text.find(ending_ == Ending::kCr ? '\r' : '\n', from);
  if (end == std::string_view::npos) return std::nullopt;
  std::size_t length = end - from;
  if (ending_ == Ending::kLf && length > 0 && text[end - 1] == '\r') --length;
  return Line{end + 1, length};
}

std::optional<Event> EventSplitter::next(std::string_view text) {
  Event event;
  std::size_t at = 0;
  if (first_) {
    if (text.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(text)) return std::nullopt;
    if (text.starts_with(kByteOrderMark)) at = kByteOrderMark.size();
  }
  for (;;) {
    const auto line = line_at(text, at);
    if (!line) return std::nullopt;
    const std::string_view content = text.substr(at, line->length);
    at = line->next;
    if (content.empty()) {
      first_ = false;
      event.bytes = text.substr(0, at);
      return event;
    }
    if (const auto data = data_of(content)) {
      if (event.data.empty()) event.data = *data;
      event.last_data = *data;
    } else if (const auto name = field(content, "event")) {
      event.name = *name;
    }
  }
}

}  // namespace fluxgate::sse
