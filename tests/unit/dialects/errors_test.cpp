#include "fluxgate/dialects/openai/errors.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace fluxgate::dialects::openai {
namespace {

using Json = nlohmann::json;

Error error_of(ErrorKind kind) { return {kind, ErrorSource::kGateway, Retry::kNo, "what \"happened\"\n\xff"}; }

TEST(OpenAiErrors, EveryKindMakesAWholeErrorObject) {
  constexpr int kKinds = static_cast<int>(ErrorKind::kConfig) + 1;
  for (int i = 0; i < kKinds; ++i) {
    const Error error = error_of(static_cast<ErrorKind>(i));
    const Json json = Json::parse(error_json(error));
    ASSERT_EQ(json.size(), 1U);
    const Json& inner = json.at("error");
    ASSERT_EQ(inner.size(), 4U) << inner;
    EXPECT_EQ(inner.at("message"), "what \"happened\"\n\xef\xbf\xbd");
    EXPECT_TRUE(inner.at("type").is_string());
    EXPECT_FALSE(inner.at("type").get<std::string>().empty());
    EXPECT_TRUE(inner.at("param").is_null());
    EXPECT_TRUE(inner.at("code").is_string());
    EXPECT_FALSE(inner.at("code").get<std::string>().empty());
    const int status = http_status(error);
    EXPECT_GE(status, 400) << i;
    EXPECT_LE(status, 599) << i;
    // Who is at fault decides the class, and so whether SDKs retry; the two 5xx of the client's own are RFC 9110's, and
    // 429 is the one 4xx that is worth a retry.
    const bool clients = inner.at("type") == "invalid_request_error";
    const bool own = status == 501 || status == 505;
    EXPECT_EQ(clients, (status < 500 && status != 429) || own) << i;
  }
}

struct Row {
  ErrorKind kind;
  int status;
};

TEST(OpenAiErrors, Statuses) {
  for (const Row& row : {Row{ErrorKind::kBadRequest, 400}, Row{ErrorKind::kNotFound, 404},
                         Row{ErrorKind::kModelNotFound, 404}, Row{ErrorKind::kMethodNotAllowed, 405},
                         Row{ErrorKind::kRequestTimeout, 408}, Row{ErrorKind::kPayloadTooLarge, 413},
                         Row{ErrorKind::kUriTooLong, 414}, Row{ErrorKind::kUnsupportedMedia, 415},
                         Row{ErrorKind::kExpectationFailed, 417}, Row{ErrorKind::kHeadTooLarge, 431},
                         Row{ErrorKind::kNotImplemented, 501}, Row{ErrorKind::kVersionUnsupported, 505},
                         Row{ErrorKind::kConnect, 502}, Row{ErrorKind::kUpstreamTimeout, 504},
                         Row{ErrorKind::kUpstreamReset, 502}, Row{ErrorKind::kNoTarget, 503},
                         Row{ErrorKind::kOverloaded, 503}, Row{ErrorKind::kDraining, 503},
                         Row{ErrorKind::kDeadline, 504}, Row{ErrorKind::kInternal, 500}}) {
    EXPECT_EQ(http_status(error_of(row.kind)), row.status) << to_string(row.kind);
  }
}

TEST(OpenAiErrors, CarriesParamAndCode) {
  Error error = client_error(ErrorKind::kBadRequest, "m");
  error.param = "a\"b";
  error.code = "unsupported_parameter";
  error.detail = "secret";
  const Json inner = Json::parse(error_json(error)).at("error");
  EXPECT_EQ(inner.at("param"), "a\"b");
  EXPECT_EQ(inner.at("code"), "unsupported_parameter");
  EXPECT_EQ(error_json(error).find("secret"), std::string::npos) << "detail is for the log only";
}

TEST(OpenAiErrors, AsAnEvent) {
  const std::string event = error_event(error_of(ErrorKind::kUpstreamReset));
  ASSERT_TRUE(event.starts_with("data: {"));
  ASSERT_TRUE(event.ends_with("}\n\n"));
  EXPECT_EQ(event.find('\n'), event.size() - 2) << "one line, whatever the message";
  EXPECT_TRUE(Json::parse(event.substr(6)).contains("error"));
}

}  // namespace
}  // namespace fluxgate::dialects::openai
