#include "fluxgate/net/worker.hpp"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <string>

namespace fluxgate::net {
namespace {

// OpenSSL writes to sockets with write(2), which raises SIGPIPE if the peer has gone; blocked, it is an error like any.
void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Worker::Worker(std::size_t index) : index_(index) {}

Worker::~Worker() { finish(); }

void Worker::start() {
  thread_ = std::thread([this] {
    block_broken_pipe_signal();
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    block_broken_pipe_signal();
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
