// A block of bytes that I/O reads into.
//
// Blocks of the standard size, of which every request needs two or three, and large ones are recycled per thread. Large
// ones are mapped by themselves: drop_free_blocks() really returns their memory, which a heap with a live block behind
// them could not. Each block owns kSlack bytes behind its capacity, because simdjson reads (never writes) past the end
// of what it scans.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace fluxgate {

class Buffer {
 public:
  static constexpr std::size_t kStandard = 16 * 1024;
  static constexpr std::size_t kSlack = 64;

  Buffer() : Buffer(kStandard) {}
  explicit Buffer(std::size_t capacity);
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() { release(); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view(std::size_t begin, std::size_t end) const { return {data_ + begin, end - begin}; }

  // Frees this thread's blocks that wait for reuse.
  static void drop_free_blocks();

  // Makes room for at least `capacity` bytes and keeps the first `used` ones. Views into the old block die.
  void grow(std::size_t capacity, std::size_t used);

 private:
  void release();

  char* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace fluxgate
