// Reading one field of a multipart/form-data body (RFC 7578) without touching the rest.
//
// Uploads are forwarded byte for byte; of the form only the `model` field is read, and replaced where it stands.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"

namespace fluxgate::http {

struct FormField {
  std::string name;
  std::string_view value;   // points into the body
  std::size_t begin = 0;    // its place there
  std::size_t end = 0;
};

// The boundary parameter of a multipart/form-data Content-Type; nothing if it is another type or has none.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// All fields with a name, in order. kBadRequest if the form is malformed or not closed.
Result<std::vector<FormField>> form_fields(std::string_view body, std::string_view boundary);
// The field `name`, nothing if the form has none. kBadRequest also if it has it twice.
Result<std::optional<FormField>> find_form_field(std::string_view body, std::string_view boundary, std::string_view name);

}  // namespace fluxgate::http
