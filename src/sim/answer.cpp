#include "sim/answer.hpp"

namespace fluxgate::sim {

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Answer json_answer(const Json& body, unsigned status) {
  Answer answer;
  answer.status = status;
  answer.body = dump(body);
  return answer;
}

Answer error_answer(unsigned status, std::string_view type, std::string_view code, std::string_view message,
                    std::string_view param) {
  const auto text_or_null = [](std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json error;
  error["message"] = message;
  error["type"] = type;
  error["param"] = text_or_null(param);
  error["code"] = text_or_null(code);
  Json body;
  body["error"] = std::move(error);
  return json_answer(body, status);
}

Answer bad_request(std::string_view message, std::string_view param, std::string_view code) {
  return error_answer(400, "invalid_request_error", code, message, param);
}

std::string sse_data(const Json& value) { return "data: " + dump(value) + "\n\n"; }

std::string sse_event(std::string_view name, const Json& value) {
  return "event: " + std::string(name) + "\n" + sse_data(value);
}

}  // namespace fluxgate::sim
