#include "fluxgate/sensitivity/detectors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace fluxgate::sensitivity {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Detectors make(config::Sensitivity config) {
  auto made = Detectors::make(config);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

config::Sensitivity with(std::vector<std::string> detectors) {
  config::Sensitivity config;
  config.detectors = std::move(detectors);
  return config;
}

std::string refusal(const config::Sensitivity& config) {
  auto made = Detectors::make(config);
  EXPECT_FALSE(made);
  if (made) return {};
  EXPECT_EQ(made.error().kind, ErrorKind::kConfig);
  return made.error().message;
}

TEST(Detectors, NothingConfiguredFindsNothing) {
  const auto detectors = make({});
  EXPECT_TRUE(detectors.empty());
  Findings findings;
  detectors.scan("ada@example.com, 4111 1111 1111 1111", findings);
  EXPECT_FALSE(findings.any());
}

TEST(Detectors, AllNamesEveryBuiltInOnceInOrder) {
  const auto detectors = make(with({"all", "email"}));
  ASSERT_EQ(detectors.detectors().size(), builtins().size());
  for (std::size_t i = 0; i < builtins().size(); ++i) {
    EXPECT_EQ(detectors.detectors()[i].name, builtins()[i].name);
    EXPECT_EQ(detectors.detectors()[i].label, builtins()[i].label);
    EXPECT_TRUE(builtins()[i].label == "pii" || builtins()[i].label == "secret");
  }
}

TEST(Detectors, CountsAndLabelsAddUpOverTexts) {
  const auto detectors = make(with({"email", "us_ssn", "jwt", "private_key"}));
  Findings findings;
  detectors.scan("ada@example.com and bob@example.org", findings);
  detectors.scan("nothing here", findings);
  detectors.scan("carol@example.net, 123-45-6789", findings);
  EXPECT_EQ(findings.count(0), 3u);
  EXPECT_EQ(findings.count(1), 1u);
  EXPECT_EQ(findings.labels(), 1u);
  detectors.scan(
      "-----BEGIN RSA "
      "PRIVATE KEY-----",
      findings);
  EXPECT_EQ(findings.labels(), 3u);
  EXPECT_EQ(findings.count(99), 0u);
}

TEST(Detectors, LabelsOfPatternsAndRequirementsFollow) {
  config::Sensitivity config = with({"email"});
  config.patterns.push_back({"ticket", "TICK-[0-9]{4}", "internal", {}});
  config.patterns.push_back({"badge", "B[0-9]{6}", "pii", {}});
  config.require = {{"internal", {"on_prem"}}, {"medical", {"eu"}}};
  const auto detectors = make(config);
  EXPECT_THAT(detectors.labels(), ElementsAre("pii", "secret", "internal", "medical"));
  Findings findings;
  detectors.scan("see TICK-1234, TICK-9999", findings);
  EXPECT_EQ(findings.labels(), 4u);
  EXPECT_EQ(findings.count(1), 1u);  // a pattern counts texts
  detectors.scan("B123456 of TICK-0001", findings);
  EXPECT_EQ(findings.labels(), 5u);
  EXPECT_EQ(findings.count(1), 2u);
  EXPECT_EQ(findings.count(2), 1u);
}

TEST(Detectors, OnePatternAlone) {
  config::Sensitivity config;
  config.patterns.push_back({"codename", "(?i)project\\s+bluebird", "internal", {}});
  const auto detectors = make(config);
  Findings findings;
  detectors.scan("about Project  Bluebird, in secret", findings);
  EXPECT_EQ(findings.labels(), 4u);
  EXPECT_EQ(detectors.detectors()[0].bit, 4u);
}

TEST(Detectors, UnknownNamesAreRefusedWithTheNearest) {
  EXPECT_EQ(refusal(with({"emial"})),
            "sensitivity.detectors: there is no detector \"emial\" (did you mean \"email\"?)");
  EXPECT_THAT(refusal(with({"card"})), HasSubstr("did you mean \"credit_card\"?"));
  EXPECT_THAT(refusal(with({"github-token"})), HasSubstr("did you mean \"github_token\"?"));
  EXPECT_EQ(refusal(with({"horoscope"})), "sensitivity.detectors: there is no detector \"horoscope\"");
}

TEST(Detectors, BadPatternsAreRefusedByName) {
  config::Sensitivity config;
  config.patterns.push_back({"broken", "(unclosed", "pii", {"fluxgate.yaml", 12, 5}});
  EXPECT_THAT(refusal(config),
              HasSubstr("fluxgate.yaml:12: sensitivity.patterns.broken: RE2 cannot compile it: missing )"));
  config.patterns[0].regex = "(a)\\1";
  EXPECT_THAT(refusal(config), HasSubstr("invalid escape sequence"));
  config.patterns[0].regex = "a*";
  EXPECT_THAT(refusal(config), HasSubstr("matches the empty text"));
}

TEST(Detectors, AtMostSixtyFourLabels) {
  config::Sensitivity config;
  for (int i = 0; i < 62; ++i) config.patterns.push_back({"p" + std::to_string(i), "x", "l" + std::to_string(i), {}});
  EXPECT_EQ(make(config).labels().size(), 64u);
  config.require["one_more"] = {"on_prem"};
  EXPECT_THAT(refusal(config), HasSubstr("65 labels; 64 are possible"));
}

TEST(Detectors, AnyBytesAreText) {
  const auto detectors = make(with({"all"}));
  std::string text;
  for (int c = 0; c < 256; ++c) text.push_back(static_cast<char>(c));
  text += std::string(3, '\0') + "\xff ada@example.com \xfe\x80";
  Findings findings;
  detectors.scan(text, findings);
  EXPECT_EQ(findings.count(0), 1u);
}

TEST(Detectors, SharedByThreads) {
  config::Sensitivity config = with({"all"});
  config.patterns.push_back({"ticket", "TICK-[0-9]{4}", "internal", {}});
  config.patterns.push_back({"badge", "B[0-9]{6}", "pii", {}});
  const auto detectors = make(config);
  const auto work = [&detectors] {
    for (int i = 0; i < 200; ++i) {
      Findings findings;
      detectors.scan("TICK-1234 of ada@example.com, IBAN DE89 3704 0044 0532 0130 00", findings);
      EXPECT_EQ(findings.labels(), 5u);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

// Texts made of whatever wakes a detector up: none may cost more than the work of one pass. The bound is generous; a
// scan that looked at the rest of the text at each anchor would take minutes.
TEST(Detectors, LinearOnHostileTexts) {
  const auto detectors = make(with({"all"}));
  for (const std::string unit : {"@",
                                 "a@",
                                 "a@b.",
                                 "x:y@",
                                 "1",
                                 "1 ",
                                 "1.",
                                 "1-",
                                 "1/1/",
                                 "4111 ",
                                 "4111-",
                                 "+1 ",
                                 "(415) ",
                                 "2001:",
                                 "2a00::",
                                 "AB12",
                                 "DE89",
                                 "AKIA",
                                 "sk-",
                                 "ghp_",
                                 "xoxb-",
                                 "eyJ",
                                 "eyJ.ey",
                                 "-",
                                 "- ",
                                 "-----BEGIN ",
                                 "password=",
                                 "password='",
                                 "token:\"",
                                 "secret: a1",
                                 "phone 1 ",
                                 "born 1.1.",
                                 "passport 1 ",
                                 "\xc3\xa9"
                                 "1",
                                 "_",
                                 "=",
                                 ":"}) {
    std::string text;
    while (text.size() < (1u << 20)) text += unit;
    Findings findings;
    const auto start = std::chrono::steady_clock::now();
    detectors.scan(text, findings);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << unit;
  }
}

}  // namespace
}  // namespace fluxgate::sensitivity
