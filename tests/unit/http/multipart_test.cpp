#include "fluxgate/http/multipart.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::http {
namespace {

TEST(Multipart, FindsTheBoundary) {
  struct Case {
    const char* content_type;
    std::optional<std::string> boundary;
  };
  for (const Case& c : {
           Case{"multipart/form-data; boundary=abc", "abc"},
           Case{"Multipart/Form-Data;boundary=abc", "abc"},
           Case{"multipart/form-data; charset=utf-8; Boundary=abc ; x=y", "abc"},
           Case{"multipart/form-data; boundary=\"a b;c\"", "a b;c"},
           Case{"  multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk", "----WebKitFormBoundary7MA4YWxk"},
           Case{"multipart/form-data", {}},
           Case{"multipart/form-data; boundary=", {}},
           Case{"multipart/form-data; boundary=\"\"", {}},
           Case{"multipart/form-data; boundary=\"abc", {}},
           Case{"multipart/form-data; xboundary=abc", {}},
           Case{"multipart/mixed; boundary=abc", {}},
           Case{"application/json; boundary=abc", {}},
           Case{"", {}},
       }) {
    EXPECT_EQ(multipart_boundary(c.content_type), c.boundary) << c.content_type;
  }
  EXPECT_TRUE(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')));
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')));
}

std::string part(const std::string& head, const std::string& value) {
  return "--B\r\n" + head + "\r\n\r\n" + value + "\r\n";
}
std::string field(const std::string& name, const std::string& value) {
  return part("Content-Disposition: form-data; name=\"" + name + "\"", value);
}
const std::string kEnd = "--B--\r\n";

void expect_value(const std::string& body, const std::string& value) {
  const auto result = find_form_field(body, "B", "model");
  ASSERT_TRUE(result) << body << ": " << result.error().message;
  ASSERT_TRUE(result->has_value()) << body;
  EXPECT_EQ((*result)->value, value) << body;
  EXPECT_EQ(body.substr((*result)->begin, (*result)->end - (*result)->begin), value) << body;
}

TEST(Multipart, FindsTheField) {
  expect_value(field("model", "whisper-1") + kEnd, "whisper-1");
  expect_value(field("file", "RIFF\r\n\r\n--\r\n-B") + field("model", "m") + field("x", "y") + kEnd, "m");
  expect_value("a preamble\r\n" + field("model", "m") + kEnd, "m");
  expect_value("\r\n" + field("model", "m") + kEnd, "m");
  expect_value(field("model", "m") + "--B--", "m");
  expect_value(field("model", "m") + "--B--\r\nan epilogue " + field("model", "other"), "m");
  expect_value(field("model", "") + kEnd, "");
  expect_value(field("model", "\r\n--b") + kEnd, "\r\n--b");
  expect_value(part("content-disposition:form-data;name=model", "m") + kEnd, "m");
  expect_value(part("Content-Type: text/plain\r\nCONTENT-DISPOSITION: form-data; NAME=\"model\"", "m") + kEnd, "m");
  expect_value(part("Content-Disposition: form-data; filename=\"a.wav\"; name=\"model\"", "m") + kEnd, "m");
  expect_value("--B \t\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n" + kEnd, "m");
}

TEST(Multipart, AFormWithoutTheField) {
  for (const std::string& body : {field("file", "x") + kEnd, field("Model", "x") + kEnd, std::string("--B--\r\n"),
                                  field("file", "name=\"model\"") + kEnd, field("models", "x") + kEnd,
                                  part("Content-Type: text/plain; name=\"model\"", "x") + kEnd,
                                  std::string("--B\r\n\r\nno head\r\n--B--")}) {
    const auto result = find_form_field(body, "B", "model");
    ASSERT_TRUE(result) << body << ": " << result.error().message;
    EXPECT_FALSE(result->has_value()) << body;
  }
}

TEST(Multipart, RefusesWhatIsMalformed) {
  std::string many;
  for (int i = 0; i < 1001; ++i) many += field("x", "y");
  for (const std::string& body : {
           std::string(),
           std::string("no boundary"),
           std::string("--A\r\n"),
           std::string("--B"),
           std::string("--B\r\n"),
           std::string("--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"),
           field("model", "m"),                                                    // not closed
           "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n" + kEnd,     // a head without an end
           part("X: " + std::string(9000, 'x'), "m") + kEnd,                       // an endless head
           many + kEnd,
       }) {
    const auto result = find_form_field(body, "B", "model");
    ASSERT_FALSE(result) << body.substr(0, 200);
    EXPECT_EQ(result.error().kind, ErrorKind::kBadRequest);
    EXPECT_EQ(result.error().source, ErrorSource::kClient);
  }
}

TEST(Multipart, RefusesTheFieldTwice) {
  const auto result = find_form_field(field("model", "a") + field("x", "y") + field("model", "b") + kEnd, "B", "model");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kBadRequest);
  EXPECT_EQ(result.error().param, "model");
  EXPECT_TRUE(find_form_field(field("x", "a") + field("x", "b") + field("model", "m") + kEnd, "B", "model"));
}

TEST(Multipart, EveryTruncationIsRefused) {
  const std::string whole = field("file", "abc") + field("model", "m") + "--B--";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(find_form_field(whole.substr(0, size), "B", "model")) << whole.substr(0, size);
  }
}

// What one reader takes for the model must not be something else for another (the gateway checks one, the provider
// serves the other).
TEST(Multipart, AQuotedValueIsNotReadAsParameters) {
  const auto result = find_form_field(
      part("Content-Disposition: form-data; filename=\"; name=model\"; name=\"file\"", "x") + kEnd, "B", "model");
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->has_value());
  expect_value(part("Content-Disposition: form-data; filename=\"a\\\"; name=x\"; name=\"model\"", "m") + kEnd, "m");
  expect_value(part("Content-Disposition: form-data; name = \"model\" ; x=y", "m") + kEnd, "m");
  EXPECT_EQ(multipart_boundary("multipart/form-data; x=\"; boundary=fake\"; boundary=real"), "real");
}

TEST(Multipart, RefusesWhatTwoReadersSeeDifferently) {
  for (const std::string& body : {
           part("Content-Disposition:\r\n form-data; name=\"model\"", "m") + kEnd,
           part("X: y\r\n\tz", "m") + field("model", "m") + kEnd,
           part("Content-Disposition : form-data; name=\"model\"", "m") + kEnd,
           part("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"model\"", "m") + kEnd,
           "--Bx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n" + kEnd,
           field("file", "x\r\n--Bx") + field("model", "m") + kEnd,
       }) {
    EXPECT_FALSE(find_form_field(body, "B", "model")) << body;
  }
}

TEST(Multipart, RefusesAPartWithoutABody) {
  EXPECT_FALSE(find_form_field("--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n--B--", "B", "model"));
}

}  // namespace
}  // namespace fluxgate::http
