// One thread, one event loop. Connections, pools and metric cells belong to a worker and never leave it; the only way
// into another worker is post().
#pragma once

#include <cstddef>
#include <thread>

#include "fluxgate/net/deadline.hpp"
#include "fluxgate/net/hangup_watch.hpp"
#include "fluxgate/net/types.hpp"

namespace fluxgate::net {

class Worker {
 public:
  explicit Worker(std::size_t index);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  std::size_t index() const { return index_; }
  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }
  DeadlineQueue& deadlines() { return deadlines_; }
  HangupWatch& hangups() { return hangups_; }

  // Starts the thread.
  void start();
  // Ends the loop, waits for the thread and destroys the coroutines that were still waiting. From the thread that owns
  // the worker, while everything those coroutines refer to is alive.
  void finish();

 private:
  struct Context : asio::io_context {
    using asio::io_context::io_context;
    using asio::execution_context::shutdown;  // protected there: destroys pending operations, keeps the services
  };

  std::size_t index_;
  Context context_{1};  // 1: one thread runs it, so Asio skips some locking
  DeadlineQueue deadlines_{context_.get_executor()};
  HangupWatch hangups_{context_.get_executor()};
  std::thread thread_;
};

}  // namespace fluxgate::net
