// What request heads and response heads share: their fields and how the length of a body is told.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fluxgate::http {

// One header line. Both views point into the buffer the head was parsed from; value has no blanks at its ends.
struct Field {
  std::string_view name;
  std::string_view value;
};

// A typical head has 6 to 20 fields: the inline room keeps parsing free of allocations.
using Fields = boost::container::small_vector<Field, 32>;

enum class BodyFraming : std::uint8_t {
  kNone,        // no body follows the head
  kLength,      // exactly content_length bytes follow; may be 0
  kChunked,     // Transfer-Encoding: chunked; read it with ChunkedDecoder
  kUntilClose,  // responses only: everything up to the end of the connection, which can then not be reused
};

// The value of the first field of that name (case-insensitive).
std::optional<std::string_view> find_field(const Fields& fields, std::string_view name);

}  // namespace fluxgate::http
