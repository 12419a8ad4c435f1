// The coroutines of the data plane.
//
// A Task<T> is lazy: it runs when it is awaited, on the thread that awaits it, and hands its value straight back to its
// caller (symmetric transfer). spawn() starts one that nobody awaits. What waits for the network is an awaiter such as
// Stream::read_some: if its answer is there at once the coroutine does not even suspend, and otherwise an Asio operation
// resumes it.
//
// Why not boost::asio::awaitable: it costs a second frame for every operation, a trip through the scheduler for every
// write that could have been done on the spot, and it can await nothing but itself. Measured on a plain request this was
// a fifth of the gateway's own work (docs/decisions/002-threads-and-coroutines.md). This file is all that replaces it.
//
// Ownership: a Task owns its frame, so the frame of a caller owns those it awaits. While a chain of frames waits, the
// pending operation's handler owns the chain (Continuation): if the operation is destroyed instead of completed, which
// happens when a worker ends, the whole chain is destroyed with it.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace fluxgate::net {

namespace detail {

// Coroutine frames of up to 2 KiB are recycled per thread: a request makes about ten and frees them in reverse order.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

struct PromiseBase {
  std::coroutine_handle<> caller = std::noop_coroutine();  // resumed when this one ends
  std::coroutine_handle<> root;                            // the frame that owns the chain
  std::exception_ptr failure;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Self>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Self> self) noexcept {
      return self.promise().caller;
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class Caller>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Caller> caller) noexcept {
    frame_.promise().caller = caller;
    frame_.promise().root = caller.promise().root;
    return frame_;
  }
  T await_resume() {
    if (frame_.promise().failure) std::rethrow_exception(frame_.promise().failure);
    return frame_.promise().take();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

namespace detail {

// The frame at the bottom of a spawned chain: owns the Task and itself. A Task that fails has nobody to tell, so it
// should not: std::terminate, as for a thread.
struct Root {
  struct promise_type {
    std::coroutine_handle<> root;
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
    Root get_return_object() {
      root = std::coroutine_handle<promise_type>::from_promise(*this);
      return {};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace detail

// Runs `task` now, up to its first wait, on this thread; it goes on by itself from there.
inline void spawn(Task<void> task) {
  [](Task<void> owned) -> detail::Root { co_await owned; }(std::move(task));
}

// Frees this thread's frames that wait for reuse.
void drop_free_frames();

// A waiting chain of coroutines: to be resumed once, or destroyed with this object.
class Continuation {
 public:
  template <class Caller>
  explicit Continuation(std::coroutine_handle<Caller> waiting) : waiting_(waiting), root_(waiting.promise().root) {}
  Continuation(Continuation&& other) noexcept
      : waiting_(std::exchange(other.waiting_, nullptr)), root_(other.root_) {}
  Continuation& operator=(Continuation&&) = delete;
  ~Continuation() {
    if (waiting_) root_.destroy();
  }

  void resume() { std::exchange(waiting_, nullptr).resume(); }

 private:
  std::coroutine_handle<> waiting_;
  std::coroutine_handle<> root_;
};

}  // namespace fluxgate::net
