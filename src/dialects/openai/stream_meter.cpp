#include "fluxgate/dialects/openai/stream_meter.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace fluxgate::dialects::openai {
namespace {

constexpr auto kNone = std::string_view::npos;

// A text to look for in every event, with its table of skips made at compile time (Horspool, "Practical fast searching in
// strings", 1980). memmem builds its table anew at each call, which for texts of a few hundred bytes is most of its cost.
class Needle {
 public:
  explicit constexpr Needle(std::string_view text) : text_(text) {
    skip_.fill(static_cast<std::uint8_t>(text.size()));
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      skip_[static_cast<unsigned char>(text[i])] = static_cast<std::uint8_t>(text.size() - 1 - i);
    }
  }

  std::size_t find(std::string_view in, std::size_t from = 0) const {
    const std::size_t last = text_.size() - 1;
    for (std::size_t at = from; at + last < in.size();) {
      const char c = in[at + last];
      if (c == text_[last] && std::memcmp(in.data() + at, text_.data(), last) == 0) return at;
      at += skip_[static_cast<unsigned char>(c)];
    }
    return kNone;
  }
  std::size_t size() const { return text_.size(); }

 private:
  std::string_view text_;
  std::array<std::uint8_t, 256> skip_{};
};

constexpr Needle kFinishKey("\"finish_reason\"");
constexpr Needle kUsageKey("\"usage\"");
constexpr Needle kErrorKey("\"error\"");
constexpr Needle kTypeKey("\"type\"");

// JSON's white space without LF, which ends an event's line.
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

// Offset of the value of the key that ends at `key_end`, or kNone if it is not a key.
std::size_t value_of(std::string_view text, std::size_t key_end) {
  std::size_t at = skip_blanks(text, key_end);
  if (at >= text.size() || text[at] != ':') return kNone;
  at = skip_blanks(text, at + 1);
  return at < text.size() ? at : kNone;
}

struct Member {
  std::size_t key;    // offset of the key's opening quote
  std::size_t value;  // offset of its value
};

// The first member named `key`. A value of the same text, such as the token "usage", is none.
std::optional<Member> find_member(std::string_view text, const Needle& key, std::size_t from = 0) {
  for (auto at = key.find(text, from); at != kNone; at = key.find(text, at + key.size())) {
    const auto value = value_of(text, at + key.size());
    if (value != kNone) return Member{at, value};
  }
  return std::nullopt;
}

// Where a walk over JSON text stands.
class Nesting {
 public:
  void pass(char c) {
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = c != '"';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
  }
  int depth() const { return in_string_ ? -1 : depth_; }  // of objects and arrays; negative inside a string

 private:
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

// The same for members of the outermost object only: Groq repeats the usage deeper inside, under `x_groq`.
std::optional<Member> find_top_member(std::string_view text, const Needle& key) {
  Nesting nesting;
  std::size_t passed = 0;
  for (auto at = key.find(text); at != kNone; at = key.find(text, at + key.size())) {
    while (passed < at) nesting.pass(text[passed++]);
    const auto value = value_of(text, at + key.size());
    if (value != kNone && nesting.depth() == 1) return Member{at, value};
  }
  return std::nullopt;
}

constexpr std::string_view kNull = "null";

// Offset behind the object or null at `at`; kNone if it is something else or not closed.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with(kNull)) return at + kNull.size();
  if (text[at] != '{') return kNone;
  Nesting nesting;
  for (; at < text.size(); ++at) {
    nesting.pass(text[at]);
    if (nesting.depth() == 0) return at + 1;
  }
  return kNone;
}

// The range of `text` to cut so that the member is gone, with one comma.
std::optional<json::Span> cut_of(std::string_view text, const Member& member) {
  std::size_t end = end_of_value(text, member.value);
  if (end == kNone) return std::nullopt;
  std::size_t begin = member.key;
  while (begin > 0 && is_blank(text[begin - 1])) --begin;
  if (begin > 0 && text[begin - 1] == ',') return json::Span{begin - 1, end};
  end = skip_blanks(text, end);
  if (end < text.size() && text[end] == ',') ++end;
  return json::Span{member.key, end};
}

// `"usage":null}` at the very end: the common chunk of a stream whose usage was asked for. Nothing can stand deeper there.
bool is_closing_null(std::string_view text, const Member& member) {
  const std::string_view value = text.substr(member.value);
  if (!value.starts_with(kNull)) return false;
  const std::size_t brace = skip_blanks(value, kNull.size());
  return brace < value.size() && value[brace] == '}' && skip_blanks(value, brace + 1) == value.size();
}

bool is_done(std::string_view data) { return data.starts_with("[DONE]"); }

}  // namespace

StreamMeter::Taken StreamMeter::take(char* data, std::size_t size) {
  if (grammar_ == StreamGrammar::kOpaque) {
    if (size > 0) events_ = 1;  // whatever it is, the stream has begun
    return {size, size};
  }
  const std::string_view text(data, size);
  std::size_t consumed = 0;
  std::size_t kept = 0;  // bytes at the start that are to be forwarded; equal to consumed until something is cut
  while (const auto event = splitter_.next(text.substr(consumed))) {
    const std::size_t length = event->bytes.size();
    const Verdict verdict = look(*event);
    const auto keep = [&](std::size_t begin, std::size_t end) {
      if (kept != consumed + begin) std::memmove(data + kept, data + consumed + begin, end - begin);
      kept += end - begin;
    };
    if (!verdict.drop) {
      if (verdict.cut_begin == verdict.cut_end) {
        keep(0, length);
      } else {
        keep(0, verdict.cut_begin);
        keep(verdict.cut_end, length);
      }
    }
    consumed += length;
  }
  return {kept, consumed};
}

StreamMeter::Verdict StreamMeter::look(const sse::Event& event) {
  // What follows the end of the answer, or an error, is not part of it: a [DONE] behind an error would undo the error.
  if (saw_done_ || saw_error_) return {.drop = true};
  if (event.data.empty()) return {};
  if (is_done(event.data) || is_done(event.last_data)) {
    saw_done_ = true;
    if (is_done(event.data)) return {};
  }
  ++events_;
  if (events_ == 1 && event.data.data() == event.last_data.data() && !scanner_.scan_response(event.data)) {
    first_was_garbage_ = true;
    return {};
  }
  if (grammar_ == StreamGrammar::kResponses) {
    look_responses(event);
    return {};
  }
  return look_chat(event);
}

StreamMeter::Verdict StreamMeter::look_chat(const sse::Event& event) {
  const std::string_view data = event.data;
  if (const auto finish = find_member(data, kFinishKey)) {
    if (data[finish->value] == '"') {
      const auto reason = data.substr(finish->value + 1, data.find('"', finish->value + 1) - finish->value - 1);
      if (reason == "error") note_error(data);  // OpenRouter ends a broken stream with such a chunk
      if (finish_reason_.empty()) finish_reason_ = reason;
      ++finished_choices_;
    }
  } else {
    note_error(data);  // every regular chunk has the key, so only an odd one is searched for an error
  }
  auto usage = find_member(data, kUsageKey);
  if (!usage) return {};
  const bool closing_null = is_closing_null(data, *usage);
  if (closing_null && !hide_usage_) return {};
  if (!closing_null) usage = find_top_member(data, kUsageKey);
  if (!usage) return {};
  bool choices_empty = false;
  if (data[usage->value] == '{') {
    if (auto scan = scanner_.scan_response(data)) {
      choices_empty = scan->choices_empty;
      if (scan->input_tokens || scan->output_tokens) usage_ = std::move(*scan);
    }
  }
  if (!hide_usage_) return {};
  if (choices_empty) return {.drop = true};
  const auto cut = cut_of(data, *usage);
  if (!cut) return {};
  const auto offset = static_cast<std::size_t>(data.data() - event.bytes.data());
  return {.drop = false, .cut_begin = offset + cut->begin, .cut_end = offset + cut->end};
}

void StreamMeter::look_responses(const sse::Event& event) {
  std::string_view type = event.name;
  if (type.empty()) {  // some servers leave the event line out; the type stands in the data all the same
    const auto member = find_member(event.data.substr(0, 256), kTypeKey);
    if (member && event.data[member->value] == '"') type = event.data.substr(member->value + 1);
    type = type.substr(0, type.find('"'));
  }
  const bool failed = type == "response.failed";
  if (type == "error" || type.empty()) note_error(event.data);
  if (type == "error" && !saw_error_) saw_error_ = true;  // {"type":"error","message":...} has no `error` key
  if (saw_error_ && events_ == 1) first_was_error_ = true;
  if (type != "response.completed" && type != "response.incomplete" && !failed) return;
  saw_done_ = true;
  finish_reason_ = type.substr(std::string_view("response.").size());
  if (auto scan = scanner_.scan_response(event.data)) usage_ = std::move(*scan);
}

void StreamMeter::note_error(std::string_view data) {
  if (kErrorKey.find(data) == kNone) return;
  const auto scan = scanner_.scan_response(data);
  if (!scan || !scan->has_error) return;
  saw_error_ = true;
  if (events_ == 1) first_was_error_ = true;
}

}  // namespace fluxgate::dialects::openai
