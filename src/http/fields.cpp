#include "fluxgate/http/fields.hpp"

#include "fluxgate/base/text.hpp"

namespace fluxgate::http {

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

}  // namespace fluxgate::http
