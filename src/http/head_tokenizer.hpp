// Reads the lines of a complete head; the second half of both head parsers.
#pragma once

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

// One pass over each line, with a strict grammar and no repairs: start line first, then every field until at_end().
// After a fault the values returned mean nothing. The views point into the head. Lives on the stack for one parse.
class HeadTokenizer {
 public:
  // `head` is what HeadScanner has delimited: its lines end in CRLF and have no other LF, none begins with a blank, and
  // only the last one is empty. The scans below rely on it: they need no other end.
  explicit HeadTokenizer(std::string_view head) : at_(head.data()), end_(head.data() + head.size() - 2) {}

  RequestLine request_line();
  StatusLine status_line();
  bool at_end() const { return at_ == end_; }
  Field field();
  const Fault& fault() const { return fault_; }

 private:
  void end_line(const char* rule);  // at_ must be at a CRLF; `rule` is broken if there is another character
  std::string_view rest_of_line() const;

  const char* at_;
  const char* end_;  // the CRLF of the empty line
  Fault fault_;
};

// *( "," OWS ) token ... as RFC 9110 section 5.6.1.2 lets a recipient read a list: tokens, and elements that are empty.
bool valid_token_list(std::string_view value);

}  // namespace fluxgate::http
