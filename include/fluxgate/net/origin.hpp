// Where connections to an upstream lead, and how they are made: the identity a connection pool goes by.
//
// Two origins may share connections only if everything here is the same (pingora's rule: address, TLS, server name,
// trust and client certificate). Immutable; made when the configuration is loaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "fluxgate/net/tls.hpp"

namespace fluxgate::net {

struct Origin {
  std::string id;             // all of the below as text: the key of the pool
  std::string host;           // name or address to connect to, without brackets
  std::uint16_t port = 0;
  bool allow_private = false;  // may connect to private addresses
  std::shared_ptr<const TlsContext> tls;  // null: plain TCP
  std::string server_name;    // verified against the certificate, and sent as SNI
  std::size_t max_idle = 128;  // idle connections kept per worker
  std::chrono::milliseconds idle_timeout{45000};
};

}  // namespace fluxgate::net
