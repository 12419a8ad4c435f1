// Credentials with a form of their own: a fixed beginning, an alphabet and a length.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sensitivity/key_formats.hpp"
#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {
namespace {

bool is_base32(char c) { return is_upper(c) || is_digit(c); }

constexpr std::size_t kAny = 512;  // longer than any key there is

constexpr std::array kFormats{
    KeyFormat{Kind::kAwsAccessKey, "AKIA", 0, is_base32, 16, 16},
    KeyFormat{Kind::kAwsAccessKey, "ASIA", 0, is_base32, 16, 16},
    KeyFormat{Kind::kGoogleApiKey, "AIza", 0, is_base64url, 35, 35},
    KeyFormat{Kind::kAnthropicKey, "sk-ant-", 2, is_base64url, 24, kAny},  // before the next: it begins like it
    KeyFormat{Kind::kOpenAiKey, "sk-", 2, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxb-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxp-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxa-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxe-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxr-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxs-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxc-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xoxd-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kSlackToken, "xapp-", 4, is_base64url, 20, kAny},
    KeyFormat{Kind::kGithubToken, "ghp_", 3, is_word, 36, 255},
    KeyFormat{Kind::kGithubToken, "gho_", 3, is_word, 36, 255},
    KeyFormat{Kind::kGithubToken, "ghu_", 3, is_word, 36, 255},
    KeyFormat{Kind::kGithubToken, "ghs_", 3, is_word, 36, 255},
    KeyFormat{Kind::kGithubToken, "ghr_", 3, is_word, 36, 255},
    KeyFormat{Kind::kGithubToken, "github_pat_", 6, is_word, 60, 255},
    KeyFormat{Kind::kStripeKey, "sk_live_", 2, is_alnum, 16, 255},
    KeyFormat{Kind::kStripeKey, "sk_test_", 2, is_alnum, 16, 255},
    KeyFormat{Kind::kStripeKey, "rk_live_", 2, is_alnum, 16, 255},
    KeyFormat{Kind::kStripeKey, "rk_test_", 2, is_alnum, 16, 255},
    KeyFormat{Kind::kStripeKey, "whsec_", 5, is_base64url, 24, 255},
};

// The character before the anchor's neighbour: the second of two cheap looks that send nearly all dashes and
// underscores of a text on their way.
bool may_be_prefix(char second_before, char before) {
  constexpr std::string_view kSeconds = "sxphure";
  return is_lower(before) && kSeconds.find(second_before) != std::string_view::npos;
}

// Keys are random: letters and digits mixed over a long stretch without a separator. Names of classes, packages and
// files with the same beginning are words.
bool random_looking(std::string_view text) {
  constexpr std::size_t kStretch = 16;
  std::size_t run = 0;
  std::size_t digits = 0;
  std::size_t letters = 0;
  for (const char c : text) {
    if (!is_alnum(c)) {
      run = digits = letters = 0;
      continue;
    }
    ++run;
    (is_digit(c) ? digits : letters) += 1;
    if (run >= kStretch && digits >= 2 && letters >= 2) return true;
  }
  return false;
}

// Bytes of base64url; empty if it is none.
std::string decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = is_upper(c)   ? c - 'A'
                      : is_lower(c) ? c - 'a' + 26
                      : is_digit(c) ? c - '0' + 52
                      : c == '-'    ? 62
                                    : 63;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out.push_back(static_cast<char>((bits >> have) & 0xff));
  }
  return out;
}

}  // namespace

const KeyFormat* key_format(const Text& text, std::size_t start) {
  const auto format =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const KeyFormat& one) { return text.has(start, one.prefix); });
  return format == kFormats.end() ? nullptr : &*format;
}

std::size_t Scanner::key(std::size_t at) {
  const char c = text_.at(at);
  if (c == '-' && text_.at(at + 1) == '-') return private_key(at);
  if (c == 'J') return text_.before(at) == 'y' && text_.before(at, 2) == 'e' ? json_web_token(at - 2) : at + 1;
  if (c != 'A' && !may_be_prefix(text_.before(at, 2), text_.before(at))) return at + 1;
  for (const KeyFormat& format : kFormats) {
    if (format.prefix[format.anchor] != c || at < format.anchor) continue;
    const std::size_t start = at - format.anchor;
    if (!text_.has(start, format.prefix) || is_word(text_.before(start))) continue;
    const std::size_t body = start + format.prefix.size();
    const std::size_t end = text_.skip(body, format.alphabet);
    const bool sized = end - body >= format.least && end - body <= format.most && !is_word(text_.at(end));
    const bool free_form = format.kind == Kind::kOpenAiKey || format.kind == Kind::kAnthropicKey;
    if (sized && on(format.kind) && (!free_form || random_looking(text_.sub(body, end - body)))) {
      take(format.kind, end);
    }
    return std::max(end, at + 1);
  }
  return at + 1;
}

// header.payload.signature, the header a JSON object with "alg". Answers where to go on.
std::size_t Scanner::json_web_token(std::size_t start) {
  constexpr std::size_t kLongestHeader = 4096;
  constexpr std::size_t kShortestSignature = 20;  // the shortest real one has 32 bytes; an unsigned token is no secret
  if (is_base64url(text_.before(start))) return start + 3;
  const std::size_t header = text_.skip(start, is_base64url);
  if (text_.at(header) != '.') return header;
  const std::size_t payload = text_.skip(header + 1, is_base64url);
  if (text_.at(payload) != '.' || !text_.has(header + 1, "ey")) return payload;
  const std::size_t end = text_.skip(payload + 1, is_base64url);
  if (end - payload - 1 < kShortestSignature || header - start > kLongestHeader) return end;
  if (decode(text_.sub(start, header - start)).find("\"alg\"") != std::string::npos) take(Kind::kJwt, end);
  return end;
}

// -----BEGIN ... PRIVATE KEY-----, whatever stands in between: RSA, EC, OPENSSH, ENCRYPTED, PGP (which adds BLOCK).
std::size_t Scanner::private_key(std::size_t at) {
  constexpr std::string_view kBegin = "BEGIN ";
  constexpr std::size_t kLongest = 40;
  const std::size_t dashes = text_.skip(at, [](char c) { return c == '-'; });
  if (dashes - at < 5 || !text_.has(dashes, kBegin)) return dashes;
  const std::size_t name = dashes + kBegin.size();
  const std::size_t end = text_.skip(
      name, [](char c) { return is_upper(c) || is_digit(c) || c == ' '; }, kLongest);
  const auto kind = text_.sub(name, end - name);
  const bool secret = kind.ends_with("PRIVATE KEY") || kind.ends_with("PRIVATE KEY BLOCK");
  if (secret && text_.has(end, "-----") && on(Kind::kPrivateKey)) take(Kind::kPrivateKey, end);
  return end;
}

}  // namespace fluxgate::sensitivity
