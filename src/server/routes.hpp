// The table of endpoints: what the client-facing listener answers. One row each; nothing else decides.
#pragma once

#include <optional>
#include <string_view>

#include "fluxgate/gateway/request.hpp"
#include "fluxgate/http/request_head.hpp"

namespace fluxgate::server {

enum class Handler : std::uint8_t {
  kPipeline,     // answered by an upstream
  kListModels,   // GET /v1/models
  kShowModel,    // GET /v1/models/{id}
  kFeedback,     // POST /v1/feedback
};

struct RouteRow {
  http::Method method;                   // GET rows also take HEAD
  std::string_view path;                 // exact, or a prefix if it ends in '*'
  Handler handler;
  gateway::EndpointSpec endpoint;        // for kPipeline; label for all
};

struct RouteMatch {
  const RouteRow* row = nullptr;
  bool path_known = false;               // the path exists, with another method
  std::string_view allow;                // that method, for the Allow field
};

RouteMatch find_route(http::Method method, std::string_view path);

}  // namespace fluxgate::server
