// Errors as OpenAI's clients expect them: {"error":{"message","type","param","code"}}, and the HTTP status that makes
// the official SDKs retry when that can help and not otherwise.
#pragma once

#include <string>

#include "fluxgate/base/error.hpp"

namespace fluxgate::dialects::openai {

int http_status(const Error& error);
std::string error_json(const Error& error);
// The same as one server-sent event, for a stream that has begun.
std::string error_event(const Error& error);

}  // namespace fluxgate::dialects::openai
