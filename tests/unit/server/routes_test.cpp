#include "server/routes.hpp"

#include <gtest/gtest.h>

namespace fluxgate::server {
namespace {

using http::Method;
using telemetry::Endpoint;

struct Found {
  Method method;
  const char* path;
  Handler handler;
  Endpoint label;
};

TEST(Routes, Found) {
  for (const Found& c : {
           Found{Method::kPost, "/v1/chat/completions", Handler::kPipeline, Endpoint::kChatCompletions},
           Found{Method::kPost, "/v1/completions", Handler::kPipeline, Endpoint::kCompletions},
           Found{Method::kPost, "/v1/embeddings", Handler::kPipeline, Endpoint::kEmbeddings},
           Found{Method::kPost, "/v1/moderations", Handler::kPipeline, Endpoint::kModerations},
           Found{Method::kPost, "/v1/responses", Handler::kPipeline, Endpoint::kResponses},
           Found{Method::kPost, "/v1/rerank", Handler::kPipeline, Endpoint::kRerank},
           Found{Method::kPost, "/v1/images/generations", Handler::kPipeline, Endpoint::kImages},
           Found{Method::kPost, "/v1/images/edits", Handler::kPipeline, Endpoint::kImages},
           Found{Method::kPost, "/v1/audio/speech", Handler::kPipeline, Endpoint::kAudio},
           Found{Method::kPost, "/v1/audio/transcriptions", Handler::kPipeline, Endpoint::kAudio},
           Found{Method::kGet, "/v1/models", Handler::kListModels, Endpoint::kModels},
           Found{Method::kHead, "/v1/models", Handler::kListModels, Endpoint::kModels},
           Found{Method::kGet, "/v1/models/gpt-4o", Handler::kShowModel, Endpoint::kModels},
           Found{Method::kGet, "/v1/models/meta/llama", Handler::kShowModel, Endpoint::kModels},
           Found{Method::kHead, "/v1/models/gpt-4o", Handler::kShowModel, Endpoint::kModels},
       }) {
    const auto match = find_route(c.method, c.path);
    ASSERT_NE(match.row, nullptr) << c.path;
    EXPECT_TRUE(match.path_known);
    EXPECT_EQ(match.row->handler, c.handler) << c.path;
    EXPECT_EQ(match.row->endpoint.label, c.label) << c.path;
  }
}

TEST(Routes, ExactRowsComeBeforePrefixes) {
  EXPECT_EQ(find_route(Method::kPost, "/v1/audio/speech").row->endpoint.body, gateway::BodyKind::kJson);
  EXPECT_EQ(find_route(Method::kPost, "/v1/audio/translations").row->endpoint.body, gateway::BodyKind::kMultipart);
  EXPECT_EQ(find_route(Method::kPost, "/v1/images/generations").row->endpoint.body, gateway::BodyKind::kJson);
  EXPECT_EQ(find_route(Method::kPost, "/v1/images/variations").row->endpoint.body, gateway::BodyKind::kEither);
}

struct Wrong {
  Method method;
  const char* path;
  const char* allow;
};

TEST(Routes, AnotherMethod) {
  for (const Wrong& c : {Wrong{Method::kGet, "/v1/chat/completions", "POST"},
                         Wrong{Method::kHead, "/v1/chat/completions", "POST"},
                         Wrong{Method::kPut, "/v1/embeddings", "POST"},
                         Wrong{Method::kDelete, "/v1/audio/speech", "POST"},
                         Wrong{Method::kOptions, "/v1/images/edits", "POST"},
                         Wrong{Method::kPost, "/v1/models", "GET, HEAD"},
                         Wrong{Method::kDelete, "/v1/models/gpt-4o", "GET, HEAD"}}) {
    const auto match = find_route(c.method, c.path);
    EXPECT_EQ(match.row, nullptr) << c.path;
    EXPECT_TRUE(match.path_known) << c.path;
    EXPECT_EQ(match.allow, c.allow) << c.path;
  }
}

TEST(Routes, Unknown) {
  for (const char* path : {"/", "", "*", "/v1", "/v1/", "/v1/chat", "/v1/chat/completions/", "/v1/chat/completions/x",
                           "/v1/chat/completion", "/v2/chat/completions", "/chat/completions", "/V1/chat/completions",
                           "/v1/models/", "/v1/images/", "/v1/images", "/v1/audio", "/v1/audio/", "/v1/modelsx",
                           "/v1/files", "/metrics", "/healthz"}) {
    const auto match = find_route(Method::kPost, path);
    EXPECT_EQ(match.row, nullptr) << path;
    EXPECT_FALSE(match.path_known) << path;
  }
}

}  // namespace
}  // namespace fluxgate::server
