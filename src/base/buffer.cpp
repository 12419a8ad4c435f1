#include "fluxgate/base/buffer.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace fluxgate {
namespace {

// Kept for reuse per thread: enough for the bursts of a busy worker, little enough to give memory back after load.
constexpr std::size_t kKeep = 64;

std::vector<std::unique_ptr<char[]>>& free_list() {
  thread_local std::vector<std::unique_ptr<char[]>> list;
  return list;
}

std::unique_ptr<char[]> allocate(std::size_t capacity) {
  auto block = std::make_unique_for_overwrite<char[]>(capacity + Buffer::kSlack);
  std::memset(block.get() + capacity, 0, Buffer::kSlack);
  return block;
}

}  // namespace

Buffer::Buffer(std::size_t capacity) : capacity_(capacity) {
  auto& list = free_list();
  if (capacity == kStandard && !list.empty()) {
    data_ = std::move(list.back());
    list.pop_back();
  } else {
    data_ = allocate(capacity);
  }
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::move(other.data_);
    capacity_ = other.capacity_;
    other.capacity_ = 0;
  }
  return *this;
}

void Buffer::release() {
  auto& list = free_list();
  if (data_ && capacity_ == kStandard && list.size() < kKeep) list.push_back(std::move(data_));
  data_.reset();
  capacity_ = 0;
}

void Buffer::grow(std::size_t capacity, std::size_t used) {
  if (capacity <= capacity_) return;
  // Doubling keeps the copying linear when a body of unknown length arrives piece by piece.
  Buffer larger(std::max(capacity, capacity_ * 2));
  std::memcpy(larger.data(), data(), used);
  *this = std::move(larger);
}

}  // namespace fluxgate
