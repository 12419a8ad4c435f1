#include "sim/router.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "fluxgate/base/text.hpp"
#include "sim/handlers.hpp"
#include "sim/multipart.hpp"

namespace fluxgate::sim {
namespace {

using Handler = Answer (*)(const Json&, const Context&);

struct Endpoint {
  std::string_view path;  // behind /v1
  Handler handler;
};

constexpr std::array<Endpoint, 12> kEndpoints = {{
    {"/chat/completions", chat_completions},
    {"/completions", completions},
    {"/responses", responses},
    {"/embeddings", embeddings},
    {"/moderations", moderations},
    {"/rerank", rerank},
    {"/images/generations", images},
    {"/images/edits", images},
    {"/images/variations", images},
    {"/audio/speech", speech},
    {"/audio/transcriptions", transcriptions},
    {"/audio/translations", transcriptions},
}};

std::string_view path_of(std::string_view target) {
  std::string_view path = target.substr(0, target.find_first_of("?#"));
  if (path.starts_with("/v1/") || path.starts_with("/v2/")) path.remove_prefix(3);
  return path;
}

// The request as one JSON object: a form's fields become strings, its files their sizes.
std::optional<Json> body_of(const Request& request) {
  if (!starts_with_icase(request.content_type, "multipart/")) {
    Json body = Json::parse(request.body, nullptr, false);
    if (!body.is_object()) return std::nullopt;
    return body;
  }
  const auto parts = parse_form(request.content_type, request.body);
  if (!parts) return std::nullopt;
  Json body = Json::object();
  for (const FormPart& part : *parts) {
    const bool file = part.name == "file" || part.name.starts_with("image") || part.name == "mask";
    body[std::string(part.name)] = file ? Json(part.content.size()) : Json(part.content);
  }
  return body;
}

Answer wrong_method(std::string_view message) {
  return error_answer(405, "invalid_request_error", "method_not_allowed", message);
}

}  // namespace

Answer Router::answer(const Request& request, std::int64_t now) {
  ++serial_;
  Answer out;
  try {
    out = serve(request, now);
  } catch (const std::exception& e) {  // nlohmann's; a fault of a handler must not end the server
    out = error_answer(500, "server_error", "", std::string("The simulated provider failed: ") + e.what());
  }
  out.headers.emplace_back("x-request-id", "req_sim" + std::to_string(serial_));
  return out;
}

Answer Router::serve(const Request& request, std::int64_t now) {
  const Context context{options_, serial_, now};
  const std::string_view path = path_of(request.target);
  if (path == "/models" || path.starts_with("/models/")) {
    if (request.method != "GET") return wrong_method("Use GET here.");
    return path == "/models" ? list_models(context) : get_model(path.substr(8), context);
  }
  const auto endpoint =
      std::find_if(kEndpoints.begin(), kEndpoints.end(), [path](const Endpoint& e) { return e.path == path; });
  if (endpoint == kEndpoints.end()) {
    return error_answer(404, "invalid_request_error", "unknown_url", "The simulated provider has no such path.");
  }
  if (request.method != "POST") return wrong_method("Use POST here.");
  const std::optional<Json> body = body_of(request);
  if (!body) return bad_request("The body is not a JSON object or a form.", {});
  const std::string model = text_field(*body, "model");
  if (model.empty()) return bad_request("Missing required parameter: 'model'.", "model", "missing_required_parameter");

  const Fault drawn = dice_.roll();
  const Fault asked = fault_of_model(model);
  const Fault fault = asked == Fault::kNone ? drawn : asked;
  if (std::optional<Answer> replaced = fault_answer(fault, flag(*body, "stream"))) return std::move(*replaced);
  Answer out = endpoint->handler(*body, context);
  if (fault == Fault::kCut) out.delivery = Delivery::kCut;
  return out;
}

}  // namespace fluxgate::sim
