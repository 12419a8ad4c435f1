#include "sim/fields.hpp"

#include <utility>

namespace fluxgate::sim {
namespace {

std::string tool_name(const Json& tool) {
  if (text_field(tool, "type") != "function") return {};
  const std::string nested = text_field(field(tool, "function"), "name");
  return nested.empty() ? text_field(tool, "name") : nested;
}

std::optional<std::string> first_function(const Json& tools) {
  if (!tools.is_array()) return std::nullopt;
  for (const Json& tool : tools) {
    std::string name = tool_name(tool);
    if (!name.empty()) return name;
  }
  return std::nullopt;
}

}  // namespace

const Json& field(const Json& body, std::string_view name) {
  static const Json kNull;
  if (!body.is_object()) return kNull;
  const auto found = body.find(name);
  return found == body.end() ? kNull : *found;
}

bool flag(const Json& body, std::string_view name) {
  const Json& value = field(body, name);
  return value.is_boolean() && value.get<bool>();
}

std::string text_field(const Json& body, std::string_view name) {
  const Json& value = field(body, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

Result<std::size_t> count_field(const Json& body, std::string_view name, std::size_t fallback, std::size_t most) {
  const Json& value = field(body, name);
  if (value.is_null()) return fallback;
  if (value.is_number_unsigned()) {
    const auto count = value.get<std::uint64_t>();
    if (count >= 1 && count <= most) return static_cast<std::size_t>(count);
  }
  return client_error(ErrorKind::kBadRequest, "Must be a whole number of at least 1 and within the limit.")
      .with_param(std::string(name));
}

Answer to_answer(const Error& error) { return bad_request(error.message, error.param, "invalid_value"); }

std::optional<std::string> forced_tool(const Json& body) {
  const Json& tools = field(body, "tools");
  const Json& choice = field(body, "tool_choice");
  if (!tools.is_array() || tools.empty()) return std::nullopt;
  if (choice == "required") return first_function(tools);
  if (text_field(choice, "type") == "allowed_tools") {
    const Json& allowed = field(choice, "allowed_tools").is_object() ? field(choice, "allowed_tools") : choice;
    return text_field(allowed, "mode") == "required" ? first_function(field(allowed, "tools")) : std::nullopt;
  }
  std::string name = tool_name(choice);
  if (name.empty()) return std::nullopt;
  return name;
}

StreamBuilder::StreamBuilder(const config::Sim& options) : interval_(options.token_interval) {
  answer_.content_type = "text/event-stream; charset=utf-8";
  answer_.headers.emplace_back("Cache-Control", "no-cache");
  answer_.delay = options.first_token_delay;
}

void StreamBuilder::add(std::string bytes) { answer_.frames.push_back({std::move(bytes), {}}); }

void StreamBuilder::add_token(std::string bytes) {
  const auto wait = first_ ? std::chrono::milliseconds(0) : interval_;
  first_ = false;
  answer_.frames.push_back({std::move(bytes), wait});
}

Answer StreamBuilder::finish() { return std::move(answer_); }

std::chrono::milliseconds generation_time(const config::Sim& options, std::size_t tokens) {
  const auto further = static_cast<std::int64_t>(tokens > 0 ? tokens - 1 : 0);
  return options.first_token_delay + options.token_interval * further;
}

}  // namespace fluxgate::sim
