#include "sim/multipart.hpp"

#include <string>

#include "fluxgate/base/text.hpp"

namespace fluxgate::sim {
namespace {

// The value of `key="..."` or `key=...` among the parameters of a header value.
std::string_view parameter(std::string_view header, std::string_view key) {
  while (true) {
    const auto semicolon = header.find(';');
    if (semicolon == std::string_view::npos) return {};
    header.remove_prefix(semicolon + 1);
    const std::string_view rest = trim(header);
    if (!starts_with_icase(rest, key) || rest.size() <= key.size() || rest[key.size()] != '=') continue;
    const std::string_view value = rest.substr(key.size() + 1);
    if (value.starts_with('"')) return value.substr(1, value.find('"', 1) - 1);
    return trim(value.substr(0, value.find(';')));
  }
}

std::string_view part_name(std::string_view head) {
  constexpr std::string_view kField = "content-disposition:";
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (starts_with_icase(line, kField)) return parameter(line.substr(kField.size()), "name");
    if (line.size() + 2 >= head.size()) break;
    head.remove_prefix(line.size() + 2);
  }
  return {};
}

}  // namespace

std::optional<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body) {
  const std::string_view boundary = parameter(content_type, "boundary");
  if (!starts_with_icase(content_type, "multipart/form-data") || boundary.empty()) return std::nullopt;
  const std::string delimiter = "\r\n--" + std::string(boundary);
  // The first delimiter may stand at the very start, without the line end before it.
  if (!body.starts_with(std::string_view(delimiter).substr(2))) return std::nullopt;
  body.remove_prefix(delimiter.size() - 2);

  std::vector<FormPart> parts;
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n")) return std::nullopt;
    const auto head_end = body.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return std::nullopt;
    const std::string_view head = body.substr(2, head_end > 2 ? head_end - 2 : 0);
    body.remove_prefix(head_end + 4);
    const auto end = body.find(delimiter);
    if (end == std::string_view::npos) return std::nullopt;
    parts.push_back({part_name(head), body.substr(0, end)});
    body.remove_prefix(end + delimiter.size());
  }
  return parts;
}

}  // namespace fluxgate::sim
