#include "models.hpp"

#include "fluxgate/json/write.hpp"

namespace fluxgate::server {
namespace {

// `created` must be a number of seconds for the SDKs' types; the gateway does not know when a model was made.
void append_model(std::string& out, std::string_view name) {
  out += "{\"id\":";
  json::append_quoted(out, name);
  out += ",\"object\":\"model\",\"created\":0,\"owned_by\":\"fluxgate\"}";
}

std::string list_json(const gateway::Snapshot& snapshot) {
  std::string out = "{\"object\":\"list\",\"data\":[";
  for (const std::string& name : snapshot.model_names()) {
    if (out.back() != '[') out += ',';
    append_model(out, name);
  }
  out += "]}";
  return out;
}

}  // namespace

LocalAnswer answer_models(const RouteRow& row, const gateway::ClientRequest& request, const gateway::Snapshot& snapshot) {
  LocalAnswer answer;
  if (row.handler == Handler::kListModels) {
    answer.body = list_json(snapshot);
    return answer;
  }
  // The id may contain '/'; a name that a wildcard or default route takes exists as well.
  const std::string_view id = request.head->path.substr(std::string_view("/v1/models/").size());
  if (snapshot.routes().takes_model(id)) {
    append_model(answer.body, id);
  } else {
    answer.error = client_error(ErrorKind::kModelNotFound, "The model '" + std::string(id) + "' does not exist");
    answer.error->param = "model";
  }
  return answer;
}

}  // namespace fluxgate::server
