#include "models.hpp"

#include "fluxgate/dialects/openai/errors.hpp"
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

void settle(const gateway::ClientRequest& request, const gateway::ClientResponse& response, const Error* error,
            gateway::WorkerState& state) {
  telemetry::RequestSample sample;
  sample.endpoint = request.endpoint->label;
  sample.status = response.status();
  sample.duration = SteadyClock::now() - request.received;
  sample.received_bytes = request.bytes_in;
  sample.sent_bytes = response.bytes_sent();
  telemetry::record(state.shard, sample);
  if (!state.access_log.enabled()) return;
  telemetry::AccessRecord line;
  line.time = std::chrono::system_clock::now();
  line.request_id = request.id;
  line.client = request.client;
  line.method = http::to_string(request.head->method);
  line.path = request.head->path;
  line.status = sample.status;
  line.bytes_in = sample.received_bytes;
  line.bytes_out = sample.sent_bytes;
  line.duration = sample.duration;
  if (error != nullptr) line.error = to_string(error->kind);
  state.access_log.write(line);
}

}  // namespace

net::Task<void> answer_models(const RouteRow& row, const gateway::ClientRequest& request,
                              gateway::ClientResponse& response, const gateway::Snapshot& snapshot,
                              gateway::WorkerState& state) {
  static constexpr std::string_view kJson = "content-type: application/json\r\n";
  std::optional<Error> error;
  std::string body;
  if (row.handler == Handler::kListModels) {
    body = list_json(snapshot);
  } else {
    // The id may contain '/'; a name that a wildcard or default route takes exists as well.
    const std::string_view id = request.head->path.substr(std::string_view("/v1/models/").size());
    if (snapshot.routes().match(id) != nullptr) {
      append_model(body, id);
    } else {
      error = client_error(ErrorKind::kModelNotFound, "The model '" + std::string(id) + "' does not exist");
      error->param = "model";
      body = dialects::openai::error_json(*error);
    }
  }
  response.begin(error ? dialects::openai::http_status(*error) : 200, state.date.now(), kJson);
  response.field("x-fluxgate-request-id", request.id);
  if (!co_await response.send_whole(body)) response.close_after();
  settle(request, response, error ? &*error : nullptr, state);
}

}  // namespace fluxgate::server
