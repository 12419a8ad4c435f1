#include "fluxgate/http/field_rules.hpp"

#include "fluxgate/base/text.hpp"

namespace fluxgate::http {

// Selected by length first: most names are refused or matched with one comparison.

bool forwards_to_upstream(std::string_view name) {
  const auto is = [name](std::string_view field) { return iequals(name, field); };
  switch (name.size()) {
    case 6: return is("accept");
    case 11: return is("openai-beta");
    case 12: return is("content-type");
    case 14: return is("anthropic-beta");
    case 15: return is("accept-language") || is("idempotency-key");
    case 17: return is("anthropic-version");
    case 19: return is("x-client-request-id");  // the caller's own name for the request, shown in OpenAI's logs
    default: return false;
  }
}

bool returns_to_client(std::string_view name) {
  const auto is = [name](std::string_view field) { return iequals(name, field); };
  switch (name.size()) {
    case 11: return is("retry-after");
    case 12: return is("content-type") || is("openai-model");
    case 14: return is("openai-version") || is("retry-after-ms") || is("x-should-retry");
    case 16: return is("content-encoding") || is("content-language");
    case 19: return is("content-disposition");
    case 20: return is("openai-processing-ms");
    default: return false;
  }
}

}  // namespace fluxgate::http
