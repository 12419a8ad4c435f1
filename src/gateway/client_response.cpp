#include "fluxgate/gateway/client_response.hpp"

#include "fluxgate/http/chunked.hpp"
#include "fluxgate/http/head_writer.hpp"

namespace fluxgate::gateway {

void ClientResponse::reset(const Terms& terms) {
  terms_ = terms;
  head_.clear();
  status_ = 0;
  sent_ = 0;
  failed_ = false;
  first_byte_at_ = {};
}

void ClientResponse::begin(int status, std::string_view date, std::string_view fields) {
  head_.clear();
  status_ = status;
  http::HeadWriter head(head_);
  head.status_line(status);
  head.checked_field("date", date);
  head_ += fields;
}

void ClientResponse::field(std::string_view name, std::string_view value) {
  http::HeadWriter(head_).checked_field(name, value);
}

void ClientResponse::end_head(std::string_view framing) {
  head_ += framing;
  if (!terms_.keep_alive) {
    head_ += "connection: close\r\n";
  } else if (!terms_.http11) {
    head_ += "connection: keep-alive\r\n";  // 1.0 closes unless told otherwise
  }
  head_ += "\r\n";
}

ClientResponse::Sending ClientResponse::send_whole(std::string_view body) {
  end_head("content-length: " + std::to_string(body.size()) + "\r\n");
  return send(body, Framing::kNone);
}

ClientResponse::Sending ClientResponse::send_part(std::string_view bytes, bool last) {
  if (!head_.empty()) {
    if (!terms_.http11) terms_.keep_alive = false;  // 1.0 has no chunks: the end of the connection ends the body
    end_head(terms_.http11 ? "transfer-encoding: chunked\r\n" : "");
  }
  if (!terms_.http11) return send(bytes, Framing::kNone);
  return send(bytes, last ? Framing::kLastChunk : Framing::kChunk);
}

ClientResponse::Sending ClientResponse::send_sized_part(std::string_view bytes, std::uint64_t total) {
  if (!head_.empty()) end_head("content-length: " + std::to_string(total) + "\r\n");
  return send(bytes, Framing::kNone);
}

ClientResponse::Sending ClientResponse::send(std::string_view bytes, Framing framing) {
  std::string_view before;
  std::string_view after;
  if (terms_.head_only) {
    bytes = {};
  } else if (framing != Framing::kNone) {
    if (!bytes.empty()) {
      before = http::chunk_head(bytes.size(), chunk_size_);
      after = http::kChunkEnd;
    }
    if (framing == Framing::kLastChunk) {
      static constexpr std::string_view kEndAndLast = "\r\n0\r\n\r\n";
      after = bytes.empty() ? http::kLastChunk : kEndAndLast;
    }
  }
  buffers_ = {net::asio::buffer(head_), net::asio::buffer(before), net::asio::buffer(bytes), net::asio::buffer(after)};
  const TimePoint now = SteadyClock::now();
  if (sent_ == 0) first_byte_at_ = now;
  interrupt_.arm(now + terms_.write_timeout);  // the session has registered the stream
  return Sending(*this);
}

bool ClientResponse::sent(const net::IoResult& result) {
  interrupt_.clear_timer();
  sent_ += result.size;
  head_.clear();
  if (result.error) failed_ = true;
  return !failed_;
}

}  // namespace fluxgate::gateway
