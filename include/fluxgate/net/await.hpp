// Awaiting one Asio operation from a Task: `error = co_await wait_for(timer)`.
//
// Only the operations the data plane has, each as a small awaiter that starts the operation when the coroutine suspends
// and resumes it when the operation completes. Streams have their own (stream.hpp).
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "fluxgate/net/task.hpp"
#include "fluxgate/net/types.hpp"

namespace fluxgate::net {

namespace detail {

// The handler of an operation without further results: stores the error and resumes.
struct ResumeWithError {
  error_code* into;
  Continuation waiting;
  void operator()(const error_code& error) {
    *into = error;
    waiting.resume();
  }
};

}  // namespace detail

// Start is called with the handler and starts the operation.
template <class Start>
class ErrorOperation {
 public:
  explicit ErrorOperation(Start start) : start_(std::move(start)) {}
  bool await_ready() const noexcept { return false; }
  template <class Caller>
  void await_suspend(std::coroutine_handle<Caller> caller) {
    start_(detail::ResumeWithError{&error_, Continuation(caller)});
  }
  error_code await_resume() const noexcept { return error_; }

 private:
  Start start_;
  error_code error_;
};

inline auto wait_for(Timer& timer) {
  return ErrorOperation([&timer](detail::ResumeWithError handler) { timer.async_wait(std::move(handler)); });
}

inline auto wait_for(Socket& socket, Socket::wait_type what) {
  return ErrorOperation(
      [&socket, what](detail::ResumeWithError handler) { socket.async_wait(what, std::move(handler)); });
}

inline auto connect(Socket& socket, const tcp::endpoint& endpoint) {
  return ErrorOperation(
      [&socket, &endpoint](detail::ResumeWithError handler) { socket.async_connect(endpoint, std::move(handler)); });
}

using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
inline auto accept(Acceptor& acceptor, Socket& into) {
  return ErrorOperation(
      [&acceptor, &into](detail::ResumeWithError handler) { acceptor.async_accept(into, std::move(handler)); });
}

}  // namespace fluxgate::net
