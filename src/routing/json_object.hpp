// Appends the members of a JSON object to a string: enough for the records of this room, without a tree.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

#include "fluxgate/json/write.hpp"

namespace fluxgate::routing {

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  void text(std::string_view key, std::string_view value) {
    name(key);
    json::append_quoted(out_, value);
  }
  void number(std::string_view key, std::integral auto value) {
    name(key);
    out_ += std::to_string(value);
  }
  // NaN and infinity have no JSON: the member is left out, which readers take for unknown.
  void number(std::string_view key, double value) {
    if (!std::isfinite(value)) return;
    name(key);
    append(out_, value);
  }
  void flag(std::string_view key, bool value) {
    name(key);
    out_ += value ? "true" : "false";
  }
  // 64-bit hashes as hex text: JSON readers hold numbers as doubles.
  void hash(std::string_view key, std::uint64_t value) { text(key, hex(value)); }
  static std::string hex(std::uint64_t value) {
    char digits[16];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, value, 16).ptr);
  }
  // For a nested value, which the caller appends next.
  std::string& raw(std::string_view key) {
    name(key);
    return out_;
  }
  void close() { out_ += '}'; }

  // Six significant digits: more than any estimate here is worth.
  static void append(std::string& out, double value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 6);
    out.append(digits, end.ptr);
  }

 private:
  void name(std::string_view key) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }

  std::string& out_;
};

// Appends a JSON array; `write_item(out, item)` appends each element.
template <class Items, class WriteItem>
void append_array(std::string& out, const Items& items, WriteItem write_item) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    write_item(out, item);
  }
  out += ']';
}

}  // namespace fluxgate::routing
