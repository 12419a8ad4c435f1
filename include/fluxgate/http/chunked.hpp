// Chunked bodies (RFC 9112 section 7.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fluxgate/base/error.hpp"

namespace fluxgate::http {

// Takes the chunk framing out of received bytes, in place, with a strict grammar: bare hex sizes that fit 63 bits,
// CRLF line ends, chunk extensions ignored but bounded, trailers discarded but bounded and never merged into the head.
// Blanks between a size and its line end are refused. The inner grammar of an extension is not checked beyond its
// characters: it is discarded, and what must be certain is only where its line ends.
//
// Payload is moved by one memmove a chunk. Owned by the exchange or session that reads the body; not thread-safe.
class ChunkedDecoder {
 public:
  enum class Role : std::uint8_t {
    kRequest,   // errors are the client's: kBadRequest
    kResponse,  // errors are the upstream's: kUpstreamProtocol
  };

  struct Step {
    std::size_t payload = 0;   // body bytes, now at the front of the span
    std::size_t consumed = 0;  // bytes of the span that belong to this body; all of them unless done or failed
    bool done = false;         // the body ended; bytes from `consumed` on are untouched and belong to what follows
    bool failed = false;       // see error(); the payload before the fault is still valid
  };

  explicit ChunkedDecoder(Role role) : role_(role) {}

  // `bytes` are the next bytes of the body. Payload and verdict do not depend on how the body is sliced.
  Step decode(std::span<char> bytes);

  bool done() const { return state_ == State::kDone; }
  Error error() const;  // after failed

 private:
  enum class State : std::uint8_t {
    kSizeStart,       // before the first digit of a chunk size
    kSize,            // inside the size
    kExtensionStart,  // after ';': the first character of a name
    kExtension,       // up to CR
    kSizeLf,          // LF of the size line
    kData,            // remaining_ payload bytes
    kDataCr,          // CR behind the payload
    kDataLf,          // LF behind the payload
    kTrailerStart,    // first byte of a trailer line or of the final CRLF
    kTrailerName,     // up to ':'
    kTrailerValue,    // up to CR
    kTrailerLf,       // LF of a trailer line
    kFinalLf,         // LF of the final empty line
    kDone,            // the body was complete
    kFailed,          // rule_ was broken
  };

  State on_size(char c);
  State on_extension(char c);
  State on_size_end();
  State on_trailer(char c);
  State on_trailer_name(char c);
  State expect(char c, char wanted, State next, const char* rule);
  State fail(const char* rule);

  std::uint64_t remaining_ = 0;        // of the current chunk; while its size is read, the size so far
  std::size_t extension_line_ = 0;     // bytes of extension in this chunk
  std::size_t extension_total_ = 0;    // and in the message
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_lines_ = 0;
  const char* rule_ = "";
  std::array<char, 20> trailer_name_{};  // long enough to recognise every framing field
  std::uint8_t trailer_name_size_ = 0;
  std::uint8_t size_digits_ = 0;
  State state_ = State::kSizeStart;
  Role role_;
};

// "HEX\r\n", written into `out`: the head of a chunk of n bytes, n > 0 (a chunk of 0 bytes would end the body).
std::string_view chunk_head(std::size_t n, std::span<char, 20> out);
inline constexpr std::string_view kChunkEnd = "\r\n";        // behind each chunk's payload
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";  // the end of the body, without trailers

}  // namespace fluxgate::http
