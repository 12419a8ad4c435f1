// One client connection: reads requests one after the other, has each answered, and decides when to close.
//
// A connection stays on the worker that accepted it. Requests that arrive while one is being answered wait in the
// kernel's and this session's buffer (pipelining), so answers always come in order. The session owns every byte of a
// request until it is answered: heads and bodies are views into its buffers.
#pragma once

#include <memory>
#include <string>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/gateway/client_response.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/http/chunked.hpp"
#include "fluxgate/http/request_head.hpp"
#include "fluxgate/net/interrupt.hpp"
#include "fluxgate/net/stream.hpp"
#include "routes.hpp"

namespace fluxgate::server {

class Session {
 public:
  Session(net::Socket socket, gateway::WorkerState& state, std::shared_ptr<const net::TlsContext> tls);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Serves the connection to its end.
  net::Task<void> run();

  // Drain: an idle connection closes now, a busy one after its answer.
  void begin_drain();
  // The drain's deadline: whatever is in flight ends now, streams with an error event.
  void shut_down();

 private:
  enum class Outcome : std::uint8_t {
    kKeep,   // the connection may serve another request
    kClose,  // it ends; after an answer, with a lingering close
    kDrop,   // it ends at once: the client is gone
  };

  net::Task<Outcome> serve_one();
  net::Task<Result<void>> read_head();
  bool take_buffered_body();
  net::Task<Result<void>> read_body(std::size_t limit);
  net::Task<Result<void>> read_sized_body(std::size_t size);
  net::Task<Result<void>> read_chunked_body(std::size_t limit);
  net::Task<Result<void>> fill(Buffer& buffer, std::size_t& used, TimePoint deadline);
  // `allow` goes into the Allow field of a 405.
  net::Task<Outcome> refuse(const Error& error, std::string_view allow = {});
  net::Task<Outcome> answer(const RouteRow& row);
  net::Task<void> linger();
  net::Task<bool> send_continue();
  std::size_t body_limit() const;
  void drop_request();

  gateway::WorkerState& state_;
  std::shared_ptr<const gateway::Snapshot> snapshot_;  // as of the current request
  std::shared_ptr<const net::TlsContext> tls_;
  net::Stream stream_;
  net::Interrupt interrupt_;
  gateway::ClientResponse response_;
  http::RequestHeadParser parser_;
  std::string peer_;

  Buffer input_;
  std::size_t used_ = 0;       // bytes in input_: the current request, then whatever follows it
  std::size_t body_begin_ = 0; // in input_, if the body lies there
  std::size_t taken_ = 0;      // bytes of input_ that belong to the current request
  std::optional<Buffer> large_body_;  // a body that does not fit into input_
  std::size_t body_size_ = 0;
  std::uint64_t bytes_in_ = 0;
  bool idle_ = true;           // between two requests
  bool draining_ = false;
};

}  // namespace fluxgate::server
