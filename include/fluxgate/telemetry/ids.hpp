// Fast random identifiers: request ids, trace ids and span ids.
//
// They name things in logs and must not collide; they guard nothing. The generator is a per-thread xoshiro256** seeded
// once from std::random_device, so it costs a few nanoseconds and takes no lock, and whoever sees enough of its output
// can predict the rest. Never use it for a key, a token or a nonce.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace fluxgate::telemetry {

// 64 random bits from this thread's generator.
std::uint64_t random_bits();

// "req_" and 32 lowercase hexadecimal digits (128 random bits).
std::string new_request_id();

}  // namespace fluxgate::telemetry
