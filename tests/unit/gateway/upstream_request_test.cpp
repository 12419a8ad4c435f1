#include "gateway/upstream_request.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/net/stream.hpp"
#include "gateway_test_support.hpp"

namespace fluxgate::gateway {
namespace {

using testing::base_config;
using testing::make_snapshot;

constexpr EndpointSpec kChat{"/chat/completions",
                             telemetry::Endpoint::kChatCompletions,
                             BodyKind::kJson,
                             dialects::openai::StreamGrammar::kChat,
                             true,
                             true,
                             true};
constexpr EndpointSpec kSpeech{"/audio/speech",
                               telemetry::Endpoint::kAudio,
                               BodyKind::kJson,
                               dialects::openai::StreamGrammar::kOpaque,
                               false,
                               false,
                               false};

// A client's request as the session hands it to the pipeline.
class Request {
 public:
  explicit Request(const std::string& body, const std::string& fields = "", const EndpointSpec& endpoint = kChat)
      : head_("POST /v1" + std::string(endpoint.path) + " HTTP/1.1\r\nhost: gateway\r\n" + fields + "content-length: " +
              std::to_string(body.size()) + "\r\n\r\n"),
        body_(body.size()) {
    body.copy(body_.data(), body.size());
    EXPECT_EQ(parser_.parse(head_), http::RequestHeadParser::Status::kDone);
    request_.endpoint = &endpoint;
    request_.head = &parser_.head();
    request_.upstream_path = endpoint.path;
    request_.body = body_.view(0, body.size());
    if (endpoint.body == BodyKind::kJson) {
      json::Scanner scanner;
      auto scan = scanner.scan_request(request_.body);
      EXPECT_TRUE(scan) << body;
      if (scan) request_.scan = std::move(scan).value();
    }
  }
  ClientRequest& operator*() { return request_; }
  ClientRequest* operator->() { return &request_; }

 private:
  std::string head_;
  Buffer body_;
  http::RequestHeadParser parser_;
  ClientRequest request_;
};

struct Sent {
  std::string head;
  std::string body;
  bool hides_usage = false;
};

Sent send(Request& request, const TargetRuntime& target) {
  const UpstreamRequest upstream(*request, target);
  std::string all;
  for (const auto& buffer : upstream.buffers()) all.append(static_cast<const char*>(buffer.data()), buffer.size());
  Sent sent;
  const auto end = all.find("\r\n\r\n");
  sent.head = all.substr(0, end + 4);
  sent.body = all.substr(end + 4);
  sent.hides_usage = upstream.hides_usage();
  EXPECT_NE(sent.head.find("\r\ncontent-length: " + std::to_string(sent.body.size()) + "\r\n"), std::string::npos)
      << sent.head;
  EXPECT_LE(upstream.buffers().size(), net::Stream::kMaxBuffers);
  return sent;
}

class UpstreamRequestTest : public ::testing::Test {
 protected:
  // 0: the model gpt-4o-mini; 1: any model, prefix openai/; 2: of a provider without stream usage; 3: any model
  const TargetRuntime& target(std::uint32_t index) { return snapshot_->target(index); }

  telemetry::Metrics metrics_;
  std::shared_ptr<const Snapshot> snapshot_ = make_snapshot(base_config(), metrics_);
};

struct Spliced {
  std::string before;
  std::string after;
};

TEST_F(UpstreamRequestTest, ReplacesTheModelWhereItStands) {
  for (const Spliced& c : {
           Spliced{R"({"model":"smart"})", R"({"model":"gpt-4o-mini"})"},
           Spliced{R"({ "model" : "smart" , "x":1})", R"({ "model" : "gpt-4o-mini" , "x":1})"},
           Spliced{R"({"messages":[{"model":"smart"}],"model":"smart"})",
                   R"({"messages":[{"model":"smart"}],"model":"gpt-4o-mini"})"},
           Spliced{R"({"mod\u0065l":"sm\u0061rt","t":"\ud83d\ude00"})",
                   R"({"mod\u0065l":"gpt-4o-mini","t":"\ud83d\ude00"})"},
           Spliced{"{\n  \"model\": \"\",\n  \"n\": 1.0e2\n}\n",
                   "{\n  \"model\": \"gpt-4o-mini\",\n  \"n\": 1.0e2\n}\n"},
           Spliced{R"({"model":"gpt-4o-mini","x":1})", R"({"model":"gpt-4o-mini","x":1})"},
       }) {
    Request request(c.before);
    const Sent sent = send(request, target(0));
    EXPECT_EQ(sent.body, c.after);
    EXPECT_FALSE(sent.hides_usage);
  }
}

TEST_F(UpstreamRequestTest, AnyModelIsPassedOnWithoutItsPrefix) {
  for (const Spliced& c : {Spliced{R"({"model":"openai/gpt-4o"})", R"({"model":"gpt-4o"})"},
                           Spliced{R"({"model":"gpt-4o"})", R"({"model":"gpt-4o"})"},
                           Spliced{R"({"model":"openai/a\"b\\c"})", R"({"model":"a\"b\\c"})"},
                           Spliced{R"({"model":"openai/"})", R"({"model":""})"},
                           Spliced{R"({"model":"op\u0065nai/x"})", R"({"model":"x"})"}}) {
    Request request(c.before);
    EXPECT_EQ(send(request, target(1)).body, c.after);
  }
  Request request(R"({"model":"openai/a"})");
  EXPECT_EQ(send(request, target(3)).body, R"({"model":"openai/a"})") << "no prefix to strip";
}

struct Usage {
  std::string before;
  std::string after;
  bool hides;
};

TEST_F(UpstreamRequestTest, AsksForUsageInEveryShapeOfStreamOptions) {
  for (const Usage& c : {
           Usage{R"({"model":"smart","stream":true})",
                 R"({"stream_options":{"include_usage":true},"model":"gpt-4o-mini","stream":true})", true},
           Usage{R"( { "stream":true})", R"( {"stream_options":{"include_usage":true}, "stream":true})", true},
           Usage{R"({"stream":true,"stream_options":null,"model":"smart"})",
                 R"({"stream":true,"stream_options":{"include_usage":true},"model":"gpt-4o-mini"})", true},
           Usage{R"({"stream":true,"stream_options":{},"model":"smart"})",
                 R"({"stream":true,"stream_options":{"include_usage":true},"model":"gpt-4o-mini"})", true},
           Usage{R"({"stream":true,"stream_options":{ } })",
                 R"({"stream":true,"stream_options":{"include_usage":true } })", true},
           Usage{R"({"stream":true,"stream_options":{"include_usage":false}})",
                 R"({"stream":true,"stream_options":{"include_usage":true}})", true},
           Usage{R"({"model":"smart","stream_options":{"a":1, "include_usage" : false , "b":2},"stream":true})",
                 R"({"model":"gpt-4o-mini","stream_options":{"a":1, "include_usage" : true , "b":2},"stream":true})",
                 true},
           Usage{R"({"stream":true,"stream_options":{"include_obfuscation":false}})",
                 R"({"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}})", true},
           Usage{R"({"stream":true,"stream_options":{"include_usage":true}})",
                 R"({"stream":true,"stream_options":{"include_usage":true}})", false},
           Usage{R"({"stream":false,"model":"smart"})", R"({"stream":false,"model":"gpt-4o-mini"})", false},
           Usage{R"({"stream":false,"stream_options":{}})", R"({"stream":false,"stream_options":{}})", false},
       }) {
    Request request(c.before);
    const Sent sent = send(request, target(0));
    EXPECT_EQ(sent.body, c.after);
    EXPECT_EQ(sent.hides_usage, c.hides) << c.before;
    EXPECT_TRUE(nlohmann::json::accept(sent.body)) << sent.body;
  }
}

TEST_F(UpstreamRequestTest, DoesNotAskWhereUsageIsUnknown) {
  const std::string body = R"({"model":"m","stream":true})";
  Request chat(body);
  Sent sent = send(chat, target(2));
  EXPECT_EQ(sent.body, body) << "the provider refuses stream_options";
  EXPECT_FALSE(sent.hides_usage);
  Request speech(body, "", kSpeech);
  sent = send(speech, target(3));
  EXPECT_EQ(sent.body, body) << "the endpoint has none";
  EXPECT_FALSE(sent.hides_usage);
}

TEST_F(UpstreamRequestTest, WritesAHeadOfItsOwn) {
  Request request(R"({"model":"smart"})",
                  "content-type: application/json\r\naccept: text/event-stream\r\nopenai-beta: assistants=v2\r\n"
                  "idempotency-key: k-1\r\n");
  EXPECT_EQ(send(request, target(0)).head,
            "POST /v1/chat/completions HTTP/1.1\r\n"
            "host: api.up.test\r\n"
            "authorization: Bearer sk-gateway\r\n"
            "x-tenant: t1\r\n"
            "accept-encoding: identity\r\n"
            "user-agent: fluxgate/" FLUXGATE_VERSION "\r\n"
            "content-type: application/json\r\n"
            "accept: text/event-stream\r\n"
            "openai-beta: assistants=v2\r\n"
            "idempotency-key: k-1\r\n"
            "content-length: 23\r\n"
            "\r\n");
}

TEST_F(UpstreamRequestTest, WhatIsTheClientsOwnStaysHere) {
  Request request(R"({"model":"smart"})",
                  "Authorization: Bearer sk-client\r\nX-Api-Key: sk-client\r\nCookie: a=sk-client\r\n"
                  "OpenAI-Organization: org-client\r\nOpenAI-Project: proj-client\r\nUser-Agent: client/1\r\n"
                  "X-Forwarded-For: 10.1.1.1\r\nForwarded: for=10.1.1.1\r\nX-Stainless-Lang: py\r\n"
                  "Accept-Encoding: gzip\r\nConnection: keep-alive, x-secret\r\nX-Secret: sk-client\r\n"
                  "Proxy-Authorization: Basic sk-client\r\nTE: trailers\r\nExpect: 100-continue\r\n"
                  "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  for (const std::uint32_t index : {0U, 1U, 2U, 3U}) {
    const std::string head = send(request, target(index)).head;
    for (const char* never : {"sk-client", "org-client", "proj-client", "client/1", "10.1.1.1", "stainless", "gzip",
                              "x-secret", "X-Secret", "keep-alive", "trailers", "100-continue", "traceparent",
                              "host: gateway"}) {
      EXPECT_EQ(head.find(never), std::string::npos) << never << " in\n" << head;
    }
  }
}

TEST_F(UpstreamRequestTest, CarriesTheTraceOfOurSpan) {
  Request request(R"({"model":"smart"})", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  const auto callers =
      telemetry::TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1");
  request->trace = callers->child();
  const std::string head = send(request, target(0)).head;
  EXPECT_NE(head.find("\r\ntraceparent: " + request->trace->traceparent() + "\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\ntracestate: vendor=1\r\n"), std::string::npos);
  EXPECT_EQ(head.find("00f067aa0ba902b7"), std::string::npos) << "the caller's span is not ours";
}

TEST_F(UpstreamRequestTest, ABodyWithoutAModelIsLeftAlone) {
  Request request(R"({"input":"x"})");
  EXPECT_EQ(send(request, target(0)).body, R"({"input":"x"})");
}

TEST_F(UpstreamRequestTest, AFormFieldIsReplacedBare) {
  constexpr EndpointSpec kTranscribe{"/audio/transcriptions",
                                     telemetry::Endpoint::kAudio,
                                     BodyKind::kMultipart,
                                     dialects::openai::StreamGrammar::kOpaque,
                                     false,
                                     false,
                                     false};
  const std::string body = "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsmart\r\n--B--\r\n";
  Request request(body, "content-type: multipart/form-data; boundary=B\r\n", kTranscribe);
  request->scan.model = "smart";
  request->scan.model_value = {body.find("smart"), body.find("smart") + 5};
  const Sent sent = send(request, target(0));
  EXPECT_EQ(sent.body, "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-mini\r\n--B--\r\n");
  EXPECT_NE(sent.head.find("content-type: multipart/form-data; boundary=B\r\n"), std::string::npos);
}

}  // namespace
}  // namespace fluxgate::gateway
