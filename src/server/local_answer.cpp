#include "local_answer.hpp"

#include "fluxgate/dialects/openai/errors.hpp"

namespace fluxgate::server {
namespace {

void settle(const gateway::ClientRequest& request, const gateway::ClientResponse& response, const LocalAnswer& answer,
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
  if (answer.error) line.error = to_string(answer.error->kind);
  state.access_log.write(line);
}

}  // namespace

net::Task<void> send_local_answer(LocalAnswer answer, const gateway::ClientRequest& request,
                                  gateway::ClientResponse& response, gateway::WorkerState& state) {
  static constexpr std::string_view kJson = "content-type: application/json\r\n";
  if (answer.error) answer.body = dialects::openai::error_json(*answer.error);
  response.begin(answer.error ? dialects::openai::http_status(*answer.error) : 200, state.date.now(), kJson);
  response.field("x-fluxgate-request-id", request.id);
  if (!co_await response.send_whole(answer.body)) response.close_after();
  settle(request, response, answer, state);
}

}  // namespace fluxgate::server
