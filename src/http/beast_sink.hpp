// What both head parsers need from Beast's basic_parser: the head callbacks and nothing of its body reading.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>


namespace fluxgate::http {

// The rule behind an error of Beast's, in words for the peer that broke it.
const char* grammar_rule(const boost::beast::error_code& error);

// Lives on the stack for one parse of one complete head.
template <bool IsRequest>
class HeadSink : public boost::beast::http::basic_parser<IsRequest> {
 public:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  // `head` is complete, with its empty line. nullopt: read to its end.
  std::optional<ErrorCode> run(std::string_view head) {
    // HeadScanner has applied the configured limits; Beast's are lifted.
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
    ErrorCode ec;
    const auto used = this->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    if (ec) return ec;
    // Two readers that disagree on where a head ends are exactly what must not happen.
    if (used != head.size() || !this->is_header_done()) {
      return make_error_code(boost::beast::http::error::bad_line_ending);
    }
    return std::nullopt;
  }

 protected:
  // Stops Beast when the guard has found a fault.
  static ErrorCode refused() { return make_error_code(boost::beast::http::error::bad_value); }

 private:
  void on_request_impl(boost::beast::http::verb, View, View, int, ErrorCode&) override {}
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, ErrorCode&) override { return body.size(); }
  void on_finish_impl(ErrorCode&) override {}
};

}  // namespace fluxgate::http
