// The multipart reader: fields lie inside the body in order and hold no delimiter; a form that was read is read the
// same after a field's value is replaced, which is what the gateway does with `model`.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fluxgate/http/multipart.hpp"

namespace {

using namespace fluxgate::http;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_boundary(std::string_view content_type) {
  const auto boundary = multipart_boundary(content_type);
  if (boundary) require(!boundary->empty() && boundary->size() <= 70);
}

void check_form(const std::string& body, const std::string& boundary) {
  const auto fields = form_fields(body, boundary);
  if (!fields) return;
  std::size_t last = 0;
  for (const FormField& field : *fields) {
    require(last <= field.begin && field.begin <= field.end && field.end <= body.size());
    require(field.value == std::string_view(body).substr(field.begin, field.end - field.begin));
    require(field.value.find("\r\n--" + boundary) == std::string_view::npos);
    last = field.end;
  }
  const auto model = find_form_field(body, boundary, "model");
  if (!model || !model->has_value()) return;
  const std::string replaced = body.substr(0, (*model)->begin) + "another-model" + body.substr((*model)->end);
  const auto again = find_form_field(replaced, boundary, "model");
  require(again && again->has_value() && (*again)->value == "another-model");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The first line is the Content-Type, the rest the body; a body alone is tried with a boundary of its own.
  const auto line = text.find('\n');
  check_boundary(text.substr(0, line));
  if (line != std::string::npos) {
    if (const auto boundary = multipart_boundary(text.substr(0, line))) check_form(text.substr(line + 1), *boundary);
  }
  check_form(text, "B");
  return 0;
}
