#include "fluxgate/net/socket.hpp"

#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>

namespace fluxgate::net {
namespace asio = boost::asio;

void ReadOperation::start(Socket& socket, char* data, std::size_t size, bool nothing_yet) {
  descriptor_ = socket.native_handle();
  data_ = data;
  room_ = size;
  skip_attempt_ = nothing_yet;
  ec_.clear();
  bytes_transferred_ = 0;
  auto& reactor = asio::use_service<asio::detail::reactor>(socket.get_executor().context());
  reactor.start_op(asio::detail::reactor::read_op, descriptor_, socket.reactor_data(), this, false, true);
}

asio::detail::reactor_op::status ReadOperation::do_perform(reactor_op* base) {
  auto* self = static_cast<ReadOperation*>(base);
  if (self->skip_attempt_) {
    self->skip_attempt_ = false;
    return not_done;
  }
  ssize_t count = 0;
  do {
    count = ::recv(self->descriptor_, self->data_, self->room_, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    self->bytes_transferred_ = static_cast<std::size_t>(count);
    return done;
  }
  if (count == 0) {
    self->ec_ = asio::error::eof;
    return done_and_exhausted;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return not_done;
  self->ec_ = boost::system::error_code(errno, boost::system::system_category());
  return done;
}

void ReadOperation::do_complete(void* owner, asio::detail::operation* base, const boost::system::error_code&, std::size_t) {
  auto* self = static_cast<ReadOperation*>(base);
  self->finished_(self->context_, owner != nullptr);  // may end the life of *self
}

}  // namespace fluxgate::net
