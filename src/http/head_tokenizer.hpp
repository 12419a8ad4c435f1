// Reads the lines of a head, one pass over each.
#pragma once

#include <cstddef>
#include <string_view>

#include "fluxgate/base/error.hpp"
#include "fluxgate/http/fields.hpp"

namespace fluxgate::http {

// Why a head is refused. The kind is for requests; a fault of an upstream has one kind only.
struct Fault {
  ErrorKind kind = ErrorKind::kBadRequest;
  const char* rule = nullptr;  // nullptr: none

  explicit operator bool() const { return rule != nullptr; }
};

struct RequestLine {
  std::string_view method;  // a token
  std::string_view target;  // neither blanks nor controls; read_target() knows the rest of its grammar
  int version_minor = 1;    // 0 or 1
};

struct StatusLine {
  int status = 0;           // 000..999
  int version_minor = 1;
};

// A strict grammar and no repairs: start line first, then every field until at_end(). Bytes that end too early are a
// fault like any other. After a fault the values returned mean nothing. The views point into the bytes. Lives on the
// stack for one parse.
class HeadTokenizer {
 public:
  explicit HeadTokenizer(std::string_view bytes)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  RequestLine request_line();
  StatusLine status_line();
  bool at_end() const { return end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n'; }  // the empty line is next
  Field field();
  const Fault& fault() const { return fault_; }
  std::size_t consumed() const { return static_cast<std::size_t>(at_ - begin_); }  // without the empty line

 private:
  void end_line(const char* rule);  // at_ must be at a CRLF; `rule` is broken if another character is there

  const char* begin_;
  const char* at_;
  const char* end_;
  Fault fault_;
};

}  // namespace fluxgate::http
