#include "fluxgate/base/buffer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace fluxgate {
namespace {

// Kept for reuse per thread: enough for the bursts of a busy worker, little enough not to matter while it is idle.
constexpr std::size_t kKeepStandard = 64;
constexpr std::size_t kKeepLargeBytes = 16 * 1024 * 1024;
// From here on a block is mapped by itself, so that freeing it returns its pages whatever lies around it in the heap.
constexpr std::size_t kMapped = 128 * 1024;

struct Block {
  char* bytes;
  std::size_t size;  // what was allocated, slack included
};

std::size_t block_size(std::size_t capacity) {
  const std::size_t wanted = capacity + Buffer::kSlack;
  return wanted < kMapped ? wanted : std::bit_ceil(wanted);  // few sizes, so that a kept block fits the next body
}

Block allocate(std::size_t capacity) {
  const std::size_t size = block_size(capacity);
  if (size < kMapped) return {static_cast<char*>(::operator new(size)), size};
  void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return {static_cast<char*>(mapped), size};
}

void free_block(const Block& block) {
  if (block.size < kMapped) {
    ::operator delete(block.bytes);
  } else {
    ::munmap(block.bytes, block.size);
  }
}

// Blocks of this thread that wait for reuse.
class FreeBlocks {
 public:
  ~FreeBlocks() { clear(); }

  char* take(std::size_t capacity) {
    auto& list = list_for(block_size(capacity));
    const auto fits = std::find_if(list.rbegin(), list.rend(),
                                   [&](const Block& block) { return block.size == block_size(capacity); });
    if (fits == list.rend()) return allocate(capacity).bytes;
    const Block block = *fits;
    if (block.size >= kMapped) large_bytes_ -= block.size;
    list.erase(std::next(fits).base());
    return block.bytes;
  }

  void give(char* bytes, std::size_t capacity) {
    const Block block{bytes, block_size(capacity)};
    const bool large = block.size >= kMapped;
    const bool keep = large ? large_bytes_ + block.size <= kKeepLargeBytes
                            : capacity == Buffer::kStandard && standard_.size() < kKeepStandard;
    if (!keep) {
      free_block(block);
      return;
    }
    if (large) large_bytes_ += block.size;
    list_for(block.size).push_back(block);
  }

  void clear() {
    for (auto* list : {&standard_, &large_}) {
      for (const Block& block : *list) free_block(block);
      list->clear();
      list->shrink_to_fit();
    }
    large_bytes_ = 0;
  }

 private:
  std::vector<Block>& list_for(std::size_t size) { return size >= kMapped ? large_ : standard_; }

  std::vector<Block> standard_;
  std::vector<Block> large_;
  std::size_t large_bytes_ = 0;
};

thread_local FreeBlocks free_blocks;

}  // namespace

Buffer::Buffer(std::size_t capacity) : data_(free_blocks.take(capacity)), capacity_(capacity) {
  std::memset(data_ + capacity_, 0, kSlack);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

void Buffer::release() {
  if (data_ != nullptr) free_blocks.give(std::exchange(data_, nullptr), capacity_);
  capacity_ = 0;
}

void Buffer::drop_free_blocks() { free_blocks.clear(); }

void Buffer::grow(std::size_t capacity, std::size_t used) {
  if (capacity <= capacity_) return;
  // Doubling keeps the copying linear when a body of unknown length arrives piece by piece.
  Buffer larger(std::max(capacity, capacity_ * 2));
  std::memcpy(larger.data(), data(), used);
  *this = std::move(larger);
}

}  // namespace fluxgate
