// A connected byte stream, plain TCP or TLS over it, for one coroutine at a time.
//
// Why not boost::asio::ssl::stream: it keeps two 17 KiB buffers a connection and copies every byte through them; here
// OpenSSL works on the socket itself, as in nginx. Why writes are tried at once: the kernel's send buffer nearly always
// has room, and then no operation has to be queued at all. Reads go through Asio, whose edge-triggered reactor needs no
// system call besides the recv itself.
//
// Lifetime: owned by a session or a pooled connection; belongs to one worker thread. cancel() makes a pending operation
// end with operation_aborted; the stream may be used afterwards.
#pragma once

#include <openssl/types.h>

#include <boost/asio/buffer.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fluxgate/net/types.hpp"

namespace fluxgate::net {

class TlsContext;
class TlsSessionStore;

struct SslDeleter {
  void operator()(SSL* ssl) const;
};

class Stream {
 public:
  explicit Stream(Socket socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // TLS: to be called once, before any read or write, with the TCP connection established.
  Task<error_code> handshake_server(const TlsContext& context);
  // Verifies the peer against `server_name` (sent as SNI). Resumes the session in `sessions` if the peer agrees and keeps
  // new ones there; `sessions` must outlive the stream.
  Task<error_code> handshake_client(const TlsContext& context, const std::string& server_name, TlsSessionStore& sessions);
  // Why the last handshake failed, in OpenSSL's words; for logs.
  const std::string& tls_error() const { return tls_error_; }
  bool tls() const { return ssl_ != nullptr; }
  bool tls_resumed() const;

  // Reads at least one byte, or ends with an error (asio::error::eof at the end of the stream).
  Task<IoResult> read_some(char* data, std::size_t size);
  // At most this many buffers a write.
  static constexpr std::size_t kMaxBuffers = 16;
  // Writes what the kernel takes now. error is would_block if it took only the first `size` bytes: then go on with
  // write_rest(buffers, size). Split in two so that the common case needs no coroutine frame.
  IoResult write_now(std::span<const asio::const_buffer> buffers, std::size_t skip = 0);
  // Writes everything behind the first `done` bytes; size counts from the start of the buffers, which must stay alive.
  Task<IoResult> write_rest(std::span<const asio::const_buffer> buffers, std::size_t done);

  // For a pooled connection: true if the peer has neither closed nor sent anything we did not ask for.
  bool quiet();

  void cancel();
  // Stops sending (FIN, or a TLS close_notify and FIN) but goes on reading: for a lingering close.
  void shutdown_send();
  // Closes so that the peer sees a reset: for an answer that must not look complete.
  void close_with_reset();
  void close();

  int native_handle() { return socket_.native_handle(); }
  Socket& socket() { return socket_; }

 private:
  Task<error_code> handshake();
  Task<IoResult> read_tls(char* data, std::size_t size);
  IoResult write_now_tls(std::span<const asio::const_buffer> buffers, std::size_t skip);
  error_code tls_failure(int result);

  Socket socket_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool tls_wants_write_ = false;  // the last TLS operation that could not go on waits for writability
  std::string tls_error_;
};

// True when `error` says that the peer closed or reset the connection.
bool is_disconnect(const error_code& error);

}  // namespace fluxgate::net
