#include "fluxgate/net/task.hpp"

#include <new>

namespace fluxgate::net::detail {
namespace {

#ifdef FLUXGATE_SANITIZED
constexpr bool kRecycle = false;  // a sanitizer must see every frame die
#else
constexpr bool kRecycle = true;
#endif

constexpr std::size_t kStep = 128;          // size classes
constexpr std::size_t kLargest = 2048;
constexpr std::size_t kKeep = 64;           // free frames kept in each class, per thread

struct FreeFrame {
  FreeFrame* next;
};

struct SizeClass {
  FreeFrame* head = nullptr;
  std::size_t count = 0;
};

struct FramePool {
  std::array<SizeClass, kLargest / kStep> classes;
  ~FramePool() { clear(); }
  void clear() {
    for (SizeClass& entry : classes) {
      while (entry.head != nullptr) ::operator delete(std::exchange(entry.head, entry.head->next));
      entry.count = 0;
    }
  }
};

thread_local FramePool pool;

std::size_t class_of(std::size_t size) { return (size - 1) / kStep; }

}  // namespace

void* allocate_frame(std::size_t size) {
  if (!kRecycle || size > kLargest) return ::operator new(size);
  SizeClass& entry = pool.classes[class_of(size)];
  if (entry.head == nullptr) return ::operator new((class_of(size) + 1) * kStep);
  --entry.count;
  return std::exchange(entry.head, entry.head->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  if (!kRecycle || size > kLargest) {
    ::operator delete(frame);
    return;
  }
  SizeClass& entry = pool.classes[class_of(size)];
  if (entry.count >= kKeep) {
    ::operator delete(frame);
    return;
  }
  ++entry.count;
  entry.head = ::new (frame) FreeFrame{entry.head};
}

}  // namespace fluxgate::net::detail

namespace fluxgate::net {

void drop_free_frames() { detail::pool.clear(); }

}  // namespace fluxgate::net
