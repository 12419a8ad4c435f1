// Certificates for TLS tests, made when they are needed: an authority of our own, a server certificate it signed, and a
// server certificate that nobody signed.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace fluxgate::net::testing {

class Certificates {
 public:
  // The names that the server certificate is good for.
  static constexpr const char* kServerName = "upstream.test";
  static constexpr const char* kServerAddress = "127.0.0.1";

  Certificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fluxgate-tls-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder for certificates");
    folder_ = pattern;
    const Key authority_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const Key server_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const Key stranger_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const Certificate authority = make("test authority", authority_key.get(), nullptr, authority_key.get());
    const Certificate server = make(kServerName, server_key.get(), authority.get(), authority_key.get());
    const Certificate stranger = make("stranger", stranger_key.get(), nullptr, stranger_key.get());
    write(ca(), authority.get());
    write(this->server(), server.get());
    write(server_key_file(), server_key.get());
    write(this->stranger(), stranger.get());
    write(stranger_key_file(), stranger_key.get());
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() {
    std::error_code ignored;  // a temporary folder that stays behind harms nobody
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string ca() const { return file("ca.pem"); }
  std::string server() const { return file("server.pem"); }
  std::string server_key_file() const { return file("server.key"); }
  std::string stranger() const { return file("stranger.pem"); }
  std::string stranger_key_file() const { return file("stranger.key"); }

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
  using Certificate = std::unique_ptr<X509, FreeCertificate>;

  std::string file(const char* name) const { return (folder_ / name).string(); }

  static void extend(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    if (extension == nullptr) throw std::runtime_error("cannot make a certificate extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  // Signed with `issuer_key`; an authority if there is no issuer.
  static Certificate make(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    static long serial = 0;
    Certificate certificate(X509_new());
    X509* x = certificate.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME* subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(x, issuer == nullptr ? subject : X509_get_subject_name(issuer));
    if (issuer == nullptr) {
      extend(x, NID_basic_constraints, "critical,CA:TRUE");
    } else {
      extend(x, NID_subject_alt_name, std::string("DNS:") + name + ",IP:" + kServerAddress);
    }
    if (X509_sign(x, issuer_key, EVP_sha256()) == 0) throw std::runtime_error("cannot sign a certificate");
    return certificate;
  }

  static void write(const std::string& path, X509* certificate) {
    write(path, [certificate](std::FILE* out) { return PEM_write_X509(out, certificate); });
  }
  static void write(const std::string& path, EVP_PKEY* key) {
    write(path, [key](std::FILE* out) {
      return PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  template <class Write>
  static void write(const std::string& path, Write write_to) {
    std::FILE* out = std::fopen(path.c_str(), "wb");
    const bool well = out != nullptr && write_to(out) == 1;
    if (out != nullptr) std::fclose(out);
    if (!well) throw std::runtime_error("cannot write " + path);
  }

  std::filesystem::path folder_;
};

}  // namespace fluxgate::net::testing
