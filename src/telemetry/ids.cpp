#include "fluxgate/telemetry/ids.hpp"

#include <bit>
#include <random>

namespace fluxgate::telemetry {
namespace {

// xoshiro256** (Blackman and Vigna, public domain).
class Generator {
 public:
  Generator() {
    std::random_device device;
    for (std::uint64_t& word : state_) word = std::uint64_t{device()} << 32 | device();
    if (state_ == decltype(state_){}) state_[0] = 1;  // the one state it could never leave
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace

std::uint64_t random_bits() {
  thread_local Generator generator;
  return generator.next();
}

std::string new_request_id() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string id = "req_00000000000000000000000000000000";
  char* out = id.data() + 4;
  for (int word = 0; word < 2; ++word) {
    std::uint64_t bits = random_bits();
    for (int digit = 0; digit < 16; ++digit, bits >>= 4) *out++ = kHex[bits & 15];
  }
  return id;
}

}  // namespace fluxgate::telemetry
