// Known answers for each built-in detector: what it must find, and what looks like it and must be left alone. All texts
// are also run through every other detector (EveryNegativeIsQuiet), because a false alarm of any of them binds a
// request.
//
// Keys are written in two pieces, so that the scanners of code hosts do not take this file for a leak.
#include <gtest/gtest.h>

#include "fluxgate/sensitivity/detectors.hpp"

namespace fluxgate::sensitivity {
namespace {

struct Known {
  std::string_view detector;
  std::vector<std::string> positives;
  std::vector<std::string> negatives;  // hard ones
};

const std::vector<Known>& known() {
  static const std::vector<Known> all{
      {"email",
       {"ada@example.com", "Write to ada.lovelace+test@mail.example.co.uk.", "<mailto:a_b%c@x-y.org>",
        "o'neil@example.ie", "\"ada@example.com\"", "(ada@example.com)", "mail:ada@example.com"},
       {"@Override public void run()", "user@localhost", "npm install lodash@4.17.21 @scope/package@1.2.3",
        "icon@2x.png and logo@3x.jpg", "git clone git@github.com:owner/repo.git", "a @ b.com", "@ada on example.com",
        "x@y", "matrix A@B.T", "ada.@example.com", "price: 3 @ 4.99", "actions/checkout@v4.1.0",
        "def f(x): return a@b"}},
      {"phone",
       {"+49 30 901820", "call +1 (415) 555-2671 now", "+14155552671", "+44 (0)20 7946 0958", "tel:+33-1-42-68-53-00",
        "My phone is 415-555-2671", "call me at (415) 555-2671", "Tel. 030 901820", "mobile: 07911 123456",
        "WhatsApp 5511987654321", "Telefon: 089/1234567", "contact: 1-415-555-2671", "téléphone : 01 42 68 53 00"},
       {"order 4155552671", "2024-01-15T10:00:00+00:00", "UTC+05:30", "1+23456789 = x", "a number like 415-555-2671",
        "phone order no. 4500012345", "version 10.15.7", "phone call on 2024-01-15", "mobile client at 192.168.10.12",
        "id: 550e8400-e29b-41d4-a716-446655440000", "ISBN 978-3-16-148410-0", "C++11 and +15 points", "+123",
        "phone has 64 GB", "call 12345678", "f(x)+12345678", "1700000000000"}},
      {"credit_card",
       {"4111111111111111", "4242 4242 4242 4242", "5555-5555-5555-4444", "378282246310005", "3782 822463 10005",
        "6011111111111117.", "card: 30569309025904", "3566002020360505", "2223003122003222", "card=4111111111111111;",
        "Visa 4222222222222"},
       {"4111111111111112", "4111 1111 1111 1112", "order 1234567812345678", "0.4111111111111111",
        "id-4111111111111111", "a4111111111111111", "41111111111111111111", "4111-1111-1111-1111-22",
        "4111 1111-1111 1111", "30569309025904", "4222222222222", "4444444444444444444", "1700000000000000",
        "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709", "/v1/items/4111111111111111", "0000 0000 0000 0000",
        "4111 1111 1111", "EAN 4006381333931"}},
      {"iban",
       {"DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "FR1420041010050500013M02606",
        "IBAN: NL91ABNA0417164300", "NO9386011117947", "BE68 5390 0754 7034.", "(CH9300762011623852957)"},
       {"DE89370400440532013001", "GB29 NWBK 6016 1331 9268 18", "XX89370400440532013000", "DE8937040044053201300",
        "DE893704004405320130000", "XDE89370400440532013000", "US12 3456 7890", "GB29", "MD5 IT60 and IT60X05428",
        "de89370400440532013000"}},
      {"us_ssn",
       {"123-45-6789", "SSN 123456789", "ssn: 123 45 6789", "Social Security number: 856451234",
        "My number is 219-09-9998."},
       {"000-12-3456", "666-12-3456", "900-12-3456", "123-00-6789", "123-45-0000", "078-05-1120", "123456789",
        "123 45 6789", "0123-45-6789", "123-45-67890", "123-45-6789-01", "part A-123-45-6789", "555-1234",
        "security update 123456789", "123-456-789"}},
      {"uk_nino",
       {"AB 12 34 56 C", "NINO AB123456C", "National Insurance number: JG103759A", "AB 123456 C", "(SC 12 34 56 D)"},
       {"AB123456C", "part AB123456C", "QQ 12 34 56 C", "GB 12 34 56 A", "AB 12 34 56 E", "AO 12 34 56 A",
        "AB 12 34 56", "XAB 12 34 56 C", "DA 12 34 56 C", "AB 12 34 56 CX"}},
      {"ip_address",
       {"from 52.14.3.9 today", "8.8.4.200", "DNS 8.8.8.8", "http://52.95.110.1/path", "[2a00:1450:4001:81b::200e]",
        "2606:4700:4700::1111", "2a02:8071:1:2:3:4:5:6", "client=81.2.69.142:443"},
       {"127.0.0.1",
        "10.1.2.3",
        "192.168.1.20",
        "172.20.0.5",
        "203.0.113.7",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.251",
        "version 10.15.7.26",
        "v52.14.3.9",
        "1.2.3.4",
        "1.2.3.4.5",
        "52.14.3.0/24",
        "Chrome/52.14.3.9",
        "256.1.1.1",
        "52.014.3.9",
        "fe80::1",
        "::1",
        "2001:db8::1",
        "std::vector",
        "2024:01:15",
        "10:30:45",
        "aa:bb:cc:dd:ee:ff",
        "2a00:1450",
        "a52.14.3.9",
        "52.14.3.9a",
        "fd12:3456::1",
        "pip install x==20.1.22.3.1"}},
      {"date_of_birth",
       {"born 12.03.1984", "DOB: 1984-03-12", "date of birth 03/12/84", "She was born on 12 March 1984",
        "birthday: March 12, 1984", "geboren am 3.12.1984", "Birthdate=1984/03/12", "born on the 3rd Mar 1984"},
       {"released 2024-01-15", "1984-03-12", "born in 1984", "DOB: 13/13/1984", "DOB 1984-02-31",
        "birth rate 3.14, 15.92", "a star was born. Later, in the year of the great fire, on 12.03.1984",
        "born 1984-03-12T10:00:00Z", "DOB v1.2.3", "birthday on March 12"}},
      {"passport",
       {"passport C01X00T47", "Passport No: 533380006", "passport number AB123456", "Reisepass: C01X00T47."},
       {"C01X00T47", "533380006", "passport office 12345", "passport.js 0.7.12345678", "passport expires 2031-12-31",
        "passport-10234567x", "passport ABCDEFGHI", "passport deadbeef12345678"}},
      {"aws_access_key",
       {"AKIA"
        "IOSFODNN7EXAMPLE",
        "key=ASIA"
        "Y34FZKBOKMUTVV7A;"},
       {"AKIA"
        "IOSFODNN7EXAMPL",
        "AKIA"
        "IOSFODNN7EXAMPLEX",
        "AKIA"
        "iosfodnn7example",
        "XAKIA"
        "IOSFODNN7EXAMPLE",
        "AKIAB", "ASIA is a continent", "ASIAPACIFIC"}},
      {"openai_key",
       {"sk-"
        "abcdefGHIJ1234567890abcdefGHIJ1234567890abcdefGH",
        "\"sk-"
        "proj-Ab3dEf6hIj9kLmN0pQrStUvWx_yZ12-34567890abcdef\"",
        "sk-"
        "or-v1-0123456789abcdef0123456789abcdef",
        "sk-"
        "0123456789abcdef0123456789abcdef"},
       {"sk-learn", "sk-spinner-double-bounce-animation-wrapper", "task-1234567890abcdefghij1234", "sk-12345",
        "disk-0123456789abcdef0123456789abcdef", "sk-SK-locale-settings-for-slovakia"}},
      {"anthropic_key",
       {"sk-"
        "ant-api03-Ab3dEf6hIj9kLmN0pQrStUvWx_yZ12-34567890abcdefAAAA"},
       {"sk-ant-colony-simulation-in-python", "sk-ant-api03", "ant-api03-Ab3dEf6hIj9kLmN0pQrStUvWx"}},
      {"google_api_key",
       {"AIza"
        "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "?key=AIza"
        "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q&x=1"},
       {"AIza"
        "SyA1b2C3d4E5",
        "AIzaSy",
        "AIza"
        "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6QRR"}},
      {"github_token",
       {"ghp_"
        "16C7e42F292c6912E7710c838347Ae178B4a",
        "ghs_"
        "16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_"
        "11AAAAAAA0abcdefghijkl_0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN"},
       {"ghp_short", "ghp_16C7e42F", "github_pat_example", "my_ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_actions"}},
      {"slack_token",
       {"xoxb-"
        "123456789012-1234567890123-4mt0t4l1yL3g1T5L4cK70k3N",
        "xapp-"
        "1-A111-222-abcdef0123456789abcdef"},
       {"xoxb-1", "xoxo-hugs-and-kisses", "foxoxb-123456789012-1234567890123", "xapp-name"}},
      {"stripe_key",
       {"sk_live_"
        "4eC39HqLyjWDarjtT1zdp7dc",
        "rk_test_"
        "4eC39HqLyjWDarjtT1zdp7dc",
        "whsec_"
        "4eC39HqLyjWDarjtT1zdp7dcAB12"},
       {"pk_live_4eC39HqLyjWDarjtT1zdp7dc", "sk_live_short", "risk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "sk_test_mode_enabled"}},
      {"private_key",
       {"-----BEGIN RSA "
        "PRIVATE KEY-----\nMIIE",
        "-----BEGIN "
        "PRIVATE KEY-----",
        "-----BEGIN OPENSSH "
        "PRIVATE KEY-----",
        "-----BEGIN PGP "
        "PRIVATE KEY BLOCK-----",
        "-----BEGIN ENCRYPTED "
        "PRIVATE KEY-----"},
       {"-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----", "----- PRIVATE KEY -----", "BEGIN PRIVATE KEY",
        "| --- | ------- |", "-----BEGIN PRIVATE KEY"}},
      {"jwt",
       {"eyJ"
        "hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "eyJ"
        "0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk."},
       {"eyJ"
        "hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "eyJ"
        "hbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.",
        "eyJ"
        "0aGVtZSI6ImRhcmsifQ.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "heyJude", "a.b.c"}},
      {"generic_secret",
       {"password: hunter2", "DB_PASSWORD=Tr0ub4dor&3", "\"client_secret\": \"9f8b7c6d5e4f3a2b1c0d\"",
        "api_key = 'a8Kd93jfLs0dk2Lw'", "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz9KEY",
        "authToken: 7f3a9c2e1b4d8f6a0c5e", "postgres://app:s3cr3tpw@db.internal.net/x", "**Password**: Winter2024!",
        "passwd := \"x9!kQ2\"", "Authorization: Bearer 7f3a9c2e1b4d8f6a0c5e"},
       {"password: string",
        "password = getpass()",
        "if (password == other1)",
        "token: str = None",
        "max_tokens: 4096",
        "password: ${DB_PASSWORD1}",
        "password=<your-password-1>",
        "secret: ********",
        "token = config.s3_token",
        "Password: must be 8 characters long",
        "next_page_token: \"CAUQAA1b2c3d4e5f\"",
        "PublicKeyToken=b77a5c561934e089",
        "PWD=/home/ada/project1",
        "password: os.environ['PW1']",
        "token_count = 123456789012",
        "api_key: YOUR_API_KEY_123",
        "postgres://user:password@localhost/db",
        "https://host:8080/a@b",
        "cost_per_token: 0.0000015",
        "the secret: never give up",
        "password = password2",
        "token: 2024-01-15T10:00:00Z",
        "secret: 1700000000000000",
        "std::token::a1b2c3d4e5f6g7"}},
  };
  return all;
}

std::string spell(const Detectors& detectors, const Findings& findings) {
  std::string out;
  for (std::size_t i = 0; i < detectors.detectors().size(); ++i) {
    if (findings.count(i) == 0) continue;
    out += (out.empty() ? "" : ", ") + detectors.detectors()[i].name + " x" + std::to_string(findings.count(i));
  }
  return out;
}

Detectors make(std::string_view name) {
  config::Sensitivity config;
  config.detectors = {std::string(name)};
  return Detectors::make(config).value();
}

TEST(Builtins, EveryOneHasKnownAnswers) {
  ASSERT_EQ(known().size(), builtins().size());
  for (std::size_t i = 0; i < known().size(); ++i) {
    EXPECT_EQ(known()[i].detector, builtins()[i].name);
    EXPECT_FALSE(known()[i].positives.empty());
    EXPECT_GE(known()[i].negatives.size(), 3u);
  }
}

TEST(Builtins, PositivesAreFoundOnce) {
  for (const Known& row : known()) {
    const auto alone = make(row.detector);
    for (const auto& text : row.positives) {
      for (const auto& [before, after] :
           {std::pair<std::string, std::string>{"", ""}, {"Hello there, ", " and more"}, {"\n", "\n"}}) {
        Findings findings;
        alone.scan(before + text + after, findings);
        EXPECT_EQ(findings.count(0), 1u) << row.detector << " in: " << before << text << after;
      }
    }
  }
}

// With all detectors on, a find is still made, and by nothing else.
TEST(Builtins, PositivesAreFoundByNoOther) {
  const auto all = make("all");
  for (const Known& row : known()) {
    for (const auto& text : row.positives) {
      Findings findings;
      all.scan(text, findings);
      EXPECT_EQ(spell(all, findings), std::string(row.detector) + " x1") << text;
    }
  }
}

TEST(Builtins, HardNegativesAreLeftAlone) {
  for (const Known& row : known()) {
    const auto alone = make(row.detector);
    for (const auto& text : row.negatives) {
      Findings findings;
      alone.scan(text, findings);
      EXPECT_FALSE(findings.any()) << row.detector << " in: " << text;
    }
  }
}

TEST(Builtins, EveryNegativeIsQuiet) {
  const auto all = make("all");
  for (const Known& row : known()) {
    for (const auto& text : row.negatives) {
      Findings findings;
      all.scan(text, findings);
      EXPECT_EQ(spell(all, findings), "") << row.detector << " negative: " << text;
    }
  }
}

// What people really send: code, logs, tables, hashes.
TEST(Builtins, OrdinaryTextsAreQuiet) {
  const auto all = make("all");
  for (const std::string_view text : {
           "commit 9a3f0c1de5b7a2468ace13579bdf02468ace1357 (HEAD -> main, tag: v2.10.3)",
           "550e8400-e29b-41d4-a716-446655440000, 12345678-1234-1234-1234-123456789012",
           "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
           "2024-01-15T10:30:45.123456Z INFO worker=3 took 1234567 us, pid 4021",
           "SELECT id, total FROM orders WHERE created_at > '2024-01-15' AND total >= 100.50 LIMIT 1000;",
           "| 2019 | 2020 | 2021 |\n|------|------|------|\n| 1200 | 3400 | 5600 |\n",
           "Order #20240115-0042, invoice 4500012345, tracking 1Z999AA10123456784",
           "for (std::size_t i = 0; i < 0x7fffffff; ++i) { a[i] = b::c<int>(i) @ 3; }",
           "pi is 3.14159265358979323846, c is 299792458 m/s, e-19 is 1.602176634e-19",
           "Chapter 1.2.3.4, page 123-456; see https://example.com/a/b?x=1&y=2#z",
           "def login(user: str, password: str) -> Token: ...",
           "the token limit is 128000 tokens; the secret: keep it simple",
           "EAN 4006381333931, ISBN-13 978-0-306-40615-7, ISSN 2049-3630",
           "coordinates 52.520008, 13.404954; resolution 1920x1080; ratio 16:9",
       }) {
    Findings findings;
    all.scan(text, findings);
    EXPECT_EQ(spell(all, findings), "") << text;
  }
}

TEST(Builtins, SeveralInOneText) {
  const auto all = make("all");
  Findings findings;
  all.scan(
      "Ada (ada@example.com, +49 30 901820), card 4111 1111 1111 1111 12/27, IBAN DE89 3704 0044 0532 0130 00;\n"
      "born 12.03.1984; server 52.14.3.9; password: hunter2; ada@example.org",
      findings);
  EXPECT_EQ(spell(all, findings),
            "email x2, phone x1, credit_card x1, iban x1, ip_address x1, date_of_birth x1, generic_secret x1");
}

// A find at the very end, cut off at each byte, must not read beyond, and the whole of it must be found.
TEST(Builtins, EveryPrefixIsSafe) {
  const auto all = make("all");
  for (const Known& row : known()) {
    for (const auto& text : row.positives) {
      for (std::size_t n = 0; n <= text.size(); ++n) {
        const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n));
        Findings findings;
        all.scan({exact.data(), exact.size()}, findings);
        EXPECT_TRUE(n < text.size() || findings.any()) << text;
      }
    }
  }
}

// Escapes of JSON are undone before a text comes here: as they stand, they hide what they spell.
TEST(Builtins, JsonEscapesAreNotUndone) {
  const auto all = make("all");
  Findings findings;
  all.scan("ada\\u0040example.com", findings);
  EXPECT_FALSE(findings.any());
}

}  // namespace
}  // namespace fluxgate::sensitivity
