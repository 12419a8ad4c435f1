// One request to an upstream and its answer, over a leased connection.
//
//   send()       the whole request
//   read_head()  the final response head (1xx answers are dropped)
//   read_body()  body bytes as they arrive, framing taken off, until done
//   finish()     gives the connection back if the answer was complete and the connection is clean; else it is closed
//
// The caller owns the buffer and says where body bytes go, so a relay reads straight into what it sends from. Timers and
// cancellation come through the interrupt the caller has armed: after every wait the error tells only that the operation
// ended; the interrupt tells why. One coroutine, one worker thread.
#pragma once

#include <span>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/http/chunked.hpp"
#include "fluxgate/http/response_head.hpp"
#include "fluxgate/upstream/pool.hpp"

namespace fluxgate::upstream {

class Exchange {
 public:
  explicit Exchange(Lease lease) : lease_(std::move(lease)) {}

  // The error of a connection that failed with `error`, e.g. "while the request was sent".
  Error broken(const net::error_code& error, const char* when) const;

  bool reused() const { return lease_.reused(); }
  // No byte of an answer has arrived: if the connection had been reused, trying again on a new one is safe.
  bool untouched() const { return received_ == 0; }
  net::Stream& stream() { return lease_.stream(); }

  // co_await send(...): an IoResult; on an error the answer may still be there, so look for it before giving up.
  net::Stream::WriteAll send(std::span<const net::asio::const_buffer> request) { return stream().write_all(request); }
  // The head's views point into `buffer`, whose first head_size() bytes it takes; body bytes may already lie behind it.
  // `just_sent`: send() ended without having waited, so nothing of the answer can be there yet.
  net::Task<Result<void>> read_head(Buffer& buffer, bool just_sent);
  const http::ResponseHead& head() const { return parser_.head(); }
  std::size_t head_size() const { return parser_.consumed(); }

  struct Piece {
    std::size_t size = 0;  // body bytes placed at `into`
    bool done = false;     // the body is complete
  };
  // Body bytes that came with the head: decodes the bytes of `buffer` behind the head in place, moved to `into`.
  Result<Piece> take_early_body(Buffer& buffer, std::size_t into);
  // At least one body byte, or done. `room` bytes at `into` may be overwritten.
  net::Task<Result<Piece>> read_body(char* into, std::size_t room);

  // True when the body's length is not marked by the upstream: its end is the end of the connection.
  bool ends_with_connection() const { return head().framing == http::BodyFraming::kUntilClose; }
  void finish();

 private:
  Result<Piece> decode(char* bytes, std::size_t size);

  Lease lease_;
  http::ResponseHeadParser parser_;
  http::ChunkedDecoder decoder_{http::ChunkedDecoder::Role::kResponse};
  std::uint64_t left_ = 0;       // of a body with a length
  std::size_t received_ = 0;     // bytes read from the connection
  std::size_t buffered_ = 0;     // of those, in the head's buffer
  bool done_ = false;            // the body is complete
  bool failed_ = false;          // the framing is broken behind what was handed on last
  bool clean_ = true;            // nothing came behind the body
};

}  // namespace fluxgate::upstream
