// Reading request fields that may be of any type, and the parts that several endpoints share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"
#include "sim/answer.hpp"
#include "sim/text.hpp"

namespace fluxgate::sim {

// What a handler knows besides the body.
struct Context {
  const config::Sim& options;
  std::uint64_t serial;  // counts requests from 1; ids are made of it
  std::int64_t now;      // Unix seconds

  std::string id(std::string_view prefix) const { return std::string(prefix) + "sim" + std::to_string(serial); }
};

inline constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

// The value of a key, or null where there is none or the body is no object.
const Json& field(const Json& body, std::string_view name);
bool flag(const Json& body, std::string_view name);                 // true only for a JSON true
std::string text_field(const Json& body, std::string_view name);    // empty unless a string

// A whole number of at least 1 and at most `most`; `fallback` where the key is absent or null.
Result<std::size_t> count_field(const Json& body, std::string_view name, std::size_t fallback, std::size_t most);
Answer to_answer(const Error& error);  // a 400 with the error's param

// The function that `tool_choice` obliges the model to call, in the nested form of chat or the flat one of responses.
std::optional<std::string> forced_tool(const Json& body);

// Collects the frames of a stream in order.
class StreamBuilder {
 public:
  explicit StreamBuilder(const config::Sim& options);
  void add(std::string bytes);        // goes out together with what was added before it
  void add_token(std::string bytes);  // waits for the token interval first, but for the first token
  Answer finish();

 private:
  std::chrono::milliseconds interval_;
  bool first_ = true;
  Answer answer_;
};

// When a plain answer of so many tokens is complete.
std::chrono::milliseconds generation_time(const config::Sim& options, std::size_t tokens);

}  // namespace fluxgate::sim
