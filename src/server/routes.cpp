#include "routes.hpp"

namespace fluxgate::server {
namespace {

using dialects::openai::StreamGrammar;
using gateway::BodyKind;
using http::Method;
using telemetry::Endpoint;

constexpr StreamGrammar kChat = StreamGrammar::kChat;
constexpr StreamGrammar kOpaque = StreamGrammar::kOpaque;

// clang-format off
constexpr RouteRow kRows[] = {
  // method        path                         handler               path upstream           label                       body                 stream grammar            asks usage, JSON answer, reports usage
  {Method::kPost, "/v1/chat/completions",      Handler::kPipeline,   {"/chat/completions",   Endpoint::kChatCompletions, BodyKind::kJson,      kChat,                     true,  true,  true}},
  {Method::kPost, "/v1/completions",           Handler::kPipeline,   {"/completions",        Endpoint::kCompletions,     BodyKind::kJson,      kChat,                     true,  true,  true}},
  {Method::kPost, "/v1/embeddings",            Handler::kPipeline,   {"/embeddings",         Endpoint::kEmbeddings,      BodyKind::kJson,      kOpaque,                   false, true,  true}},
  {Method::kPost, "/v1/moderations",           Handler::kPipeline,   {"/moderations",        Endpoint::kModerations,     BodyKind::kJson,      kOpaque,                   false, true,  false}},
  {Method::kPost, "/v1/responses",             Handler::kPipeline,   {"/responses",          Endpoint::kResponses,       BodyKind::kJson,      StreamGrammar::kResponses, false, true,  true}},
  {Method::kPost, "/v1/rerank",                Handler::kPipeline,   {"/rerank",             Endpoint::kRerank,          BodyKind::kJson,      kOpaque,                   false, true,  false}},
  {Method::kPost, "/v1/images/generations",    Handler::kPipeline,   {"/images/generations", Endpoint::kImages,          BodyKind::kJson,      kOpaque,                   false, true,  false}},
  {Method::kPost, "/v1/images/*",              Handler::kPipeline,   {"/images/*",           Endpoint::kImages,          BodyKind::kEither,    kOpaque,                   false, true,  false}},
  {Method::kPost, "/v1/audio/speech",          Handler::kPipeline,   {"/audio/speech",       Endpoint::kAudio,           BodyKind::kJson,      kOpaque,                   false, false, false}},
  {Method::kPost, "/v1/audio/*",               Handler::kPipeline,   {"/audio/*",            Endpoint::kAudio,           BodyKind::kMultipart, kOpaque,                   false, false, false}},
  {Method::kGet,  "/v1/models",                Handler::kListModels, {"",                    Endpoint::kModels,          BodyKind::kJson,      kOpaque,                   false, true,  false}},
  {Method::kPost, "/v1/feedback",              Handler::kFeedback,   {"",                    Endpoint::kOther,           BodyKind::kJson,      kOpaque,                   false, true,  false}},
  {Method::kGet,  "/v1/models/*",              Handler::kShowModel,  {"",                    Endpoint::kModels,          BodyKind::kJson,      kOpaque,                   false, true,  false}},
};
// clang-format on

// What may stand for the '*' of a path that goes on to the upstream as it is: nothing that would need encoding again.
bool is_plain_path(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") == std::string_view::npos;
}

bool path_matches(const RouteRow& row, std::string_view path) {
  if (!row.path.ends_with('*')) return path == row.path;
  const std::string_view prefix = row.path.substr(0, row.path.size() - 1);
  if (path.size() <= prefix.size() || !path.starts_with(prefix)) return false;
  return row.handler != Handler::kPipeline || is_plain_path(path.substr(prefix.size()));
}

}  // namespace

RouteMatch find_route(http::Method method, std::string_view path) {
  RouteMatch match;
  for (const RouteRow& row : kRows) {
    if (!path_matches(row, path)) continue;
    const bool head = method == Method::kHead && row.method == Method::kGet;
    if (row.method == method || head) return {&row, true, {}};
    match.path_known = true;
    match.allow = row.method == Method::kGet ? "GET, HEAD" : "POST";
  }
  return match;
}

}  // namespace fluxgate::server
