#include "bridge/access/jwt/verification_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/jwt/openssl_errors.h"
#include "bridge/base/freed.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kCoordinateBytes = 32;  // of P-256
constexpr char kP256[] = "prime256v1";

using Bio = Freed<BIO, BIO_free>;
using DigestContext = Freed<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcdsaSignature = Freed<ECDSA_SIG, ECDSA_SIG_free>;
using PublicKeyContext = Freed<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool IsHmac(std::string_view secret, std::string_view text, std::string_view signature) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), Bytes(text), text.size(),
           mac.data(), &size) == nullptr) {
    return false;
  }
  return signature.size() == size && CRYPTO_memcmp(signature.data(), mac.data(), size) == 0;
}

// r and s, 32 bytes each, become what OpenSSL reads; nothing: they are none.
std::string EcdsaDer(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return "";
  EcdsaSignature parts(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Bytes(signature), kCoordinateBytes, nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(signature) + kCoordinateBytes, kCoordinateBytes, nullptr);
  if (parts == nullptr || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return "";
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool IsSignature(EVP_PKEY* key, const EVP_MD* digest, std::string_view text,
                 std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text),
                          text.size()) == 1;
}

bool IsOnP256(EVP_PKEY* key) {
  std::array<char, 64> group;
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(),
                                        &size) == 1 &&
         std::string_view(group.data(), size) == kP256;
}

absl::Status CheckKind(JwtAlgorithm algorithm, EVP_PKEY* key) {
  switch (algorithm) {
    case JwtAlgorithm::kHs256:
      return Wrong("HS256 takes a secret, not a public key");
    case JwtAlgorithm::kRs256:
      if (EVP_PKEY_is_a(key, "RSA") != 1) return Wrong("RS256 takes an RSA key");
      if (EVP_PKEY_get_bits(key) < kRsaKeyBitsMin || EVP_PKEY_get_bits(key) > kRsaKeyBitsMax) {
        return Wrong(absl::StrCat("an RSA key has ", kRsaKeyBitsMin, " to ", kRsaKeyBitsMax,
                                  " bits, and this one has ", EVP_PKEY_get_bits(key)));
      }
      return absl::OkStatus();
    case JwtAlgorithm::kEs256:
      if (!IsOnP256(key)) return Wrong("ES256 takes an elliptic curve key on P-256");
      return absl::OkStatus();
    case JwtAlgorithm::kEdDsa:
      if (EVP_PKEY_is_a(key, "ED25519") != 1) return Wrong("EdDSA takes an Ed25519 key");
      return absl::OkStatus();
  }
  return Wrong("unknown algorithm");
}

}  // namespace

absl::StatusOr<VerificationKey> VerificationKey::OfSecret(std::string secret) {
  if (secret.size() < kJwtSecretBytesMin) {
    return Wrong(absl::StrCat("a secret has at least ", kJwtSecretBytesMin,
                              " bytes, and this one has ", secret.size()));
  }
  // Everybody may know a public key: whoever does could sign with it.
  if (absl::StrContains(secret, "-----BEGIN ")) {
    return Wrong("a secret is no key in PEM: give that as `public_key_file`");
  }
  VerificationKey key(JwtAlgorithm::kHs256);
  key.secret_ = std::make_shared<const std::string>(std::move(secret));
  return key;
}

absl::StatusOr<VerificationKey> VerificationKey::OfPem(JwtAlgorithm algorithm,
                                                       std::string_view pem) {
  if (absl::StrContains(AsAbsl(pem), "PRIVATE KEY-----")) {
    return Wrong("holds a private key: give the public part of it alone (openssl pkey -pubout)");
  }
  const OpensslErrorsForgotten forgotten;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::shared_ptr<EVP_PKEY> key(
      bio == nullptr ? nullptr : PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr),
      EVP_PKEY_free);
  if (key == nullptr) return Wrong("holds no public key in PEM (-----BEGIN PUBLIC KEY-----)");
  return OfPublicKey(algorithm, std::move(key));
}

absl::StatusOr<VerificationKey> VerificationKey::OfPublicKey(JwtAlgorithm algorithm,
                                                             std::shared_ptr<EVP_PKEY> public_key) {
  const OpensslErrorsForgotten forgotten;
  if (absl::Status status = CheckKind(algorithm, public_key.get()); !status.ok()) return status;
  const PublicKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, public_key.get(), nullptr));
  if (context == nullptr || EVP_PKEY_public_check(context.get()) != 1) {
    return Wrong("the public key is not valid");
  }
  VerificationKey key(algorithm);
  key.public_key_ = std::move(public_key);
  return key;
}

bool VerificationKey::Verifies(std::string_view signed_text, std::string_view signature) const {
  const OpensslErrorsForgotten forgotten;
  switch (algorithm_) {
    case JwtAlgorithm::kHs256:
      return IsHmac(*secret_, signed_text, signature);
    case JwtAlgorithm::kRs256:
      return IsSignature(public_key_.get(), EVP_sha256(), signed_text, signature);
    case JwtAlgorithm::kEs256: {
      const std::string der = EcdsaDer(signature);
      return !der.empty() && IsSignature(public_key_.get(), EVP_sha256(), signed_text, der);
    }
    case JwtAlgorithm::kEdDsa:
      return IsSignature(public_key_.get(), nullptr, signed_text, signature);
  }
  return false;
}

}  // namespace sluice
