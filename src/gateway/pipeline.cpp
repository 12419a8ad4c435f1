#include "fluxgate/gateway/pipeline.hpp"

#include "attempt.hpp"
#include "fluxgate/gateway/health_claim.hpp"
#include "fluxgate/http/multipart.hpp"
#include "hedging.hpp"

namespace fluxgate::gateway {
namespace {

void on_hangup(void* interrupt) {
  static_cast<net::Interrupt*>(interrupt)->trigger(net::Interrupt::Reason::kClientGone);
}

}  // namespace

Pipeline::Pipeline(WorkerState& state, net::Interrupt& interrupt, ClientRequest& request, ClientResponse& response)
    : state_(state), interrupt_(interrupt), request_(request), response_(response), snapshot_(state.snapshot) {}

Pipeline::~Pipeline() = default;

net::Task<void> Pipeline::run() {
  Result<void> result = admit();                                            // admit
  if (result) result = make_plan();                                         // plan
  if (result) {
    const net::HangupWatch::Entry watch(state_.worker.hangups(), response_.native_handle(), on_hangup, &interrupt_);
    if (plan_.candidates.empty()) result = co_await wait_for_room();
    if (result) send_shadow();
    if (result) result = co_await try_candidates();                         // attempt
    if (result) co_await relay();                                           // relay
  }
  if (!result) co_await answer_failure(result.error());
  settle();                                                                 // settle
  while (race_ && race_->running()) co_await race_->wait(interrupt_, TimePoint::max());
}

// ---- admit ---------------------------------------------------------------------------------------------------------

Result<void> Pipeline::admit() {
  Result<void> read;
  if (request_.endpoint->body == BodyKind::kJson) {
    read = read_json();
  } else if (const auto boundary = http::multipart_boundary(request_.head->find("content-type").value_or(""))) {
    read = read_form(*boundary);
  } else if (request_.endpoint->body == BodyKind::kEither) {
    read = read_json();
  } else {
    return client_error(ErrorKind::kUnsupportedMedia, "this endpoint takes multipart/form-data");
  }
  if (!read) return read;
  if (request_.scan.model.empty()) {
    return client_error(ErrorKind::kBadRequest, "you must provide a model parameter").with_param("model");
  }
  return {};
}

Result<void> Pipeline::read_json() {
  auto scan = state_.scanner.scan_request(request_.body);
  if (!scan) return std::move(scan).error();
  request_.scan = std::move(scan).value();
  return {};
}

Result<void> Pipeline::read_form(std::string_view boundary) {
  const auto fields = http::form_fields(request_.body, boundary);
  if (!fields) return fields.error();
  for (const http::FormField& field : *fields) {
    if (json::chooses_destination(field.name)) return json::destination_error(field.name);
    if (field.name != "model") continue;
    if (!request_.scan.model_value.empty()) {
      return client_error(ErrorKind::kBadRequest, "'model' occurs twice in the form").with_param("model");
    }
    request_.scan.model = field.value;
    request_.scan.model_value = {field.begin, field.end};
  }
  return {};
}

}  // namespace fluxgate::gateway
