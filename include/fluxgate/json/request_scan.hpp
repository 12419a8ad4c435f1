// What the gateway needs to know of a JSON request body, without building a tree of it.
//
// One pass of simdjson's on-demand parser over the top level finds where `model` stands and a few values beside it; the
// rest of the body is not looked at and is later sent on byte for byte. Keys that the gateway acts on may not occur
// twice: parsers differ in which of two equal keys they believe, so a client could be allowed one model and served
// another. Everything here is a pure function of the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fluxgate/base/error.hpp"

namespace fluxgate::json {

// A half-open range of byte offsets in the scanned text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool empty() const { return begin == end; }
};

struct RequestScan {
  std::string model;                       // decoded
  Span model_value;                        // with its quotes
  bool stream = false;
  std::optional<bool> include_usage;       // of stream_options, if given
  Span include_usage_value;                // where that true or false stands
  Span stream_options;                     // the object with its braces, or `null`; empty if absent
  std::size_t object_open = 0;             // offset just behind the opening brace of the body
  std::uint64_t choices = 1;               // `n`
  std::optional<std::uint64_t> max_tokens; // max_completion_tokens, max_output_tokens or max_tokens
};

// Routing fields of other gateways that choose where a request goes. A client must never do that here, and ignoring
// them silently would hide that a request means something else than its sender thinks (CVE-2024-6587).
bool chooses_destination(std::string_view key);
Error destination_error(std::string_view key);

// simdjson reads up to this many bytes behind the text; a scanned buffer must own them.
inline constexpr std::size_t kPadding = 64;

// Parser memory that grows to the largest body seen and is reused. One per worker thread.
class Scanner {
 public:
  Scanner();
  ~Scanner();
  Scanner(Scanner&&) noexcept;
  Scanner& operator=(Scanner&&) noexcept;

  // `text` must be followed by kPadding readable bytes. Errors are kBadRequest (the client's).
  Result<RequestScan> scan_request(std::string_view text);

  // What a complete JSON answer, or one event of a stream, tells about the call. Malformed text gives nullopt.
  struct ResponseScan {
    std::optional<std::uint64_t> input_tokens;
    std::optional<std::uint64_t> cached_input_tokens;
    std::optional<std::uint64_t> output_tokens;
    std::optional<std::uint64_t> reasoning_tokens;
    std::string finish_reason;            // of the first choice; empty if none
    bool has_error = false;               // a top-level `error` that is not null
    bool choices_empty = false;           // `choices` is there and is []
  };
  std::optional<ResponseScan> scan_response(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fluxgate::json
