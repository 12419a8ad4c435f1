#include "fluxgate/json/write.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "fluxgate/base/random.hpp"

namespace fluxgate::json {
namespace {

const std::string kReplacement = "\xef\xbf\xbd";

std::string read_back(const std::string& text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : "(not JSON)";
}

TEST(Quoted, WritesWhatItIsGiven) {
  EXPECT_EQ(json::quoted(""), "\"\"");
  EXPECT_EQ(json::quoted("plain"), "\"plain\"");
  EXPECT_EQ(json::quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json::quoted("\n\r\t\b\f"), R"("\n\r\t\u0008\u000c")");
  EXPECT_EQ(json::quoted("\x7f"), R"("\u007f")");
  EXPECT_EQ(json::quoted(std::string_view("\0", 1)), R"("\u0000")");
  std::string out = "x=";
  append_quoted(out, "y");
  EXPECT_EQ(out, "x=\"y\"");
}

TEST(Quoted, EveryControlCharacterComesBack) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    EXPECT_EQ(read_back(json::quoted(text)), text) << c;
  }
}

TEST(Quoted, ValidUtf8IsKept) {
  for (const std::string text :
       {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80"}) {
    EXPECT_EQ(json::quoted(text), '"' + text + '"');
    EXPECT_EQ(read_back(json::quoted(text)), text);
  }
}

TEST(Quoted, InvalidUtf8IsReplaced) {
  for (const std::string bad : {
           "\x80", "\xbf",              // continuation bytes alone
           "\xc0\xaf", "\xc1\xbf",      // overlong
           "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
           "\xed\xa0\x80", "\xed\xbf\xbf",  // surrogates
           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe",  // above U+10FFFF
           "\xc3", "\xe4\xbd", "\xf0\x9f\x98",  // cut off
       }) {
    for (const std::string& after : {std::string(), std::string("x"), std::string("\"")}) {
      const std::string result = read_back(json::quoted("<" + bad + after));
      EXPECT_EQ(result.substr(0, 4), "<" + kReplacement) << bad;
      EXPECT_EQ(result.substr(result.size() - after.size()), after);
    }
  }
}

TEST(Quoted, AnyBytesBecomeValidJson) {
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random.next() % 12, '\0');
    for (char& c : text) c = static_cast<char>(random.next());
    EXPECT_NE(read_back(json::quoted(text)), "(not JSON)");
  }
}

}  // namespace
}  // namespace fluxgate::json
