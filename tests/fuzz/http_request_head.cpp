// The request head guard. Beyond "no crash": the verdict does not depend on slicing or on where the buffer lies; what
// is accepted has one unambiguous framing, is read alike by an independent parser, and, written anew, reads back as the
// same head.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fluxgate/base/text.hpp"
#include "fluxgate/http/head_writer.hpp"
#include "fluxgate/http/request_head.hpp"
#include "../unit/http/beast_judge.hpp"

namespace {

using namespace fluxgate::http;
using Status = RequestHeadParser::Status;

// Small, so that the fuzzer reaches every limit.
constexpr HeadLimits kLimits{.request_line = 128, .head = 512, .fields = 12};

void require(bool condition) {
  if (!condition) std::abort();
}

std::size_t count(const RequestHead& head, std::string_view name) {
  std::size_t found = 0;
  for (const auto& field : head.fields) found += fluxgate::iequals(field.name, name) ? 1U : 0U;
  return found;
}

void check_accepted(const RequestHead& head) {
  const auto lengths = count(head, "content-length");
  const auto codings = count(head, "transfer-encoding");
  require(lengths + codings <= 1);
  require(count(head, "host") == 1 || (head.version_minor == 0 && count(head, "host") == 0));
  const auto with_length = lengths != 0 ? BodyFraming::kLength : BodyFraming::kNone;
  require(head.framing == (codings != 0 ? BodyFraming::kChunked : with_length));
  require(head.path == "*" || head.path.starts_with('/'));
  for (const std::string_view bad : {"//", "/./", "/../", "\\"}) require(head.path.find(bad) == head.path.npos);
  require(!head.path.ends_with("/.") && !head.path.ends_with("/.."));
  for (const auto& field : head.fields) require(valid_field_name(field.name) && valid_field_value(field.value));
}

void check_rewritten(const RequestHead& head) {
  std::string bytes;
  HeadWriter writer(bytes);
  require(writer.request_line(to_string(head.method), head.target));
  for (const auto& field : head.fields) require(writer.field(field.name, field.value));
  writer.end();
  RequestHeadParser parser;
  const auto status = parser.parse(bytes);
  if (head.version_minor == 0) return;  // the writer raised the version, so that other rules apply
  require(status == Status::kDone && parser.consumed() == bytes.size());
  const auto& again = parser.head();
  require(again.method == head.method && again.path == head.path && again.query == head.query &&
      again.host == head.host);
  require(again.framing == head.framing && again.content_length == head.content_length);
  require(again.keep_alive == head.keep_alive && again.expect_continue == head.expect_continue);
  require(again.fields.size() == head.fields.size());
  for (std::size_t i = 0; i < head.fields.size(); ++i) require(again.fields[i].value == head.fields[i].value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  RequestHeadParser whole(kLimits);
  const auto verdict = whole.parse(bytes);
  if (verdict == Status::kDone) {
    check_accepted(whole.head());
    check_rewritten(whole.head());
    require(judge::disagree_on(whole.head(), std::string_view(bytes).substr(0, whole.consumed())).empty());
  }
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    RequestHeadParser sliced(kLimits);
    auto status = Status::kNeedMore;
    std::string buffer;
    for (std::size_t end = step; status == Status::kNeedMore && end < size + step; end += step) {
      buffer = bytes.substr(0, end);  // moved each time: a view kept across calls would dangle
      status = sliced.parse(buffer);
    }
    require(status == verdict);
    if (status == Status::kDone) {
      require(sliced.consumed() == whole.consumed());
      check_accepted(sliced.head());
      require(sliced.head().path == whole.head().path && sliced.head().fields.size() == whole.head().fields.size());
    } else if (status == Status::kError) {
      require(sliced.error().kind == whole.error().kind && sliced.error().message == whole.error().message);
    }
  }
  return 0;
}
