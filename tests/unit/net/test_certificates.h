#pragma once

#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace pgsidecar::net {

/// A directory that is removed with everything in it.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  /// Returns the file's path.
  std::string Write(const std::string& name, const std::string& text) const;
  std::string Concatenate(const std::string& name, const std::vector<std::string>& files) const;

 private:
  std::string path_;
};

struct CertificateSpec {
  std::string name;               ///< The common name, and the first part of the files' names.
  std::string alternative_names;  ///< As in `DNS:db,IP:127.0.0.1`.
  std::chrono::seconds lifetime = std::chrono::hours(24);  ///< From now; may be negative.
};

/// The files of a certificate and its key.
struct Identity {
  std::string cert_file;
  std::string key_file;
};

/// Signs certificates in a directory.
class TestAuthority {
 public:
  TestAuthority(const TestDirectory& directory, const std::string& name);
  /// One that `parent` vouches for.
  TestAuthority(const TestDirectory& directory, const std::string& name,
                const TestAuthority& parent);
  ~TestAuthority();

  const std::string& cert_file() const { return own_.cert_file; }
  Identity Issue(const CertificateSpec& spec) const;

 private:
  TestAuthority(const TestDirectory& directory, const std::string& name,
                const TestAuthority* parent);

  const TestDirectory& directory_;
  Identity own_;
  EVP_PKEY* key_;
  X509* certificate_;
};

Identity MakeSelfSigned(const TestDirectory& directory, const CertificateSpec& spec);

/// Writes the key in one file to another, protected by a passphrase.
void Encrypt(const std::string& key_file, const std::string& encrypted_file);

}  // namespace pgsidecar::net
