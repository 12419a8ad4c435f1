#include "fluxgate/http/multipart.hpp"

#include <algorithm>
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

// The text of the quoted string at the start of `rest`, and how long it is there; nothing if it is not closed.
struct Quoted {
  std::string text;
  std::size_t length;
};
std::optional<Quoted> read_quoted(std::string_view rest) {
  Quoted result{{}, 1};
  for (; result.length < rest.size(); ++result.length) {
    char c = rest[result.length];
    if (c == '"') return Quoted{std::move(result.text), result.length + 1};
    if (c == '\\' && result.length + 1 < rest.size()) c = rest[++result.length];
    result.text += c;
  }
  return std::nullopt;
}

// The value of `; key=value` or `; key="value"` in a header value. Parameters are read one after the other, because a
// quoted value may hold what looks like another one: filename="; name=model".
std::optional<std::string> parameter(std::string_view header, std::string_view key) {
  std::size_t at = header.find(';');
  while (at < header.size()) {
    std::string_view rest = header.substr(at + 1);
    const std::size_t end = rest.find_first_of("=;");
    const bool wanted = iequals(trim(rest.substr(0, end)), key);
    if (end == std::string_view::npos) return std::nullopt;
    at += 1 + end;
    if (rest[end] == ';') continue;  // a word without a value
    rest.remove_prefix(end + 1);
    const std::size_t blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
    std::string value;
    std::size_t length = std::min(rest.find(';'), rest.size());
    if (rest.substr(blanks).starts_with('"')) {
      auto quoted = read_quoted(rest.substr(blanks));
      if (!quoted) return std::nullopt;
      value = std::move(quoted->text);
      length = std::min(rest.find(';', blanks + quoted->length), rest.size());
    } else {
      value = trim(rest.substr(0, length));
    }
    if (wanted) return value;
    at += 1 + length;
  }
  return std::nullopt;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

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

// A head that two readers could understand differently: folded lines, or Content-Disposition in another spelling.
bool is_ambiguous(std::string_view head) {
  std::size_t dispositions = 0;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (!line.empty() && is_blank(line.front())) return true;
    if (line.find_first_of("\r\n") != std::string_view::npos) return true;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos && !line.empty()) return true;
    if (iequals(trim(line.substr(0, colon)), "content-disposition")) {
      if (is_blank(line[colon - 1])) return true;
      ++dispositions;
    }
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
  return dispositions > 1;
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
    while (at < body.size() && is_blank(body[at])) ++at;  // blanks may pad the boundary line, nothing else
    if (!body.substr(at).starts_with("\r\n")) return malformed("a boundary line is not ended");
    const std::size_t head = at;  // at the CRLF, so that a part without a head has its blank line too
    const std::size_t blank = find(body.substr(0, head + kMaxPartHead), "\r\n\r\n", head);
    if (blank == std::string_view::npos) return malformed("a part's head is not ended");
    const std::size_t begin = blank + 4;
    const std::size_t end = find(body, delimiter, blank + 2);
    if (end == std::string_view::npos) return malformed("its last part is not closed");
    // A delimiter right behind the head shares its line end with it: nothing could be put in between.
    if (end < begin) return malformed("a part has no body");
    const std::string_view part_head = blank > head ? body.substr(head + 2, blank - head - 2) : std::string_view();
    if (is_ambiguous(part_head)) return malformed("a part's head is ambiguous");
    if (auto name = part_name(part_head)) {
      fields.push_back({std::move(*name), body.substr(begin, end - begin), begin, end});
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
