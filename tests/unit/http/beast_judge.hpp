// An independent judge of the head parsers: Boost.Beast's parser, which the product does not use for heads.
//
// Whatever head our parsers accept, Beast must accept, with the same start line, the same fields and the same framing;
// both disagree_on() say in words where it does not, and nothing where all is well. The reverse does not hold: Beast is
// laxer (see request_head.hpp). Where the two differ by intent:
//   - empty lines before a request line are skipped by us and refused by Beast, so it is given the bytes behind them;
//   - Beast reads Proxy-Connection as if it were Connection, and does not let `close` win in HTTP/1.0: only that it
//     keeps a connection which we keep is asked, and not where there is a Proxy-Connection;
//   - an answer that has no body at all has no framing to compare;
//   - in an answer Beast takes `chunked` for the last coding even if bytes that belong to no token stand behind it; we
//     read whatever is not exactly `chunked` until close, and never use the connection again.
// Used by unit tests and fuzz targets, which have no test framework.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fluxgate/base/text.hpp"
#include "fluxgate/http/request_head.hpp"
#include "fluxgate/http/response_head.hpp"

namespace fluxgate::http::judge {

template <bool IsRequest>
class BeastHead final : public boost::beast::http::basic_parser<IsRequest> {
 public:
  // `head` is complete, with its empty line. Returns whether it is a head and nothing else.
  bool read(std::string_view head) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // limits are ours alone
    this->body_limit(boost::none);
    Code code;
    const auto used = this->put(boost::asio::const_buffer(head.data(), head.size()), code);
    return !code && used == head.size() && this->is_header_done();
  }

  std::string method;
  std::string target;
  int status = 0;
  int version = 0;  // 10 or 11
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  using Code = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, View name, View path, int number, Code&) override {
    method = std::string(name);
    target = std::string(path);
    version = number;
  }
  void on_response_impl(int code, View, int number, Code&) override {
    status = code;
    version = number;
  }
  void on_field_impl(boost::beast::http::field, View name, View value, Code&) override {
    fields.emplace_back(std::string(name), std::string(value));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(View body, Code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code&) override { return body.size(); }
  void on_finish_impl(Code&) override {}
};

template <bool IsRequest, class Head>
std::string disagree_on_common(const BeastHead<IsRequest>& beast, const Head& ours) {
  if (beast.version != 10 + ours.version_minor) return "the version";
  if (beast.fields.size() != ours.fields.size()) return "the number of fields";
  bool proxy_connection = false;
  for (std::size_t i = 0; i < ours.fields.size(); ++i) {
    if (beast.fields[i].first != ours.fields[i].name) return "the name of field " + std::to_string(i);
    if (beast.fields[i].second != ours.fields[i].value) return "the value of field " + std::to_string(i);
    proxy_connection = proxy_connection || iequals(ours.fields[i].name, "proxy-connection");
  }
  if (ours.keep_alive && !beast.keep_alive() && !proxy_connection) return "keep-alive";
  return "";
}

// `bytes` begin where the head was parsed and have no more than it.
inline std::string disagree_on(const RequestHead& ours, std::string_view bytes) {
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  BeastHead<true> beast;
  if (!beast.read(bytes)) return "whether this is a head";
  if (beast.method != to_string(ours.method)) return "the method";
  if (beast.target != ours.target) return "the target";
  if (beast.chunked() != (ours.framing == BodyFraming::kChunked)) return "chunked framing";
  const bool has_length = beast.content_length().has_value();
  if (has_length != (ours.framing == BodyFraming::kLength)) return "whether there is a length";
  if (has_length && *beast.content_length() != ours.content_length) return "the length";
  return disagree_on_common(beast, ours);
}

inline std::string disagree_on(const ResponseHead& ours, std::string_view bytes, bool answers_head_request) {
  BeastHead<false> beast;
  beast.skip(answers_head_request);
  if (!beast.read(bytes)) return "whether this is a head";
  if (beast.status != ours.status) return "the status";
  const auto coding = ours.find("transfer-encoding");
  if (coding && !iequals(*coding, "chunked")) {
    if (ours.framing != BodyFraming::kNone && ours.framing != BodyFraming::kUntilClose) return "an unknown coding";
    if (ours.keep_alive) return "keep-alive after an unknown coding";
  } else if (ours.framing != BodyFraming::kNone) {
    if (beast.chunked() != (ours.framing == BodyFraming::kChunked)) return "chunked framing";
    if (beast.need_eof() != (ours.framing == BodyFraming::kUntilClose)) return "reading until close";
    const bool has_length = beast.content_length().has_value();
    if (has_length != (ours.framing == BodyFraming::kLength)) return "whether there is a length";
    if (has_length && *beast.content_length() != ours.content_length) return "the length";
  }
  return disagree_on_common(beast, ours);
}

}  // namespace fluxgate::http::judge
