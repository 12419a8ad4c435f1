// The chunked decoder: payload, verdict and the place where the body ends do not depend on slicing; payload is never
// longer than what came in; a decoded body, chunked anew, decodes to itself.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fluxgate/http/chunked.hpp"

namespace {

using namespace fluxgate::http;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;
  std::string error;

  bool operator==(const Decoded&) const = default;
};

Decoded decode(const std::string& body, std::size_t step) {
  ChunkedDecoder decoder(ChunkedDecoder::Role::kResponse);
  Decoded all;
  for (std::size_t at = 0; at < body.size() && !all.done && !all.failed; at += step) {
    std::string slice = body.substr(at, step);
    const std::string before = slice;
    const auto result = decoder.decode(slice);
    require(result.payload <= result.consumed && result.consumed <= slice.size());
    require(result.done || result.failed || result.consumed == slice.size());
    require(slice.substr(result.consumed) == before.substr(result.consumed));
    all.payload += slice.substr(0, result.payload);
    all.consumed += result.consumed;
    all.done = result.done;
    all.failed = result.failed;
  }
  if (all.failed) all.error = decoder.error().detail;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto whole = decode(body, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{64}}) {
    require(decode(body, step) == whole);
  }
  std::string again;
  std::array<char, 20> head{};
  for (std::size_t at = 0; at < whole.payload.size(); at += 5) {
    const auto part = whole.payload.substr(at, 5);
    again.append(chunk_head(part.size(), head)).append(part).append(kChunkEnd);
  }
  again.append(kLastChunk);
  const auto second = decode(again, 11);
  require(second.done && second.payload == whole.payload && second.consumed == again.size());
  return 0;
}
