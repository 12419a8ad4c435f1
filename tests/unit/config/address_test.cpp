#include "fluxgate/config/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fluxgate::config {
namespace {

TEST(Address, ReadsHostAndPort) {
  struct Case {
    std::string text, host;
    int port;
  };
  for (const auto& c : std::vector<Case>{{"127.0.0.1:8080", "127.0.0.1", 8080},
                                         {"localhost:0", "localhost", 0},
                                         {"[::1]:65535", "::1", 65535},
                                         {"a-b.example.com:1", "a-b.example.com", 1}}) {
    const auto address = parse_address(c.text);
    ASSERT_TRUE(address) << c.text;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
  }
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const std::string text : {"", "localhost", ":8080", "*:8080", "a:", "a:65536", "a:-1", "a:8x", "::1:8080",
                                 "[::1]",
                                 "[::1:80", "[localhost]:80", "[::1]80", "a b:1", "-a:1", "a..b:1", "127.1:80", "1:80",
                                 "0x7f000001:80", "256.0.0.1:80", "a:000080", "a/b:1"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(BaseUrl, ReadsItsParts) {
  struct Case {
    std::string text;
    bool tls;
    std::string host;
    int port;
    std::string path;
  };
  for (const auto& c : std::vector<Case>{{"https://api.openai.com/v1", true, "api.openai.com", 443, "/v1"},
                                         {"HTTP://Host:81/a/b/", false, "host", 81, "/a/b"},
                                         {"http://[fe80::1]:8000", false, "fe80::1", 8000, ""},
                                         {"https://7b/", true, "7b", 443, ""}}) {
    const auto url = parse_base_url(c.text);
    ASSERT_TRUE(url) << c.text;
    EXPECT_EQ(url->tls, c.tls);
    EXPECT_EQ(url->host, c.host);
    EXPECT_EQ(url->port, c.port);
    EXPECT_EQ(url->path, c.path);
  }
}

TEST(BaseUrl, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"api.openai.com", "http:// or https://"},
      {"ftp://a/", "http:// or https://"},
      {"https://", "host is missing"},
      {"https:///v1", "host is missing"},
      {"https://user:pw@a/v1", "user name"},
      {"https://a/v1?x=1", "query"},
      {"https://a#x", "fragment"},
      {"https://a:0/", "port 0"},
      {"https://a:x/", "port"},
      {"https://a/v 1", "character"},
      {"https://a\\b/", "neither a name nor"},
      {"http://2130706433/", "neither a name nor"},
  };
  for (const auto& [text, part] : cases) {
    const auto url = parse_base_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().message, testing::HasSubstr(part)) << text;
  }
}

TEST(Hosts, LoopbackAndPrivate) {
  for (const std::string host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST", "a.localhost",
                                 "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
    EXPECT_TRUE(is_private_address(host)) << host;
  }
  for (const std::string host : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
                                 "100.64.0.1", "0.0.0.0", "::", "fd00::1", "fe80::1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
    EXPECT_TRUE(is_private_address(host)) << host;
  }
  for (const std::string host : {"vllm", "a.local", "a.b.internal", "x.default.svc"}) {
    EXPECT_FALSE(is_private_address(host)) << host;  // who knows what it resolves to
    EXPECT_TRUE(is_private_host(host)) << host;
  }
  for (const std::string host : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:4860::1", "example.com",
                                 "notlocalhost.com", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(is_private_host(host)) << host;
  }
}

}  // namespace
}  // namespace fluxgate::config
