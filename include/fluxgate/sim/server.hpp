// The simulated provider: an OpenAI-compatible HTTP/1.1 server inside this process, for trying fluxgate without a
// network or a key and for provoking upstream faults on purpose. It never asks a model: every answer says that it is
// simulated.
//
// It listens on 127.0.0.1, on a port that the system picks, with one thread and one io_context of its own, so the
// gateway reaches it over TCP exactly like any other provider. Paths, with or without /v1 in front:
//
//   POST chat/completions, completions, responses          plain and stream
//   POST embeddings, moderations, rerank
//   POST images/{generations,edits,variations}             a PNG of 1x1
//   POST audio/speech                                      a short silent WAV
//   POST audio/transcriptions, audio/translations          a fixed text naming the byte count
//   GET  models, models/{id}
//
// Timing: a stream sends its first token after Sim::first_token_delay and each further one after Sim::token_interval; a
// plain answer comes when its last token would have. Other endpoints answer after first_token_delay.
//
// Faults: by the shares of config::Sim, drawn from a seeded generator (the same seed and the same order of requests
// give the same faults), or on demand by a model name that ends in one of these:
//
//   sim-error-429   429 with Retry-After: 1                 sim-stall    accepts the request and never answers
//   sim-error-500   500                                     sim-cut      closes in the middle of the answer
//   sim-error-503   503                                     sim-garbage  200 with a body that is neither JSON nor SSE
#pragma once

#include <cstdint>
#include <memory>

#include "fluxgate/config/model.hpp"

namespace fluxgate::sim {

// Lifetime: serves from construction until stop() or destruction, which close every connection and join the thread.
// Thread-safe: every member may be called from any thread but the server's own.
class SimServer {
 public:
  // What it has seen since it started.
  struct Stats {
    std::uint64_t connections = 0;  // accepted
    std::uint64_t requests = 0;     // read to their end
    std::uint64_t abandoned = 0;    // answers whose client left before their end
  };

  // Throws boost::system::system_error if no port can be bound.
  explicit SimServer(const config::Sim& options);
  ~SimServer();
  SimServer(const SimServer&) = delete;
  SimServer& operator=(const SimServer&) = delete;

  std::uint16_t port() const;
  Stats stats() const;
  void stop();  // idempotent

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fluxgate::sim
