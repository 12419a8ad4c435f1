#include "admin/routes.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fluxgate/base/text.hpp"

namespace fluxgate::admin {
namespace {

using nlohmann::json;

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

Response make(http::status status, std::string_view type, std::string body) {
  Response response(status, 11);
  response.set(http::field::content_type, {type.data(), type.size()});
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.body() = std::move(body);
  return response;
}

// Replaces bytes that are not UTF-8 instead of throwing.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

bool has_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    if (pair.substr(0, pair.find('=')) == name) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

// ---- handlers ---------------------------------------------------------------------------------------------------

struct Call {
  const AdminHooks& hooks;
  const Request& request;
  std::string_view query;
};

// In the manner of Kubernetes: machines read the status only; people add ?verbose.
Response health(const std::vector<Check>& checks, std::string_view query) {
  const bool ok = std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.ok; });
  const http::status status = ok ? http::status::ok : http::status::service_unavailable;
  std::string body;
  if (has_parameter(query, "verbose")) {
    for (const Check& check : checks) {
      body += check.ok ? "[+]" + check.name + " ok\n" : "[-]" + check.name + " failed: " + check.reason + "\n";
    }
    body += ok ? "check passed\n" : "check failed\n";
  } else if (ok) {
    body = "ok\n";
  } else {
    for (const Check& check : checks) {
      if (!check.ok) body += check.reason.empty() ? check.name + "\n" : check.reason + "\n";
    }
  }
  return make(status, kText, std::move(body));
}

Response livez(const Call& call) {
  return health(call.hooks.live ? call.hooks.live() : std::vector<Check>(), call.query);
}

Response readyz(const Call& call) {
  return health(call.hooks.ready ? call.hooks.ready() : std::vector<Check>(), call.query);
}

Response not_found() { return error_response(http::status::not_found, "not_found", "no such path"); }

Response metrics(const Call& call) {
  if (!call.hooks.metrics_text) return not_found();
  return make(http::status::ok, kPrometheus, call.hooks.metrics_text());
}

Response config(const Call& call) {
  if (!call.hooks.config_json) return not_found();
  return make(http::status::ok, kJson, call.hooks.config_json());
}

Response status(const Call& call) {
  if (!call.hooks.status_json) return not_found();
  return make(http::status::ok, kJson, call.hooks.status_json());
}

// A page in a browser can send a POST to 127.0.0.1, but not with this content type unless a preflight allows it, which
// nothing here does; and with a name rebound to 127.0.0.1 it still sends an Origin.
bool may_change_state(const Request& request) {
  const auto type = request[http::field::content_type];
  const std::string_view media = std::string_view(type.data(), type.size());
  return iequals(trim(media.substr(0, media.find(';'))), kJson) && request.count(http::field::origin) == 0;
}

Response reload(const Call& call) {
  if (!call.hooks.reload) return not_found();
  if (!may_change_state(call.request)) {
    return error_response(http::status::unsupported_media_type, "unsupported_media_type",
                          "send Content-Type: application/json and no Origin");
  }
  const ReloadOutcome outcome = call.hooks.reload();
  const http::status status = outcome.ok ? http::status::ok : http::status::unprocessable_entity;
  return make(status, kJson, dump({{"ok", outcome.ok}, {"messages", outcome.messages}}));
}

Response explain(const Call& call) {
  if (!call.hooks.explain) return not_found();
  // It changes nothing, but the answer tells of the configuration: not for a page in a browser either.
  if (!may_change_state(call.request)) {
    return error_response(http::status::unsupported_media_type, "unsupported_media_type",
                          "send Content-Type: application/json and no Origin");
  }
  Explanation explanation = call.hooks.explain(call.request.body());
  return make(explanation.ok ? http::status::ok : http::status::bad_request, kJson, std::move(explanation.json));
}

// ---- the table --------------------------------------------------------------------------------------------------

struct Route {
  std::string_view path;
  http::verb method;  // get also stands for HEAD
  Response (*handle)(const Call&);
};

constexpr Route kRoutes[] = {
    {"/livez", http::verb::get, livez},      {"/healthz", http::verb::get, livez},
    {"/readyz", http::verb::get, readyz},    {"/metrics", http::verb::get, metrics},
    {"/config", http::verb::get, config},    {"/status", http::verb::get, status},
    {"/reload", http::verb::post, reload},   {"/v1/route/explain", http::verb::post, explain},
};

bool accepts(const Route& route, http::verb method) {
  return method == route.method || (method == http::verb::head && route.method == http::verb::get);
}

Response method_not_allowed(const Route& route) {
  Response response = error_response(http::status::method_not_allowed, "method_not_allowed",
                                     "this path does not take this method");
  response.set(http::field::allow, route.method == http::verb::get ? "GET, HEAD" : "POST");
  return response;
}

}  // namespace

Response error_response(http::status status, std::string_view code, std::string_view message) {
  return make(status, kJson, dump({{"error", {{"code", code}, {"message", message}}}}));
}

Response respond(const AdminHooks& hooks, const Request& request) {
  const std::string_view target(request.target().data(), request.target().size());
  const auto question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  const auto* const route =
      std::find_if(std::begin(kRoutes), std::end(kRoutes), [path](const Route& r) { return r.path == path; });
  if (route == std::end(kRoutes)) return not_found();
  if (!accepts(*route, request.method())) return method_not_allowed(*route);
  try {
    return route->handle(Call{hooks, request, query});
  } catch (const std::exception& error) {
    spdlog::error("admin endpoint {} failed: {}", path, error.what());
    return error_response(http::status::internal_server_error, "internal", "internal error");
  }
}

}  // namespace fluxgate::admin
