#include "fluxgate/base/secret.hpp"

#include <cstddef>

namespace fluxgate {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = std::move(other.value_);
    other.wipe();
  }
  return *this;
}

bool operator==(const Secret& a, const Secret& b) {
  if (a.value_.size() != b.value_.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.value_.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a.value_[i] ^ b.value_[i]));
  }
  return difference == 0;
}

void Secret::wipe() noexcept {
  // All the string holds room for: a short value that was moved away is still there behind the new end.
  value_.resize(value_.capacity());
  // volatile: the compiler must not drop stores to memory that is about to be freed.
  volatile char* bytes = value_.data();
  for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = 0;
  value_.clear();
}

}  // namespace fluxgate
