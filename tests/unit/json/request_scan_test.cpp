#include "fluxgate/json/request_scan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fluxgate/base/buffer.hpp"

namespace fluxgate::json {
namespace {

// A copy of `text` in memory that ends right behind the padding, so that AddressSanitizer sees every byte too many.
class Padded {
 public:
  explicit Padded(std::string_view text) : bytes_(text.begin(), text.end()), size_(text.size()) {
    bytes_.resize(size_ + kPadding);
    bytes_.shrink_to_fit();
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  std::size_t size_;
};

Result<RequestScan> scan(std::string_view text) {
  Scanner scanner;
  return scanner.scan_request(Padded(text).text());
}

std::string cut(std::string_view text, Span span) {
  return std::string(text.substr(span.begin, span.end - span.begin));
}

struct Accepted {
  std::string text;
  std::string model;
  std::string model_value;  // as it stands in the text
};

TEST(RequestScan, FindsTheModel) {
  for (const Accepted& c : {
           Accepted{R"({"model":"gpt-4o"})", "gpt-4o", R"("gpt-4o")"},
           Accepted{R"( { "model" : "gpt-4o" , "stream" : false } )", "gpt-4o", R"("gpt-4o")"},
           Accepted{"\t\r\n{\"model\"\n:\t\"a\"\r\n,\"x\":1}\n", "a", "\"a\""},
           Accepted{R"({"messages":[{"role":"user","model":"inner"}],"model":"outer"})", "outer", R"("outer")"},
           Accepted{R"({"model":"gpt\u002d4\/o"})", "gpt-4/o", R"("gpt\u002d4\/o")"},
           Accepted{R"({"model":"a\"b\\c"})", "a\"b\\c", R"("a\"b\\c")"},
           Accepted{R"({"mod\u0065l":"escaped key"})", "escaped key", R"("escaped key")"},
           Accepted{R"({"model":"\ud83d\ude00"})", "\xf0\x9f\x98\x80", R"("\ud83d\ude00")"},
           Accepted{"{\"model\":\"mod\xc3\xa8le\"}", "mod\xc3\xa8le", "\"mod\xc3\xa8le\""},
           Accepted{R"({"model":""})", "", R"("")"},
           Accepted{R"({"x":"\"model\":\"no\"","model":"yes"})", "yes", R"("yes")"},
           Accepted{R"({"x":{"a":[1,{"model":"no"}]},"model":"yes","y":[[]]})", "yes", R"("yes")"},
       }) {
    const auto result = scan(c.text);
    ASSERT_TRUE(result) << c.text << ": " << result.error().message;
    EXPECT_EQ(result->model, c.model) << c.text;
    EXPECT_EQ(cut(c.text, result->model_value), c.model_value) << c.text;
    EXPECT_EQ(c.text[result->object_open - 1], '{') << c.text;
    EXPECT_EQ(result->object_open, c.text.find('{') + 1) << c.text;
  }
}

TEST(RequestScan, ModelMayBeAbsent) {
  for (const char* text : {"{}", " {\n} ", R"({"input":"x"})"}) {
    const auto result = scan(text);
    ASSERT_TRUE(result) << text;
    EXPECT_TRUE(result->model_value.empty()) << text;
    EXPECT_EQ(result->model, "");
  }
}

struct Refused {
  std::string text;
  std::string param;
};

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& c : cases) {
    const auto result = scan(c.text);
    ASSERT_FALSE(result) << c.text;
    EXPECT_EQ(result.error().kind, ErrorKind::kBadRequest) << c.text;
    EXPECT_EQ(result.error().source, ErrorSource::kClient) << c.text;
    EXPECT_EQ(result.error().param, c.param) << c.text << ": " << result.error().message;
  }
}

TEST(RequestScan, RefusesWhatIsNotOneObject) {
  expect_refused({{"", ""},
                  {"   ", ""},
                  {"null", ""},
                  {"[]", ""},
                  {"\"model\"", ""},
                  {"17", ""},
                  {"{", ""},
                  {R"({"model")", ""},
                  {R"({"model":)", ""},
                  {R"({"model":"a)", ""},
                  {R"({"model":"a")", ""},
                  {R"({"model":"a",})", ""},
                  {R"({"model" "a"})", ""},
                  {R"({"model":"a"}})", ""},
                  {R"({"model":"a"} x)", ""},
                  {R"({"model":"a"}{"model":"b"})", ""},
                  {R"({"model":"a"},)", ""},
                  {R"({'model':'a'})", ""},
                  {R"({"model":"a","x":nope})", ""},
                  {R"({"x":nul,"model":"a"})", ""},
                  {R"({"x":NaN,"model":"a"})", ""},
                  {R"({"x":01,"model":"a"})", ""},
                  {R"({"x":-,"model":"a"})", ""},
                  {R"({model:"a"})", ""},
                  {"\xef\xbb\xbf{\"model\":\"a\"}", ""},
                  {"{\"model\":\"\xff\"}", ""},
                  {"{\"model\":\"a\",\"x\":\"\xc3\"}", ""},
                  {"{\"model\":\"a\",\"x\":\"\xed\xa0\x80\"}", ""},
                  {std::string("\0{\"model\":\"a\"}", 14), ""}});
}

TEST(RequestScan, ModelIsAPlainString) {
  expect_refused({{R"({"model":null})", "model"},
                  {R"({"model":1})", "model"},
                  {R"({"model":["a"]})", "model"},
                  {R"({"model":{"a":1}})", "model"},
                  {R"({"model":true})", "model"},
                  {R"({"model":NaN})", "model"},
                  {R"({"model":"a\nb"})", "model"},
                  {R"({"model":"a\u0000b"})", "model"},
                  {R"({"model":"a\u001fb"})", "model"},
                  {R"({"model":"a\u007fb"})", "model"},
                  {"{\"model\":\"a\x7f\"}", "model"},
                  {R"({"model":"\ud800"})", "model"},
                  {R"({"model":"\x"})", "model"}});
}

TEST(RequestScan, KeysItActsOnOccurOnce) {
  expect_refused({{R"({"model":"a","model":"b"})", "model"},
                  {R"({"model":"a","model":"a"})", "model"},
                  {R"({"model":"a","mod\u0065l":"b"})", "model"},
                  {R"({"\u006dodel":"a","model":"b"})", "model"},
                  {R"({"stream":true,"model":"a","stream":false})", "stream"},
                  {R"({"stream_options":{},"stream_options":null})", "stream_options"},
                  {R"({"max_tokens":1,"max_tokens":2})", "max_tokens"},
                  {R"({"max_completion_tokens":1,"max_completion_tokens":2})", "max_completion_tokens"},
                  {R"({"max_output_tokens":1,"max_output_tokens":2})", "max_output_tokens"},
                  {R"({"stream_options":{"include_usage":true,"include_us\u0061ge":false}})", "stream_options"}});
  EXPECT_TRUE(scan(R"({"x":1,"x":2,"model":"a"})")) << "other keys are the upstream's business";
  EXPECT_TRUE(scan(R"({"model":"a","Model":"b"})")) << "keys are case-sensitive";
}

TEST(RequestScan, ClientsDoNotChooseTheUpstream) {
  for (const char* key : {"api_base", "base_url", "api_key", "custom_llm_provider"}) {
    const auto result = scan(std::string(R"({"model":"a",")") + key + R"(":"http://elsewhere"})");
    ASSERT_FALSE(result) << key;
    EXPECT_EQ(result.error().param, key);
    EXPECT_EQ(result.error().code, "unsupported_parameter");
  }
  EXPECT_FALSE(scan(R"({"model":"a","api\u005fbase":null})"));
  EXPECT_TRUE(scan(R"({"model":"a","metadata":{"api_base":"x"}})"));
}

TEST(RequestScan, ReadsStream) {
  EXPECT_TRUE(scan(R"({"stream":true})")->stream);
  EXPECT_TRUE(scan(R"({"str\u0065am": true })")->stream);
  EXPECT_FALSE(scan(R"({"stream":false})")->stream);
  EXPECT_FALSE(scan(R"({"stream":null})")->stream);
  EXPECT_FALSE(scan(R"({})")->stream);
  EXPECT_FALSE(scan(R"({"x":{"stream":true}})")->stream);
  expect_refused({{R"({"stream":"true"})", "stream"},
                  {R"({"stream":1})", "stream"},
                  {R"({"stream":truex})", "stream"},
                  {R"({"stream":nul})", "stream"},
                  {R"({"stream":nope})", "stream"},
                  {R"({"stream":nullx})", "stream"},
                  {R"({"stream":[]})", "stream"},
                  {R"({"stream":{}})", "stream"}});
}

struct Options {
  std::string value;                  // of stream_options
  std::optional<bool> include_usage;
};

TEST(RequestScan, ReadsStreamOptions) {
  for (const Options& c : {Options{"{}", {}},
                           Options{"{ }", {}},
                           Options{R"({"include_usage":true})", true},
                           Options{R"({ "include_usage" : false })", false},
                           Options{R"({"x":{"include_usage":true}})", {}},
                           Options{R"({"x":[1,2,"}"],"include_usage":true,"y":"\"}"})", true},
                           Options{R"({"include_us\u0061ge":true})", true},
                           Options{"null", {}}}) {
    for (const char* after : {"}", " ,\"model\":\"a\"}", "\n}\n"}) {
      const std::string text = R"({"stream":true,"stream_options" : )" + c.value + after;
      const auto result = scan(text);
      ASSERT_TRUE(result) << text << ": " << result.error().message;
      EXPECT_EQ(cut(text, result->stream_options), c.value) << text;
      EXPECT_EQ(result->include_usage, c.include_usage) << text;
      if (c.include_usage) {
        EXPECT_EQ(cut(text, result->include_usage_value), *c.include_usage ? "true" : "false") << text;
      } else {
        EXPECT_TRUE(result->include_usage_value.empty()) << text;
      }
    }
  }
  EXPECT_TRUE(scan("{}")->stream_options.empty());
}

TEST(RequestScan, RefusesOtherStreamOptions) {
  expect_refused({{R"({"stream_options":true})", "stream_options"},
                  {R"({"stream_options":nul})", "stream_options"},
                  {R"({"stream_options":nope,"model":"a"})", "stream_options"},
                  {R"({"stream_options":[]})", "stream_options"},
                  {R"({"stream_options":"{}"})", "stream_options"},
                  {R"({"stream_options":{"include_usage":1}})", "stream_options.include_usage"},
                  {R"({"stream_options":{"include_usage":null}})", "stream_options.include_usage"},
                  {R"({"stream_options":{"include_usage":"true"}})", "stream_options.include_usage"},
                  {R"({"stream_options":{"include_usage":tru}})", "stream_options.include_usage"},
                  {R"({"stream_options":{"include_usage" true}})", ""},
                  {R"({"stream_options":{"include_usage":true})", ""}});
}

TEST(RequestScan, ReadsTheTokenLimit) {
  EXPECT_EQ(scan(R"({"max_tokens":5})")->max_tokens, 5U);
  EXPECT_EQ(scan(R"({"max_completion_tokens":6})")->max_tokens, 6U);
  EXPECT_EQ(scan(R"({"max_output_tokens":7})")->max_tokens, 7U);
  for (const char* odd : {R"({"max_tokens":null})", R"({"max_tokens":-1})", R"({"max_tokens":1.5})",
                          R"({"max_tokens":"5"})"}) {
    const auto result = scan(odd);
    ASSERT_TRUE(result) << odd << ": what a number may be is for the upstream to say";
    EXPECT_FALSE(result->max_tokens.has_value()) << odd;
  }
}

TEST(RequestScan, DeepNestingIsNoProblem) {
  for (const std::size_t depth : {std::size_t{10}, std::size_t{1000}, std::size_t{200000}}) {
    const std::string open(depth, '[');
    const std::string close(depth, ']');
    const auto result = scan(R"({"x":)" + open + close + R"(,"model":"a"})");
    if (result) {
      EXPECT_EQ(result->model, "a");  // accepted or refused, but never a crash
    }
    EXPECT_FALSE(scan(R"({"x":)" + open));
    EXPECT_FALSE(scan(R"({"x":)" + open + R"(,"model":"a"})"));
  }
  const auto shallow = scan(R"({"x":)" + std::string(100, '[') + std::string(100, ']') + R"(,"model":"a"})");
  ASSERT_TRUE(shallow);
  EXPECT_EQ(shallow->model, "a");
}

TEST(RequestScan, AHugeBodyIsScannedAndForgotten) {
  Scanner scanner;
  const Padded huge(R"({"x":")" + std::string(5 * 1024 * 1024, 'y') + R"(","model":"big"})");
  const Padded small(R"({"model":"small"})");
  for (int round = 0; round < 3; ++round) {
    const auto big = scanner.scan_request(huge.text());
    ASSERT_TRUE(big);
    EXPECT_EQ(big->model, "big");
    const auto little = scanner.scan_request(small.text());
    ASSERT_TRUE(little);
    EXPECT_EQ(little->model, "small");
    ASSERT_TRUE(scanner.scan_response(small.text()));
  }
}

TEST(RequestScan, AFailedScanLeavesTheScannerUsable) {
  Scanner scanner;
  const Padded good(R"({"model":"a","stream":true})");
  for (const char* text :
       {"", "{", R"({"model":)", R"({"model":1})", "[", R"({"stream_options":{"include_usage":1}})"}) {
    EXPECT_FALSE(scanner.scan_request(Padded(text).text())) << text;
    const auto result = scanner.scan_request(good.text());
    ASSERT_TRUE(result) << "after " << text;
    EXPECT_EQ(result->model, "a");
    EXPECT_TRUE(result->stream);
  }
}

TEST(RequestScan, ScannersMove) {
  Scanner first;
  Scanner second = std::move(first);
  first = Scanner();
  EXPECT_TRUE(first.scan_request(Padded("{}").text()));
  EXPECT_TRUE(second.scan_request(Padded("{}").text()));
}

// A buffer's slack is what the gateway scans over.
static_assert(Buffer::kSlack >= kPadding);

TEST(RequestScan, NumbersOfAnySizeAreJsonAndNothingElseIs) {
  Scanner scanner;
  const auto accepted = [&](const std::string& number) {
    std::string text = R"({"model":"m","x":)" + number + R"( ,"y":)" + number + "}";
    const std::size_t size = text.size();
    text.resize(size + kPadding);
    return scanner.scan_request(std::string_view(text).substr(0, size)).has_value();
  };
  for (const char* number : {"0", "-0", "10", "1.5", "-0.25", "1e5", "1E+05", "2e-3", "123456789012345678901234567890",
                             "1e999", "-99999999999999999999.5e10"}) {
    EXPECT_TRUE(accepted(number)) << number;
  }
  for (const char* number : {"01", "-", "-01", "1.", "1.e5", "1e", "1e+", "0x10", "1_0", "--1", "1.2.3", "-Infinity"}) {
    EXPECT_FALSE(accepted(number)) << number;
  }
}

}  // namespace
}  // namespace fluxgate::json
