// A TCP socket of Asio's, and one read operation of our own on Asio's reactor.
//
// Asio starts every read by trying it, since bytes may be there. Right after a request was sent upstream none can be,
// and the failed attempt is a system call for nothing on every request. ReadOperation can be told so. It also lives
// in the coroutine that waits for it and resumes it straight from the reactor: no allocation, no handler, no executor.
// Together this was 4 % of a plain request (docs/decisions/002-threads-and-coroutines.md). It relies on Asio's internal
// reactor_op (Boost 1.81, as Debian 12 ships it); cancel and close work on it as on any operation.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace fluxgate::net {

class Socket : public boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type> {
 public:
  using basic_stream_socket::basic_stream_socket;

 private:
  friend class ReadOperation;
  boost::asio::detail::reactor::per_descriptor_data& reactor_data() {
    return this->impl_.get_implementation().reactor_data_;
  }
};

class ReadOperation : public boost::asio::detail::reactor_op {
 public:
  // Calls finished(context, completed) once: not `completed` if the event loop ends first, in which case what waits must
  // be destroyed and nothing else touched.
  using Finished = void (*)(void* context, bool completed);

  ReadOperation(Finished finished, void* context)
      : reactor_op(boost::system::error_code(), &ReadOperation::do_perform, &ReadOperation::do_complete),
        finished_(finished),
        context_(context) {}

  // `nothing_yet`: no byte can have come since this coroutine last ran, so the socket's readiness is waited for first.
  void start(Socket& socket, char* data, std::size_t size, bool nothing_yet);

  const boost::system::error_code& error() const { return ec_; }
  std::size_t size() const { return bytes_transferred_; }

 private:
  static status do_perform(reactor_op* base);
  static void do_complete(void* owner, boost::asio::detail::operation* base, const boost::system::error_code&, std::size_t);

  Finished finished_;
  void* context_;
  int descriptor_ = -1;
  char* data_ = nullptr;
  std::size_t room_ = 0;
  bool skip_attempt_ = false;
};

}  // namespace fluxgate::net
