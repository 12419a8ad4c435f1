#include "fluxgate/upstream/exchange.hpp"

#include <algorithm>
#include <cstring>

namespace fluxgate::upstream {
namespace {

// An upstream may say "wait" (1xx) before its answer; more often than this it is not answering (http-and-faults, row 34).
constexpr int kMaxInformational = 8;

}  // namespace

net::Task<Result<void>> Exchange::read_head(Buffer& buffer, bool just_sent) {
  int informational = 0;
  parser_.reset(false);
  for (;;) {
    const auto status = parser_.parse(buffer.view(0, buffered_));
    if (status == http::ResponseHeadParser::Status::kDone) break;
    if (status == http::ResponseHeadParser::Status::kError) co_return parser_.error();
    if (status == http::ResponseHeadParser::Status::kInformational) {
      if (++informational > kMaxInformational) {
        co_return upstream_error(ErrorKind::kUpstreamProtocol, Retry::kYes, "the upstream sent no final answer");
      }
      const std::size_t rest = buffered_ - parser_.consumed();
      std::memmove(buffer.data(), buffer.data() + parser_.consumed(), rest);
      buffered_ = rest;
      parser_.next_head();
      continue;
    }
    if (buffered_ == buffer.capacity()) buffer.grow(buffer.capacity() * 2, buffered_);  // the parser's limit ends this
    const net::IoResult result =
        co_await stream().read_some(buffer.data() + buffered_, buffer.capacity() - buffered_, just_sent);
    just_sent = false;
    if (result.error) co_return broken(result.error, "before it answered");
    received_ += result.size;
    buffered_ += result.size;
  }
  if (head().framing == http::BodyFraming::kLength) left_ = head().content_length;
  done_ = head().framing == http::BodyFraming::kNone || (head().framing == http::BodyFraming::kLength && left_ == 0);
  co_return Result<void>();
}

Result<Exchange::Piece> Exchange::take_early_body(Buffer& buffer, std::size_t into) {
  const std::size_t size = buffered_ - head_size();
  if (size == 0) return Piece{0, done_};
  std::memmove(buffer.data() + into, buffer.data() + head_size(), size);
  return decode(buffer.data() + into, size);
}

net::Task<Result<Exchange::Piece>> Exchange::read_body(char* into, std::size_t room) {
  if (failed_) co_return decoder_.error();
  while (!done_) {
    const net::IoResult result = co_await stream().read_some(into, room);
    if (result.error == net::asio::error::eof && ends_with_connection()) {
      done_ = true;
      clean_ = false;
      break;
    }
    if (result.error) co_return broken(result.error, "in the middle of its answer");
    received_ += result.size;
    auto piece = decode(into, result.size);
    // Only framing bytes arrived: nothing to hand on yet.
    if (!piece || piece->size > 0 || piece->done) co_return piece;
  }
  co_return Piece{0, true};
}

Result<Exchange::Piece> Exchange::decode(char* bytes, std::size_t size) {
  if (done_) {
    clean_ = false;
    return Piece{0, true};
  }
  switch (head().framing) {
    case http::BodyFraming::kChunked: {
      const auto step = decoder_.decode(std::span(bytes, size));
      if (step.failed && step.payload == 0) return decoder_.error();
      failed_ = step.failed;  // what came before the fault still counts; the fault is told at the next read
      done_ = step.done;
      clean_ = clean_ && (!done_ || step.consumed == size);
      return Piece{step.payload, done_};
    }
    case http::BodyFraming::kLength: {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
      left_ -= taken;
      done_ = left_ == 0;
      clean_ = clean_ && taken == size;
      return Piece{taken, done_};
    }
    case http::BodyFraming::kUntilClose: return Piece{size, false};
    case http::BodyFraming::kNone: break;
  }
  clean_ = false;
  return Piece{0, true};
}

Error Exchange::broken(const net::error_code& error, const char* when) const {
  const Retry retry = lease_.reused() && untouched() ? Retry::kIfReused : Retry::kYes;
  return upstream_error(ErrorKind::kUpstreamReset, retry, std::string("the upstream closed the connection ") + when)
      .with_detail(error.message());
}

void Exchange::finish() {
  if (!lease_) return;
  if (done_ && clean_ && head().keep_alive) {
    lease_.release();
  } else {
    lease_.discard();
  }
}

}  // namespace fluxgate::upstream
