// Checksums and lists that tell a real number from a chance one. Pure functions over digits and characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fluxgate::sensitivity {

bool luhn(std::string_view digits);

// The number begins like one of a card network and has a length that network issues.
bool card_network(std::string_view digits);

// Characters of an IBAN of that country (two capital letters); nullopt if it has none.
std::optional<std::size_t> iban_length(std::string_view country);
// ISO 13616: country, check digits and account, without spaces, A-Z and 0-9 only.
bool iban_checksum(std::string_view iban);

// Area, group and serial as issued; also not one of the numbers that are known from advertisements.
bool ssn_issued(std::string_view nine_digits);

// The two letters of a national insurance number.
bool nino_prefix(char first, char second);

// Reachable from the internet, and no example address of the RFCs. `address` in host byte order.
bool public_ipv4(std::uint32_t address);
// The first two of an IPv6 address's eight groups tell: global unicast (2000::/3) without documentation, Teredo, 6to4.
bool public_ipv6(std::uint16_t first, std::uint16_t second);

bool calendar_date(unsigned year, unsigned month, unsigned day);  // 1900..2099

// The text is, without regard to case, a month's English name or its first three letters: 1..12; else 0.
unsigned month_of(std::string_view text);

// Shannon entropy of the bytes, bits each.
double entropy(std::string_view text);

}  // namespace fluxgate::sensitivity
