// The upstream response head reader: same verdict for any slicing, a framing that follows from the fields, the same
// reading by an independent parser, and no reuse of a connection whose body ends with it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fluxgate/http/head_writer.hpp"
#include "fluxgate/http/response_head.hpp"
#include "../unit/http/beast_judge.hpp"

namespace {

using namespace fluxgate::http;
using Status = ResponseHeadParser::Status;

constexpr ResponseHeadLimits kLimits{.head = 512, .fields = 12};  // small, so that the fuzzer reaches them

void require(bool condition) {
  if (!condition) std::abort();
}

void check_accepted(const ResponseHead& head, bool answers_head_request) {
  require(head.status >= 100 && head.status <= 599 && head.status != 101);
  const bool bodiless = answers_head_request || head.status < 200 || head.status == 204 || head.status == 304;
  if (bodiless) require(head.framing == BodyFraming::kNone);
  const bool has_length = head.find("content-length").has_value();
  const bool has_coding = head.find("transfer-encoding").has_value();
  require(!(has_length && has_coding));
  if (head.framing == BodyFraming::kLength) require(has_length);
  if (head.framing == BodyFraming::kChunked) require(has_coding && head.version_minor == 1);
  if (head.framing == BodyFraming::kUntilClose) require(!head.keep_alive && !has_length);
  for (const auto& field : head.fields) require(valid_field_name(field.name) && valid_field_value(field.value));
  const auto wait = retry_after(head, std::chrono::system_clock::time_point());
  if (wait) require(wait->count() >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool answers_head_request : {false, true}) {
    ResponseHeadParser whole(kLimits);
    whole.reset(answers_head_request);
    const auto verdict = whole.parse(bytes);
    const bool complete = verdict == Status::kDone || verdict == Status::kInformational;
    if (complete) {
      check_accepted(whole.head(), answers_head_request);
      const auto head = std::string_view(bytes).substr(0, whole.consumed());
      require(judge::disagree_on(whole.head(), head, answers_head_request).empty());
    }
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
      ResponseHeadParser sliced(kLimits);
      sliced.reset(answers_head_request);
      auto status = Status::kNeedMore;
      std::string buffer;
      for (std::size_t end = step; status == Status::kNeedMore && end < size + step; end += step) {
        buffer = bytes.substr(0, end);
        status = sliced.parse(buffer);
      }
      require(status == verdict);
      if (complete) {
        require(sliced.consumed() == whole.consumed());
        check_accepted(sliced.head(), answers_head_request);
      }
      if (status == Status::kError) require(sliced.error().detail == whole.error().detail);
    }
  }
  return 0;
}
