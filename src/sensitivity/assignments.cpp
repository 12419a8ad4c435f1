// password = ..., "client_secret": "...", API_KEY=...: a name that says "secret" with a value that looks like one.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sensitivity/checks.hpp"
#include "sensitivity/key_formats.hpp"
#include "sensitivity/scanner.hpp"

namespace fluxgate::sensitivity {
namespace {

constexpr std::size_t kLongestName = 48;
constexpr std::size_t kLongestValue = 256;

// How much a value must look like a secret, by what its name says.
enum class Claim {
  kNone,      // the name says nothing of the sort
  kPassword,  // chosen by people: short, words with something added
  kToken,     // made by machines: long and random
};

template <std::size_t N>
bool ends_with_any(std::string_view text, const std::array<std::string_view, N>& ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto end) { return text.ends_with(end); });
}

template <std::size_t N>
bool contains_any(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return text.find(part) != std::string_view::npos; });
}

// `name` as written: DB_PASSWORD, clientSecret, api-key. Plurals (max_tokens) and more at the end (token_count) say no.
Claim claim(std::string_view name) {
  std::string compact;
  for (const char c : name) {
    if (is_alnum(c)) compact.push_back(ascii_lower(c));
  }
  constexpr std::array<std::string_view, 6> kPasswords{"password",   "passwd",   "pwd",
                                                       "passphrase", "passwort", "kennwort"};
  constexpr std::array<std::string_view, 10> kTokens{"secret",     "token",        "apikey",     "accesskey",
                                                     "secretkey",  "privatekey",   "accountkey", "signingkey",
                                                     "credential", "authorization"};
  constexpr std::array<std::string_view, 5> kPublic{"pagetoken", "nexttoken", "continuationtoken", "publickeytoken",
                                                    "synctoken"};
  if (ends_with_any(compact, kPasswords) || compact == "pass" || name.ends_with("_PASS") || name.ends_with("_pass")) {
    return Claim::kPassword;
  }
  if (ends_with_any(compact, kPublic)) return Claim::kNone;
  return ends_with_any(compact, kTokens) ? Claim::kToken : Claim::kNone;
}

struct Makeup {
  std::size_t letters = 0;
  std::size_t digits = 0;
  std::size_t symbols = 0;  // such as passwords have and names have not
  bool blank = false;
};

Makeup makeup(std::string_view value) {
  constexpr std::string_view kSymbols = "!@#$%^&*?+~";
  Makeup made;
  for (const char c : value) {
    if (is_alpha(c)) ++made.letters;
    if (is_digit(c)) ++made.digits;
    if (kSymbols.find(c) != std::string_view::npos) ++made.symbols;
    made.blank = made.blank || is_space(c);
  }
  return made;
}

// A reference to a variable, a call, a mask, or what manuals write instead of a secret.
bool stands_for_another(std::string_view value, bool quoted) {
  constexpr std::array<std::string_view, 11> kManual{"example",     "changeme", "change-me", "your",   "xxxx",  "dummy",
                                                     "placeholder", "redacted", "environ",   "getenv", "insert"};
  constexpr std::array<std::string_view, 4> kNames{"password", "passwd", "secret", "token"};
  const char second = value.size() > 1 ? value[1] : '\0';
  if (value[0] == '$' && (is_alpha(second) || second == '{' || second == '(' || second == '_')) return true;
  if (std::string_view("<{[(*%&").find(value[0]) != std::string_view::npos) return true;
  if (value.find("...") != std::string_view::npos || value.find("***") != std::string_view::npos) return true;
  const std::string lower = to_lower(value);
  if (contains_any(lower, kManual)) return true;
  return !quoted && (value.find_first_of("([") != std::string_view::npos || contains_any(lower, kNames));
}

bool looks_secret(std::string_view value, Claim kind, bool quoted) {
  const std::size_t least = kind == Claim::kPassword ? 6 : 12;
  if (value.size() < least || value.size() >= kLongestValue) return false;
  const Makeup made = makeup(value);
  if (made.blank || made.letters < 2) return false;
  const bool password = kind == Claim::kPassword;
  if (password ? made.digits + made.symbols < 1 : made.digits < 2) return false;
  return entropy(value) >= (password ? 2.2 : 3.0) && !stands_for_another(value, quoted);
}

bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool in_plain_value(char c) {
  constexpr std::string_view kEnds = ",;:=)}]\"'`<>|&";
  return !is_space(c) && c != '\0' && kEnds.find(c) == std::string_view::npos;
}

// The name in front of the sign at `at`: blanks, one closing quote and markdown's stars may stand between.
std::string_view name_before(const Text& text, std::size_t at) {
  constexpr std::size_t kGap = 3;
  std::size_t end = at;
  while (at - end < kGap && (is_blank(text.before(end)) || text.before(end) == '*')) --end;
  if (is_quote(text.before(end))) --end;
  std::size_t start = end;
  while (end - start < kLongestName && is_base64url(text.before(start))) --start;
  return text.sub(start, end - start);
}

}  // namespace

std::size_t Scanner::assignment(std::size_t at) {
  const char sign = text_.at(at);
  const char next = text_.at(at + 1);
  const char front = text_.before(at);
  if (next == sign || next == '>' || (sign == ':' && (next == '=' || next == '/' || front == ':'))) return at + 1;
  if (sign == '=' && (front == '=' || front == '!' || front == '<' || front == '>')) return at + 1;
  const auto name = name_before(text_, sign == '=' && front == ':' ? at - 1 : at);
  const Claim kind = claim(name);
  if (kind == Claim::kNone) return at + 1;

  std::size_t start = text_.skip(
      at + 1, [](char c) { return is_blank(c) || c == '*'; }, 4);
  bool quoted = is_quote(text_.at(start));
  if (quoted) ++start;
  for (const std::string_view scheme : {"Bearer ", "bearer ", "Basic ", "Token "}) {
    if (text_.has(start, scheme)) start += scheme.size();
  }
  const char quote = quoted ? text_.at(start - 1) : '\0';
  quoted = quoted && is_quote(quote);
  const auto in_quotes = [quote](char c) { return c != quote && c != '\n' && c != '\0'; };
  std::size_t end =
      quoted ? text_.skip(start, in_quotes, kLongestValue) : text_.skip(start, in_plain_value, kLongestValue);
  if (!quoted && (text_.before(end) == '.' || text_.before(end) == '?')) --end;  // of the sentence
  const bool directory = name.size() <= 6 && iequals(name.substr(name.size() - 3), "pwd") && text_.at(start) == '/';
  if (end <= start || directory || !looks_secret(text_.sub(start, end - start), kind, quoted)) return at + 1;
  // What has a form of its own is found by that form.
  if (const KeyFormat* format = key_format(text_, start); format != nullptr && on(format->kind)) return at + 1;
  if (on(Kind::kJwt) && text_.has(start, "eyJ")) return at + 1;
  return take(Kind::kGenericSecret, end);
}

}  // namespace fluxgate::sensitivity
