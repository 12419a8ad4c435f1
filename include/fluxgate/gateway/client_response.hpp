// The answer to one client request, written to its connection.
//
// The head is built in memory and goes out with the first bytes of the body in one write: a head alone would be a packet
// of its own, and until then the pipeline may still change its mind and try another upstream. Every write waits for the
// client (that is the back-pressure of a stream), at most the write timeout.
// Owned by a session, reset for each request; one worker thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "fluxgate/base/clock.hpp"
#include "fluxgate/base/error.hpp"
#include "fluxgate/net/interrupt.hpp"
#include "fluxgate/net/stream.hpp"

namespace fluxgate::gateway {

class ClientResponse {
 public:
  ClientResponse(net::Stream& stream, net::Interrupt& interrupt) : stream_(stream), interrupt_(interrupt) {}

  struct Terms {
    bool http11 = true;          // chunked coding is understood
    bool keep_alive = true;      // the client would like to go on
    bool head_only = false;      // the answer to HEAD
    Duration write_timeout{};
  };
  void reset(const Terms& terms);

  // Starts a head. `fields` are ready lines with their CRLF; Date and Connection are added here.
  void begin(int status, std::string_view date, std::string_view fields);
  // Only what HeadWriter::checked_field may take: our own names and numbers, and fields of a parsed head.
  void field(std::string_view name, std::string_view value);

  // co_await send_...(): true, or false if the client is gone. What is sent must stay alive until then.
  class Sending;
  // Head and body, with Content-Length.
  Sending send_whole(std::string_view body);
  // The next piece of a body whose length nobody knows yet, the head with the first one. `last` ends the body.
  Sending send_part(std::string_view bytes, bool last);
  // The same for a body whose length is known: announced by Content-Length with the first piece.
  Sending send_sized_part(std::string_view bytes, std::uint64_t total);

  int native_handle() { return stream_.native_handle(); }
  bool begun() const { return sent_ > 0; }           // bytes of this answer have left
  int status() const { return status_; }
  std::uint64_t bytes_sent() const { return sent_; }
  // After the answer: whether the connection may serve another request.
  bool keep_alive() const { return terms_.keep_alive && !failed_; }
  // The connection must end after this answer (set before begin), or ends now because the answer is not whole.
  void close_after() { terms_.keep_alive = false; }
  TimePoint first_byte_at() const { return first_byte_at_; }

 private:
  void end_head(std::string_view framing);
  enum class Framing { kNone, kChunk, kLastChunk };
  Sending send(std::string_view bytes, Framing framing);
  bool sent(const net::IoResult& result);

  net::Stream& stream_;
  net::Interrupt& interrupt_;
  Terms terms_;
  std::string head_;          // not yet sent; empty afterwards
  std::array<char, 20> chunk_size_;
  std::array<net::asio::const_buffer, 4> buffers_;  // what is being sent
  int status_ = 0;
  std::uint64_t sent_ = 0;
  bool failed_ = false;
  TimePoint first_byte_at_{};
};

// Writes what send() has put together, and keeps the books. Suspends only if the client is slow.
class ClientResponse::Sending {
 public:
  explicit Sending(ClientResponse& response) : response_(response), write_(response.stream_, response.buffers_) {}
  bool await_ready() { return write_.await_ready(); }
  template <class Caller>
  void await_suspend(std::coroutine_handle<Caller> caller) {
    write_.await_suspend(caller);
  }
  bool await_resume() { return response_.sent(write_.await_resume()); }

 private:
  ClientResponse& response_;
  net::Stream::WriteAll write_;
};

}  // namespace fluxgate::gateway
