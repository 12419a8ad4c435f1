// The parts of a multipart/form-data body, as views into it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace fluxgate::sim {

struct FormPart {
  std::string_view name;
  std::string_view content;
};

// nullopt if the content type names no boundary or the body does not end with it.
std::optional<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body);

}  // namespace fluxgate::sim
