// The built-in detectors as bits, and the characters at which each of them wakes up.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fluxgate::sensitivity {

// In the order of builtins(): the value is the index there.
enum class Kind : std::uint8_t {
  kEmail,
  kPhone,
  kCreditCard,
  kIban,
  kUsSsn,
  kUkNino,
  kIpAddress,
  kDateOfBirth,
  kPassport,
  kAwsAccessKey,
  kOpenAiKey,
  kAnthropicKey,
  kGoogleApiKey,
  kGithubToken,
  kSlackToken,
  kStripeKey,
  kPrivateKey,
  kJwt,
  kGenericSecret,
};
inline constexpr std::size_t kKindCount = 19;

class KindSet {
 public:
  constexpr KindSet() = default;
  constexpr void add(Kind kind) { bits_ |= bit(kind); }
  constexpr bool has(Kind kind) const { return (bits_ & bit(kind)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr std::uint32_t bit(Kind kind) { return 1u << static_cast<unsigned>(kind); }
  std::uint32_t bits_ = 0;
};

// One of these stands in every find of the kind, near its beginning; the scanner looks at nothing else.
std::string_view anchors(Kind kind);

}  // namespace fluxgate::sensitivity
