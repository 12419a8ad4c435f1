// A connected byte stream, plain TCP or TLS over it, for one coroutine at a time.
//
// Why not boost::asio::ssl::stream: it keeps two 17 KiB buffers a connection and copies every byte through them. Here
// OpenSSL writes to the socket itself. What it reads, Asio receives into the caller's own buffer, hands to OpenSSL and
// has decrypted to the same place. Why writes are tried at once: the kernel's send buffer nearly always has room, and
// then no operation has to be queued at all. Why reads are not: nothing is there yet as a rule, and Asio's edge-triggered
// reactor needs no system call besides the recv itself.
//
// Lifetime: owned by a session or a pooled connection; belongs to one worker thread. cancel() makes a pending operation
// end with operation_aborted; the stream may be used afterwards.
#pragma once

#include <openssl/types.h>

#include <boost/asio/buffer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fluxgate/net/task.hpp"
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

  // co_await read_some(...): at least one byte, or an error (asio::error::eof at the end of the stream). `nothing_yet`
  // says that none can be there now: the caller has just sent what they answer, without having waited.
  class ReadSome;
  ReadSome read_some(char* data, std::size_t size, bool nothing_yet = false);
  // co_await write_all(...): every byte of at most kMaxBuffers buffers, which must stay alive, or an error with the
  // number of bytes that were written before it.
  static constexpr std::size_t kMaxBuffers = 16;
  class WriteAll;
  WriteAll write_all(std::span<const asio::const_buffer> buffers);
  // What write_all does first, alone: writes what the kernel takes now. error is would_block if it took only a part.
  IoResult write_now(std::span<const asio::const_buffer> buffers, std::size_t skip = 0);

  // For a pooled connection: true if the peer has neither closed it nor sent anything we did not ask for.
  bool quiet();
  // The part of it that needs no system call: bytes, or the end, that TLS has received and nobody has read.
  bool holds_data() const { return ssl_ != nullptr && tls_holds_data(); }

  void cancel();
  // Stops sending (FIN, or a TLS close_notify and FIN) but goes on reading: for a lingering close.
  void shutdown_send();
  // Closes so that the peer sees a reset: for an answer that must not look complete.
  void close_with_reset();
  void close();

  int native_handle() { return socket_.native_handle(); }
  Socket& socket() { return socket_; }

 private:
  void start_tls(const TlsContext& context);
  Task<error_code> handshake();
  bool tls_holds_data() const;
  void feed_tls(const char* data, std::size_t size);
  error_code receive_for_tls();
  IoResult read_now_tls(char* data, std::size_t size);
  IoResult write_now_tls(std::span<const asio::const_buffer> buffers, std::size_t skip);
  error_code tls_failure(int result);

  Socket socket_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool tls_wants_write_ = false;  // the last TLS operation that could not go on waits for writability
  std::string tls_error_;
};

// Plain: one Asio operation. TLS: what OpenSSL still holds, else as many operations as one record takes.
class Stream::ReadSome {
 public:
  ReadSome(Stream& stream, char* data, std::size_t size, bool nothing_yet)
      : operation_(&ReadSome::on_finished, this), stream_(stream), data_(data), size_(size), nothing_yet_(nothing_yet) {}
  ReadSome(const ReadSome&) = delete;
  ReadSome& operator=(const ReadSome&) = delete;
  bool await_ready() {
    if (!stream_.ssl_ || !stream_.tls_holds_data()) return false;
    result_ = stream_.read_now_tls(data_, size_);
    return result_.error != asio::error::would_block;
  }
  template <class Caller>
  void await_suspend(std::coroutine_handle<Caller> caller) {
    waiting_.emplace(caller);
    operation_.start(stream_.socket_, data_, size_, nothing_yet_);
  }
  IoResult await_resume() const noexcept { return result_; }

 private:
  static void on_finished(void* self, bool completed);

  ReadOperation operation_;
  std::optional<Continuation> waiting_;
  Stream& stream_;
  char* data_;
  std::size_t size_;
  bool nothing_yet_;
  IoResult result_{};
};

// Tried at once: the kernel's send buffer nearly always has room. Else whenever the socket is writable.
class Stream::WriteAll {
 public:
  WriteAll(Stream& stream, std::span<const asio::const_buffer> buffers) : stream_(stream), buffers_(buffers) {}
  bool await_ready() {
    result_ = stream_.write_now(buffers_);
    return result_.error != asio::error::would_block;
  }
  template <class Caller>
  void await_suspend(std::coroutine_handle<Caller> caller) {
    waited_ = true;
    start_wait(Continuation(caller));
  }
  IoResult await_resume() const noexcept { return result_; }
  bool waited() const { return waited_; }  // the kernel could not take everything at once

 private:
  void start_wait(Continuation waiting);

  Stream& stream_;
  bool waited_ = false;
  std::span<const asio::const_buffer> buffers_;
  IoResult result_{};
};

inline Stream::ReadSome Stream::read_some(char* data, std::size_t size, bool nothing_yet) {
  return {*this, data, size, nothing_yet};
}
inline Stream::WriteAll Stream::write_all(std::span<const asio::const_buffer> buffers) { return {*this, buffers}; }

// True when `error` says that the peer closed or reset the connection.
bool is_disconnect(const error_code& error);

}  // namespace fluxgate::net
