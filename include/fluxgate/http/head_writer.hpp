// Fresh heads for both directions, and the checks that keep one value from becoming two lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fluxgate::http {

// tchar characters only, at least one (RFC 9110 section 5.6.2).
bool valid_field_name(std::string_view name);
// Visible characters, SP, HTAB and bytes >= 0x80; no CR, LF, NUL or other control (RFC 9110 section 5.5).
bool valid_field_value(std::string_view value);

// The registered phrase, or "Unknown".
std::string_view reason_phrase(int status);

// Appends a head to a string that the caller owns and that outlives the writer. What would break the head's grammar is
// left out, and the call returns false.
class HeadWriter {
 public:
  explicit HeadWriter(std::string& out) : out_(out) {}

  bool request_line(std::string_view method, std::string_view target);  // HTTP/1.1
  bool status_line(int status);                                         // HTTP/1.1, with the registered phrase
  bool field(std::string_view name, std::string_view value);
  bool field(std::string_view name, std::uint64_t value);
  // As field(), for what is known to be valid and so not checked again: names and values that are literals, that the
  // caller has made of harmless characters itself (ids, dates, numbers), that valid_field_name/value() approved when
  // the configuration was read, or that stand in a RequestHead or ResponseHead, whose parser has checked them. Never
  // for anything else that came from outside; debug builds assert it.
  void checked_field(std::string_view name, std::string_view value);
  void checked_field(std::string_view name, std::uint64_t value);
  void end() { out_ += "\r\n"; }

 private:
  void append(std::string_view name, std::string_view value);
  void append_number(std::string_view name, std::uint64_t value);

  std::string& out_;
};

}  // namespace fluxgate::http
