// The request scanner against a full JSON parser: of an accepted body that is JSON both see the same model, stream and
// limits; the spans stand where they should; and the body sent upstream is JSON with the target's model and nothing
// else changed but the wish for usage.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/gateway/request.hpp"
#include "gateway/upstream_request.hpp"

namespace {

using namespace fluxgate;
using Json = nlohmann::json;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr gateway::EndpointSpec kChat{"/chat/completions",
                                      telemetry::Endpoint::kChatCompletions,
                                      gateway::BodyKind::kJson,
                                      dialects::openai::StreamGrammar::kChat,
                                      true,
                                      true,
                                      true};

std::string_view at(std::string_view text, json::Span span) { return text.substr(span.begin, span.end - span.begin); }

std::shared_ptr<const gateway::Snapshot> snapshot() {
  static telemetry::Metrics metrics;
  static gateway::LiveState live(1);
  static const auto made = [] {
    config::Config config;
    config::Provider provider;
    provider.name = "up";
    provider.kind = config::ProviderKind::kOpenAiCompatible;
    provider.base_url = "http://up.test/v1";
    config.providers.push_back(provider);
    config::Target target;
    target.name = "t";
    target.provider = "up";
    target.model = "replaced \"model\"";
    config.targets.push_back(target);
    auto result = gateway::Snapshot::make(std::move(config), metrics, live, {});
    require(result.has_value());
    return *result;
  }();
  return made;
}

// A full parser is asked only about bodies it can take: recursion would overflow its stack on deep ones.
bool is_shallow(std::string_view text) {
  std::size_t opens = 0;
  for (const char c : text) opens += c == '{' || c == '[' ? 1U : 0U;
  return opens < 500;
}

void check_spans(std::string_view text, const json::RequestScan& scan) {
  require(scan.object_open > 0 && text[scan.object_open - 1] == '{');
  if (!scan.model_value.empty()) {
    const auto value = at(text, scan.model_value);
    require(value.size() >= 2 && value.front() == '"' && value.back() == '"');
    require(Json::parse(value).get<std::string>() == scan.model);
  }
  if (!scan.stream_options.empty()) {
    const auto value = at(text, scan.stream_options);
    require(value == "null" || (value.front() == '{' && value.back() == '}'));
  }
  if (scan.include_usage) require(at(text, scan.include_usage_value) == (*scan.include_usage ? "true" : "false"));
}

std::string sent_upstream(std::string_view text, const json::RequestScan& scan) {
  http::RequestHead head;
  gateway::ClientRequest request;
  request.endpoint = &kChat;
  request.head = &head;
  request.upstream_path = kChat.path;
  request.body = text;
  request.scan = scan;
  const gateway::UpstreamRequest upstream(request, snapshot()->target(0));
  std::string all;
  for (const auto& buffer : upstream.buffers()) all.append(static_cast<const char*>(buffer.data()), buffer.size());
  const auto end = all.find("\r\n\r\n");
  const std::string body = all.substr(end + 4);
  require(all.find("\r\ncontent-length: " + std::to_string(body.size()) + "\r\n") < end);
  require(upstream.hides_usage() == (scan.stream && !scan.include_usage.value_or(false)));
  return body;
}

void check_against_parser(std::string_view text, const json::RequestScan& scan) {
  const Json whole = Json::parse(text, nullptr, false);
  if (whole.is_discarded()) return;  // what is nested is not looked at, so a body may be accepted that is not JSON
  require(whole.is_object());
  require(whole.contains("model") == !scan.model_value.empty());
  if (whole.contains("model")) require(whole.at("model") == scan.model);
  require((whole.contains("stream") && whole.at("stream") == true) == scan.stream);
  Json after = Json::parse(sent_upstream(text, scan), nullptr, false);
  require(after.is_object());
  Json expected = whole;
  if (expected.contains("model")) expected["model"] = "replaced \"model\"";
  if (scan.stream) {
    if (!expected["stream_options"].is_object()) expected["stream_options"] = Json::object();
    expected["stream_options"]["include_usage"] = true;
  }
  require(after == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  Buffer buffer(size + 1);
  std::memcpy(buffer.data(), data, size);
  const std::string_view text = buffer.view(0, size);
  static json::Scanner scanner;  // reused, as a worker does
  const auto scan = scanner.scan_request(text);
  if (!scan) {
    require(scan.error().kind == ErrorKind::kBadRequest && !scan.error().message.empty());
  } else {
    check_spans(text, *scan);
    if (is_shallow(text)) check_against_parser(text, *scan);
  }
  if (const auto response = scanner.scan_response(text); response && is_shallow(text)) {
    const Json whole = Json::parse(text, nullptr, false);
    if (whole.is_object() && !whole.contains("error")) require(!response->has_error);
  }
  return 0;
}
