// TLS settings shared by many connections: one SSL_CTX per listener certificate or per upstream trust set.
//
// Immutable once made and safe to use from every worker (OpenSSL locks inside). Control plane: makers may throw
// std::runtime_error with a message that names the file at fault.
#pragma once

#include <openssl/types.h>

#include <functional>
#include <memory>
#include <string>

typedef struct ssl_session_st SSL_SESSION;  // as <openssl/ssl.h> has it, which types.h lacks

namespace fluxgate::net {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const;
};
struct SslSessionDeleter {
  void operator()(SSL_SESSION* session) const;
};
using SslSession = std::unique_ptr<SSL_SESSION, SslSessionDeleter>;

class TlsContext {
 public:
  // For a listener: certificate chain and private key, PEM.
  static std::shared_ptr<const TlsContext> server(const std::string& certificate, const std::string& key);
  // For upstreams: trusts `ca` (a PEM file) or, if empty, the system's store; presents a client certificate if one is
  // given. The peer's certificate and host name are always verified; there is no switch to turn that off.
  static std::shared_ptr<const TlsContext> client(const std::string& ca, const std::string& certificate,
                                                  const std::string& key);

  SSL_CTX* native() const { return context_.get(); }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  std::unique_ptr<SSL_CTX, SslContextDeleter> context_;
};

// Where the newest session ticket of an upstream is kept between connections. TLS 1.3 tickets arrive after the
// handshake, so OpenSSL hands them to a callback; Stream points the SSL at the store of its pool. One worker thread.
class TlsSessionStore {
 public:
  SSL_SESSION* get() const { return session_.get(); }
  void put(SslSession session) { session_ = std::move(session); }

 private:
  SslSession session_;
};

// Makes sessions that `ssl` receives go to `store`, which must outlive it.
void keep_sessions(SSL* ssl, TlsSessionStore* store);

}  // namespace fluxgate::net
