// The values between the socket and the handlers. A handler is a pure function from a Request to an Answer; when the
// bytes go out, and whether they go out whole, is the connection's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace fluxgate::sim {

using Json = nlohmann::ordered_json;

struct Request {
  std::string method;
  std::string target;        // as sent, query included
  std::string content_type;
  std::string body;
};

// One piece of a stream, sent as one chunk.
struct Frame {
  std::string bytes;
  std::chrono::milliseconds wait{0};  // before it is sent
};

// What happens to the answer on the wire.
enum class Delivery : std::uint8_t {
  kWhole,   // sent to its end
  kCut,     // the connection closes in the middle of it
  kNever,   // nothing is sent
};

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
  std::string body;                                          // of a plain answer
  std::vector<Frame> frames;                                 // of a stream; empty: the answer is plain
  std::chrono::milliseconds delay{0};                        // before the head
  Delivery delivery = Delivery::kWhole;
};

// Bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump(const Json& value);

Answer json_answer(const Json& body, unsigned status = 200);

// The OpenAI error body, all four keys; an empty param or code becomes null.
Answer error_answer(unsigned status, std::string_view type, std::string_view code, std::string_view message,
                    std::string_view param = {});
Answer bad_request(std::string_view message, std::string_view param, std::string_view code = {});

// An unnamed and a named server-sent event.
std::string sse_data(const Json& value);
std::string sse_event(std::string_view name, const Json& value);

}  // namespace fluxgate::sim
