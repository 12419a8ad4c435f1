#include "fluxgate/net/worker.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <string>

namespace fluxgate::net {

Worker::Worker(std::size_t index) : index_(index) {}

Worker::~Worker() { finish(); }

void Worker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    const auto keep_running = asio::make_work_guard(context_);
    context_.run();
  });
}

void Worker::finish() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
  context_.shutdown();
}

}  // namespace fluxgate::net
