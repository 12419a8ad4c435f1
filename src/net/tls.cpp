#include "fluxgate/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdexcept>

namespace fluxgate::net {
namespace {

std::string last_error() {
  char text[256];
  const unsigned long code = ERR_peek_last_error();
  ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return code == 0 ? "unknown error" : text;
}

void load_certificate(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    throw std::runtime_error("cannot load certificate " + certificate + ": " + last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("cannot load private key " + key + ": " + last_error());
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    throw std::runtime_error("private key " + key + " does not belong to certificate " + certificate);
  }
}

void common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Partial and moving writes: Stream::write_now rebuilds its gather buffer on a retry. Released buffers: an idle
  // connection keeps no 16 KiB record buffers.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // One recv for a whole record instead of one for its header and one for the rest.
  SSL_CTX_set_read_ahead(context, 1);
}

int store_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* store = static_cast<TlsSessionStore*>(SSL_get_ex_data(ssl, store_index()));
  if (store == nullptr) return 0;
  store->put(SslSession(session));
  return 1;  // the reference is ours now
}

}  // namespace

void SslContextDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void SslSessionDeleter::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

std::shared_ptr<const TlsContext> TlsContext::server(const std::string& certificate, const std::string& key) {
  std::shared_ptr<TlsContext> result(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* context = result->native();
  common_options(context);
  load_certificate(context, certificate, key);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // clients resume with tickets
  static constexpr unsigned char kSessionContext[] = "fluxgate";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  return result;
}

std::shared_ptr<const TlsContext> TlsContext::client(const std::string& ca, const std::string& certificate,
                                                     const std::string& key) {
  std::shared_ptr<TlsContext> result(new TlsContext(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* context = result->native();
  common_options(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (ca.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
      throw std::runtime_error("cannot load the system's trusted certificates: " + last_error());
    }
  } else if (SSL_CTX_load_verify_locations(context, ca.c_str(), nullptr) != 1) {
    throw std::runtime_error("cannot load trusted certificates " + ca + ": " + last_error());
  }
  if (!certificate.empty()) load_certificate(context, certificate, key);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  return result;
}

void keep_sessions(SSL* ssl, TlsSessionStore* store) { SSL_set_ex_data(ssl, store_index(), store); }

}  // namespace fluxgate::net
