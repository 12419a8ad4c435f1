#include "fluxgate/http/multipart.hpp"

#include <cstring>

#include "fluxgate/base/text.hpp"

namespace fluxgate::http {
namespace {

constexpr std::size_t kMaxBoundary = 70;      // RFC 2046, 5.1.1
constexpr std::size_t kMaxPartHead = 8 * 1024;
constexpr std::size_t kMaxParts = 1000;

Error malformed(const char* what) {
  return client_error(ErrorKind::kBadRequest, std::string("the multipart body is malformed: ") + what);
}

// Uploads are large: memmem is several times faster than string_view::find.
std::size_t find(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* hit = ::memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return hit == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

// The value of `; key=value` or `; key="value"` in a header value.
std::optional<std::string> parameter(std::string_view header, std::string_view key) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    std::string_view rest = trim(header.substr(at + 1));
    if (starts_with_icase(rest, key) && rest.substr(key.size()).starts_with('=')) {
      rest.remove_prefix(key.size() + 1);
      if (!rest.starts_with('"')) return std::string(trim(rest.substr(0, rest.find(';'))));
      const auto close = rest.find('"', 1);
      if (close == std::string_view::npos) return std::nullopt;
      return std::string(rest.substr(1, close - 1));
    }
    at = header.find(';', at + 1);
  }
  return std::nullopt;
}

// The form name of a part, from the Content-Disposition line of its head.
std::optional<std::string> part_name(std::string_view head) {
  static constexpr std::string_view kDisposition = "content-disposition:";
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (starts_with_icase(line, kDisposition)) return parameter(line.substr(kDisposition.size()), "name");
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  if (!starts_with_icase(trim(content_type), "multipart/form-data")) return std::nullopt;
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return std::nullopt;
  return boundary;
}

Result<std::vector<FormField>> form_fields(std::string_view body, std::string_view boundary) {
  const std::string open = "--" + std::string(boundary);
  const std::string delimiter = "\r\n" + open;
  std::size_t at = 0;
  if (!body.starts_with(open)) {  // a preamble is allowed before the first boundary
    at = find(body, delimiter, 0);
    if (at == std::string_view::npos) return malformed("its boundary does not occur");
    at += 2;
  }
  at += open.size();
  std::vector<FormField> fields;
  for (std::size_t parts = 0; parts < kMaxParts; ++parts) {
    if (body.substr(at).starts_with("--")) return fields;
    at = body.find("\r\n", at);  // blanks may pad the boundary line
    if (at == std::string_view::npos) return malformed("a boundary line is not ended");
    const std::size_t head = at;  // at the CRLF, so that a part without a head has its blank line too
    const std::size_t blank = find(body.substr(0, head + kMaxPartHead), "\r\n\r\n", head);
    if (blank == std::string_view::npos) return malformed("a part's head is not ended");
    const std::size_t begin = blank + 4;
    const std::size_t end = find(body, delimiter, blank + 2);
    if (end == std::string_view::npos) return malformed("its last part is not closed");
    if (auto name = part_name(body.substr(head + 2, blank - head - 2))) {
      const std::size_t stop = end < begin ? begin : end;
      fields.push_back({std::move(*name), body.substr(begin, stop - begin), begin, stop});
    }
    at = end + delimiter.size();
  }
  return malformed("it has too many parts");
}

Result<std::optional<FormField>> find_form_field(std::string_view body, std::string_view boundary,
                                                 std::string_view name) {
  auto fields = form_fields(body, boundary);
  if (!fields) return std::move(fields).error();
  std::optional<FormField> found;
  for (FormField& field : *fields) {
    if (field.name != name) continue;
    if (found) {
      Error twice = malformed("a field occurs twice");
      twice.param = name;
      return twice;
    }
    found = std::move(field);
  }
  return found;
}

}  // namespace fluxgate::http
