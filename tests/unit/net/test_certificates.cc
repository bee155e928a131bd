#include "unit/net/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace pgsidecar::net {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

FilePtr Open(const std::string& file, const char* mode) {
  FilePtr opened(std::fopen(file.c_str(), mode));
  EXPECT_NE(opened, nullptr) << file;
  return opened;
}

EVP_PKEY* NewKey() { return EVP_EC_gen("P-256"); }

void AddExtension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// A certificate without signature.
X509* NewCertificate(const CertificateSpec& spec, EVP_PKEY* key, X509* issuer) {
  static long serial = 0;
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -48L * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), spec.lifetime.count());
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(spec.name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, issuer == nullptr ? name : X509_get_subject_name(issuer));
  if (!spec.alternative_names.empty()) {
    AddExtension(certificate, NID_subject_alt_name, spec.alternative_names);
  }
  return certificate;
}

Identity Save(const TestDirectory& directory, const std::string& name, X509* certificate,
              EVP_PKEY* key) {
  Identity identity{.cert_file = directory.File(name + ".crt"),
                    .key_file = directory.File(name + ".key")};
  PEM_write_X509(Open(identity.cert_file, "w").get(), certificate);
  PEM_write_PrivateKey(Open(identity.key_file, "w").get(), key, nullptr, nullptr, 0, nullptr,
                       nullptr);
  return identity;
}

}  // namespace

TestDirectory::TestDirectory() {
  char pattern[] = "/tmp/tls_test.XXXXXX";
  path_ = ::mkdtemp(pattern);
}

TestDirectory::~TestDirectory() { std::filesystem::remove_all(path_); }

std::string TestDirectory::Write(const std::string& name, const std::string& text) const {
  std::ofstream(File(name)) << text;
  return File(name);
}

std::string TestDirectory::Concatenate(const std::string& name,
                                       const std::vector<std::string>& files) const {
  std::ofstream target(File(name));
  for (const std::string& each : files) target << std::ifstream(each).rdbuf();
  return File(name);
}

TestAuthority::TestAuthority(const TestDirectory& directory, const std::string& name)
    : TestAuthority(directory, name, nullptr) {}

TestAuthority::TestAuthority(const TestDirectory& directory, const std::string& name,
                             const TestAuthority& parent)
    : TestAuthority(directory, name, &parent) {}

TestAuthority::TestAuthority(const TestDirectory& directory, const std::string& name,
                             const TestAuthority* parent)
    : directory_(directory), key_(NewKey()) {
  X509* issuer = parent == nullptr ? nullptr : parent->certificate_;
  certificate_ = NewCertificate({.name = name, .alternative_names = ""}, key_, issuer);
  AddExtension(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_, parent == nullptr ? key_ : parent->key_, EVP_sha256());
  own_ = Save(directory, name, certificate_, key_);
}

TestAuthority::~TestAuthority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

Identity TestAuthority::Issue(const CertificateSpec& spec) const {
  EVP_PKEY* key = NewKey();
  X509* certificate = NewCertificate(spec, key, certificate_);
  X509_sign(certificate, key_, EVP_sha256());
  const Identity identity = Save(directory_, spec.name, certificate, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

Identity MakeSelfSigned(const TestDirectory& directory, const CertificateSpec& spec) {
  EVP_PKEY* key = NewKey();
  X509* certificate = NewCertificate(spec, key, nullptr);
  X509_sign(certificate, key, EVP_sha256());
  const Identity identity = Save(directory, spec.name, certificate, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

void Encrypt(const std::string& key_file, const std::string& encrypted_file) {
  EVP_PKEY* key = PEM_read_PrivateKey(Open(key_file, "r").get(), nullptr, nullptr, nullptr);
  PEM_write_PrivateKey(Open(encrypted_file, "w").get(), key, EVP_aes_256_cbc(),
                       reinterpret_cast<const unsigned char*>("secret"), 6, nullptr, nullptr);
  EVP_PKEY_free(key);
}

}  // namespace pgsidecar::net
