#include "sensitivity/builtins.hpp"

#include "fluxgate/sensitivity/detectors.hpp"

namespace fluxgate::sensitivity {
namespace {

constexpr std::string_view kDigits = "0123456789";

struct Row {
  Builtin shown;
  std::string_view anchors;
};

constexpr std::array<Row, kKindCount> kRows{{
    {{"email", "pii", "addresses such as ada@example.com"}, "@"},
    {{"phone", "pii", "numbers that begin with + and a country code, or follow a word such as phone or tel"}, kDigits},
    {{"credit_card", "pii", "payment card numbers of the known networks, checked by Luhn"}, kDigits},
    {{"iban", "pii", "bank accounts of the countries that use IBAN, checked by length and mod 97"}, kDigits},
    {{"us_ssn", "pii", "US social security numbers, with dashes or after a word such as SSN"}, kDigits},
    {{"uk_nino", "pii", "UK national insurance numbers, in spaced pairs or after a word such as NINO"}, kDigits},
    {{"ip_address", "pii", "public IPv4 and IPv6 addresses"}, kDigits},
    {{"date_of_birth", "pii", "dates after a word such as born or DOB"}, kDigits},
    {{"passport", "pii", "document numbers after the word passport"}, kDigits},
    {{"aws_access_key", "secret", "AWS access key ids (AKIA..., ASIA...)"}, "A"},
    {{"openai_key", "secret", "API keys of OpenAI and others that begin with sk-"}, "-"},
    {{"anthropic_key", "secret", "Anthropic API keys (sk-ant-...)"}, "-"},
    {{"google_api_key", "secret", "Google API keys (AIza...)"}, "A"},
    {{"github_token", "secret", "GitHub tokens (ghp_..., github_pat_... and their kin)"}, "_"},
    {{"slack_token", "secret", "Slack tokens (xoxb-..., xapp-... and their kin)"}, "-"},
    {{"stripe_key", "secret", "Stripe secret and restricted keys, webhook secrets"}, "_"},
    {{"private_key", "secret", "PEM headers of private keys"}, "-"},
    {{"jwt", "secret", "signed JSON Web Tokens"}, "J"},
    {{"generic_secret", "secret",
      "values with entropy behind password =, secret:, token: and the like, and passwords in URLs"},
     ":=@"},
}};

constexpr auto kShown = [] {
  std::array<Builtin, kKindCount> shown{};
  for (std::size_t i = 0; i < kKindCount; ++i) shown[i] = kRows[i].shown;
  return shown;
}();

}  // namespace

std::span<const Builtin> builtins() { return kShown; }

std::string_view anchors(Kind kind) { return kRows[static_cast<std::size_t>(kind)].anchors; }

}  // namespace fluxgate::sensitivity
