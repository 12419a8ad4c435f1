#include "fluxgate/net/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>

#include "fluxgate/net/await.hpp"
#include "fluxgate/net/tls.hpp"

namespace fluxgate::net {
namespace {

// A TLS record holds at most 16 KiB; more than one buffer is gathered into one record through this.
constexpr std::size_t kTlsGather = 16 * 1024;

error_code from_errno(int value) {
  if (value == EAGAIN || value == EWOULDBLOCK) return asio::error::would_block;
  return {value, boost::system::system_category()};
}

// Skips the first `skip` bytes of `buffers` and hands the non-empty rest to `use(data, size)` until it returns false.
template <class Use>
void for_each_rest(std::span<const asio::const_buffer> buffers, std::size_t skip, Use use) {
  for (const asio::const_buffer& buffer : buffers) {
    if (skip >= buffer.size()) {
      skip -= buffer.size();
      continue;
    }
    if (!use(static_cast<const char*>(buffer.data()) + skip, buffer.size() - skip)) return;
    skip = 0;
  }
}

// Copying a few hundred bytes together costs less than having the kernel walk a vector of them.
constexpr std::size_t kCopyTogether = 2048;

ssize_t send_vectors(int socket, std::span<const iovec> vectors, std::size_t total) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (vectors.size() == 1) return ::send(socket, vectors[0].iov_base, vectors[0].iov_len, kFlags);
  if (total <= kCopyTogether) {
    char bytes[kCopyTogether];
    char* at = bytes;
    for (const iovec& vector : vectors) {
      std::memcpy(at, vector.iov_base, vector.iov_len);
      at += vector.iov_len;
    }
    return ::send(socket, bytes, total, kFlags);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(vectors.data());
  message.msg_iovlen = vectors.size();
  return ::sendmsg(socket, &message, kFlags);
}

std::string openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const {
  // OpenSSL forbids to resume the session of a connection that it thinks broken because no close_notify was exchanged.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

bool is_disconnect(const error_code& error) {
  return error == asio::error::eof || error == asio::error::connection_reset || error == asio::error::broken_pipe ||
         error == asio::error::connection_aborted || error == asio::error::not_connected;
}

Stream::Stream(Socket socket) : socket_(std::move(socket)) {
  error_code ignored;  // a socket that is already dead reports that at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
}

Stream::~Stream() = default;

bool Stream::tls_resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }

Task<error_code> Stream::handshake_server(const TlsContext& context) {
  start_tls(context);
  SSL_set_accept_state(ssl_.get());
  co_return co_await handshake();
}

Task<error_code> Stream::handshake_client(const TlsContext& context, const std::string& server_name,
                                          TlsSessionStore& sessions) {
  start_tls(context);
  SSL* ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  error_code not_an_address;
  asio::ip::make_address(server_name, not_an_address);
  if (not_an_address) {
    SSL_set_tlsext_host_name(ssl, server_name.c_str());
    SSL_set1_host(ssl, server_name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str());
  }
  if (sessions.get() != nullptr) SSL_set_session(ssl, sessions.get());
  keep_sessions(ssl, &sessions);
  co_return co_await handshake();
}

void Stream::start_tls(const TlsContext& context) {
  ssl_.reset(SSL_new(context.native()));
  BIO* received = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(received, -1);  // empty means "not yet", not "the end"
  SSL_set0_rbio(ssl_.get(), received);
  SSL_set0_wbio(ssl_.get(), BIO_new_socket(native_handle(), BIO_NOCLOSE));
}

bool Stream::tls_holds_data() const {
  const bool ended = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;  // and the next read will say so
  return ended || SSL_has_pending(ssl_.get()) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) > 0;
}

void Stream::feed_tls(const char* data, std::size_t size) {
  std::size_t written = 0;
  BIO_write_ex(SSL_get_rbio(ssl_.get()), data, size, &written);  // a memory BIO takes all, or has no memory at all
}

Task<error_code> Stream::handshake() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) co_return error_code{};
    const int reason = SSL_get_error(ssl_.get(), result);
    error_code error;
    if (reason == SSL_ERROR_WANT_READ) {
      error = co_await wait_for(socket_, Socket::wait_read);
      if (!error) error = receive_for_tls();
    } else if (reason == SSL_ERROR_WANT_WRITE) {
      error = co_await wait_for(socket_, Socket::wait_write);
    } else {
      const long verified = SSL_get_verify_result(ssl_.get());
      tls_error_ = openssl_errors();
      if (verified != X509_V_OK) tls_error_ = std::string(X509_verify_cert_error_string(verified)) + " (" + tls_error_ + ")";
      if (tls_error_.empty()) tls_error_ = "the peer closed the connection";
      co_return asio::error::connection_refused;
    }
    if (error) {
      tls_error_ = error == asio::error::eof ? "the peer closed the connection" : error.message();
      co_return error;
    }
  }
}

error_code Stream::tls_failure(int result) {
  const int saved = errno;
  tls_wants_write_ = false;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return asio::error::would_block;
    case SSL_ERROR_WANT_WRITE: tls_wants_write_ = true; return asio::error::would_block;
    case SSL_ERROR_ZERO_RETURN: return asio::error::eof;
    case SSL_ERROR_SYSCALL: return saved == 0 ? error_code(asio::error::eof) : from_errno(saved);
    default: break;
  }
  // An end of the TCP stream without close_notify: whether that truncates a message is for HTTP framing to say.
  const bool eof = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  tls_error_ = openssl_errors();
  return eof ? error_code(asio::error::eof) : error_code(asio::error::connection_reset);
}

void Stream::ReadSome::on_finished(void* context, bool completed) {
  auto& self = *static_cast<ReadSome*>(context);
  Continuation waiting = std::move(*self.waiting_);
  self.waiting_.reset();
  if (!completed) return;  // destroying `waiting` destroys the coroutine, and self with it
  const error_code error = self.operation_.error();
  self.result_ = {error, self.operation_.size()};
  if (self.stream_.ssl_ && !error) {
    self.stream_.feed_tls(self.data_, self.result_.size);
    self.result_ = self.stream_.read_now_tls(self.data_, self.size_);
    if (self.result_.error == asio::error::would_block) {  // not a whole record yet, or one that holds no data
      self.waiting_.emplace(std::move(waiting));
      self.operation_.start(self.stream_.socket_, self.data_, self.size_, false);
      return;
    }
  }
  waiting.resume();
}

// Every record that is there, so that a stream of small ones becomes few writes on the other side.
IoResult Stream::read_now_tls(char* data, std::size_t size) {
  std::size_t total = 0;
  do {
    ERR_clear_error();
    errno = 0;
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), data + total, size - total, &count);
    if (result != 1) {
      const error_code error = tls_failure(result);
      if (total > 0) break;  // told at the next read
      return {error, 0};
    }
    total += count;
  } while (total < size && tls_holds_data());
  return {error_code{}, total};
}

// What has arrived, without waiting.
error_code Stream::receive_for_tls() {
  char bytes[4096];
  const ssize_t count = ::recv(native_handle(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN ? error_code() : from_errno(errno);
  if (count == 0) return asio::error::eof;
  feed_tls(bytes, static_cast<std::size_t>(count));
  return {};
}

void Stream::WriteAll::start_wait(Continuation waiting) {
  const auto direction = stream_.ssl_ && !stream_.tls_wants_write_ ? Socket::wait_read : Socket::wait_write;
  stream_.socket_.async_wait(direction, [this, direction, waiting = std::move(waiting)](error_code error) mutable {
    if (!error && direction == Socket::wait_read) error = stream_.receive_for_tls();
    result_ = error ? IoResult{error, result_.size} : stream_.write_now(buffers_, result_.size);
    if (result_.error == asio::error::would_block) {
      start_wait(std::move(waiting));
    } else {
      waiting.resume();
    }
  });
}

IoResult Stream::write_now(std::span<const asio::const_buffer> buffers, std::size_t skip) {
  if (ssl_) return write_now_tls(buffers, skip);
  std::size_t done = skip;
  for (;;) {
    std::array<iovec, kMaxBuffers> vectors;
    std::size_t count = 0;
    std::size_t wanted = 0;
    for_each_rest(buffers, done, [&](const char* data, std::size_t size) {
      vectors[count++] = {const_cast<char*>(data), size};
      wanted += size;
      return count < vectors.size();
    });
    if (count == 0) return {error_code{}, done};
    const ssize_t sent = send_vectors(socket_.native_handle(), std::span(vectors.data(), count), wanted);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return {from_errno(errno), done};
    }
    done += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < wanted) return {asio::error::would_block, done};
  }
}

IoResult Stream::write_now_tls(std::span<const asio::const_buffer> buffers, std::size_t skip) {
  std::size_t done = skip;
  for (;;) {
    char gathered[kTlsGather];
    const char* data = nullptr;
    std::size_t size = 0;
    for_each_rest(buffers, done, [&](const char* next, std::size_t length) {
      if (data == nullptr && length >= sizeof gathered) {  // one large buffer needs no copy
        data = next;
        size = length;
        return false;
      }
      data = gathered;
      const std::size_t take = std::min(length, sizeof gathered - size);
      std::memcpy(gathered + size, next, take);
      size += take;
      return size < sizeof gathered;
    });
    if (size == 0) return {error_code{}, done};
    ERR_clear_error();
    errno = 0;
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), data, size, &written);
    if (result != 1) return {tls_failure(result), done};
    done += written;
  }
}

bool Stream::quiet() {
  char byte;
  if (ssl_) {
    // Session tickets may rightly arrive at any time; a close_notify or data may not.
    if (receive_for_tls()) return false;
    ERR_clear_error();
    errno = 0;
    std::size_t count = 0;
    const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &count);
    return result != 1 && tls_failure(result) == asio::error::would_block;
  }
  return ::recv(native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Stream::cancel() {
  error_code ignored;  // nothing pending is not a failure
  socket_.cancel(ignored);
}

void Stream::shutdown_send() {
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  error_code ignored;  // the peer may have closed first
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::close_with_reset() {
  error_code ignored;  // closing is best effort: the descriptor goes away in any case
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void Stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace fluxgate::net
