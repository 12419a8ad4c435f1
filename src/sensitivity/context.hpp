// Words near a find that say what it is. Looked for only in front of a candidate, and no byte twice: the finder goes
// forward through the text and remembers where it saw each sort of word last.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sensitivity/text.hpp"

namespace fluxgate::sensitivity {

enum class Context : std::uint8_t {
  kPhone,     // phone, tel, mobile ...
  kCall,      // those, and call, text, contact: enough for what already looks like a North American number
  kCard,      // card, visa ...
  kSsn,       // SSN, social security
  kNino,      // NINO, national insurance
  kBirth,     // born, DOB, birthday ...
  kPassport,  // passport ...
  kHost,      // ip, address, host ...
  kVersion,   // version, release: what looks like an IPv4 address is none
  kOther,     // order, invoice, id: a number that is no phone number
};
inline constexpr std::size_t kContextCount = 10;

class ContextFinder {
 public:
  explicit ContextFinder(const Text& text) : text_(text) {}

  // Such a word ends at most kReach bytes before `position`. Positions must not go down by more than kReach.
  bool near(Context context, std::size_t position) {
    advance(position);
    const std::size_t seen = last(context);
    return seen != 0 && seen <= position + 1 && position + 1 - seen <= kReach;
  }
  // ... and none of `unless` stands between it and `position`.
  bool near(Context context, std::size_t position, Context unless) {
    return near(context, position) && last(unless) <= last(context);
  }

  static constexpr std::size_t kReach = 32;

 private:
  void advance(std::size_t position);
  void note(std::string_view word, std::string_view previous, std::size_t end);
  std::size_t last(Context context) const { return last_[static_cast<std::size_t>(context)]; }

  const Text& text_;
  std::size_t done_ = 0;                           // words that begin before it were looked at
  std::array<std::size_t, kContextCount> last_{};  // 1 + where one ended; 0: never
};

}  // namespace fluxgate::sensitivity
