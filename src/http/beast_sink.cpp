#include "http/beast_sink.hpp"

namespace fluxgate::http {

const char* grammar_rule(const boost::beast::error_code& code) {
  using E = boost::beast::http::error;
  if (code == E::bad_method) return "the method is malformed";
  if (code == E::bad_target) return "the request target is malformed";
  if (code == E::bad_version) return "the HTTP version is malformed";
  if (code == E::bad_status) return "the status code is malformed";
  if (code == E::bad_reason) return "the reason phrase has a control character";
  if (code == E::bad_field) return "a field name is malformed";
  if (code == E::bad_value) return "a field value is malformed";
  if (code == E::bad_content_length) return "Content-Length is malformed or stands beside Transfer-Encoding";
  if (code == E::multiple_content_length) return "more than one Content-Length value";
  if (code == E::bad_transfer_encoding) return "Transfer-Encoding is repeated or stands beside Content-Length";
  return "lines must end in CRLF";
}

}  // namespace fluxgate::http
