// A value that must not be printed: API keys and key files' contents.
//
// There is no stream operator, no fmt formatter and no implicit conversion, so a Secret in a log statement does not
// compile; reveal() is the one door and is easy to search for. The bytes are wiped when the Secret dies.
#pragma once

#include <string>
#include <string_view>

namespace fluxgate {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  bool empty() const { return value_.empty(); }
  // The value itself, for building a credential header. Never log what this returns.
  std::string_view reveal() const { return value_; }

  friend bool operator==(const Secret& a, const Secret& b);  // in constant time for equal lengths

 private:
  void wipe() noexcept;
  std::string value_;
};

}  // namespace fluxgate
