// A block of bytes that I/O reads into.
//
// Blocks of the standard size are recycled through a small free list per thread: every request needs two or three. Each
// block owns kSlack bytes behind its capacity, because simdjson reads (never writes) past the end of what it scans.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace fluxgate {

class Buffer {
 public:
  static constexpr std::size_t kStandard = 16 * 1024;
  static constexpr std::size_t kSlack = 64;

  Buffer() : Buffer(kStandard) {}
  explicit Buffer(std::size_t capacity);
  Buffer(Buffer&& other) noexcept : data_(std::move(other.data_)), capacity_(other.capacity_) { other.capacity_ = 0; }
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { release(); }

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  std::size_t capacity() const { return capacity_; }
  std::string_view view(std::size_t begin, std::size_t end) const { return {data_.get() + begin, end - begin}; }

  // Makes room for at least `capacity` bytes and keeps the first `used` ones. Views into the old block die.
  void grow(std::size_t capacity, std::size_t used);

 private:
  void release();

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
};

}  // namespace fluxgate
