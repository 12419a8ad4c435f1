// From a request to a response, without a socket. Private to admin.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "fluxgate/admin/server.hpp"

namespace fluxgate::admin {

namespace http = boost::beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

// The answer to a request; for HEAD still with its body, which the connection leaves out.
Response respond(const AdminHooks& hooks, const Request& request);

// {"error":{"code":...,"message":...}}
Response error_response(http::status status, std::string_view code, std::string_view message);

}  // namespace fluxgate::admin
