#include "tests/access/jwt/signing.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kCoordinateBytes = 32;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Pem(EVP_PKEY* key, bool whole) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  const int written =
      whole ? PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
            : PEM_write_bio_PUBKEY(out.get(), key);
  EXPECT_EQ(written, 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

// r and s, of as many bytes as the curve's numbers have.
std::string Joined(const std::string& der, size_t bytes) {
  const unsigned char* at = Bytes(der);
  ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string joined(2 * bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(joined.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, static_cast<int>(bytes));
  BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + bytes, static_cast<int>(bytes));
  ECDSA_SIG_free(parts);
  return joined;
}

}  // namespace

std::string Encoded(std::string_view bytes) { return absl::WebSafeBase64Escape(AsAbsl(bytes)); }

SigningKey SigningKey::Of(EVP_PKEY* key) {
  EXPECT_NE(key, nullptr);
  SigningKey made;
  made.key_.reset(key, EVP_PKEY_free);
  return made;
}

SigningKey SigningKey::Secret(std::string secret) {
  SigningKey made;
  made.secret_ = std::move(secret);
  return made;
}

SigningKey SigningKey::Rsa(int bits) { return Of(EVP_RSA_gen(static_cast<unsigned>(bits))); }
SigningKey SigningKey::Ec(const char* curve) { return Of(EVP_EC_gen(curve)); }
SigningKey SigningKey::Ed25519() { return Of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

std::string SigningKey::Sign(std::string_view text) const {
  if (key_ == nullptr) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), Bytes(text), text.size(),
         mac, &size);
    return std::string(reinterpret_cast<char*>(mac), size);
  }
  const bool digested = EVP_PKEY_is_a(key_.get(), "ED25519") != 1;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, digested ? EVP_sha256() : nullptr, nullptr,
                               key_.get()),
            1);
  size_t size = 0;
  EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, Bytes(text), text.size()), 1);
  std::string signature(size, '\0');
  EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           Bytes(text), text.size()),
            1);
  signature.resize(size);
  if (EVP_PKEY_is_a(key_.get(), "EC") != 1) return signature;
  return Joined(signature, static_cast<size_t>(EVP_PKEY_get_bits(key_.get()) + 7) / 8);
}

std::string SigningKey::PublicPem() const { return key_ == nullptr ? "" : Pem(key_.get(), false); }
std::string SigningKey::PrivatePem() const { return Pem(key_.get(), true); }

std::string SigningKey::Number(const char* parameter) const {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key_.get(), parameter, &number), 1) << parameter;
  const bool coordinate = EVP_PKEY_is_a(key_.get(), "EC") == 1;
  std::string bytes(coordinate ? kCoordinateBytes : static_cast<size_t>(BN_num_bytes(number)),
                    '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(number);
  return bytes;
}

nlohmann::json SigningKey::Jwk() const {
  if (key_ == nullptr) return {{"kty", "oct"}, {"k", Encoded(secret_)}};
  if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) {
    return {{"kty", "RSA"},
            {"n", Encoded(Number(OSSL_PKEY_PARAM_RSA_N))},
            {"e", Encoded(Number(OSSL_PKEY_PARAM_RSA_E))}};
  }
  if (EVP_PKEY_is_a(key_.get(), "EC") == 1) {
    return {{"kty", "EC"},
            {"crv", "P-256"},
            {"x", Encoded(Number(OSSL_PKEY_PARAM_EC_PUB_X))},
            {"y", Encoded(Number(OSSL_PKEY_PARAM_EC_PUB_Y))}};
  }
  std::string raw(32, '\0');
  size_t size = raw.size();
  EXPECT_EQ(
      EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size),
      1);
  return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", Encoded(raw)}};
}

VerificationKey SigningKey::Verification() const {
  if (key_ == nullptr) return *VerificationKey::OfSecret(secret_);
  const JwtAlgorithm algorithm = EVP_PKEY_is_a(key_.get(), "RSA") == 1  ? JwtAlgorithm::kRs256
                                 : EVP_PKEY_is_a(key_.get(), "EC") == 1 ? JwtAlgorithm::kEs256
                                                                        : JwtAlgorithm::kEdDsa;
  return *VerificationKey::OfPem(algorithm, PublicPem());
}

std::string RawToken(std::string_view header, std::string_view payload, const SigningKey& key) {
  const std::string signed_text = absl::StrCat(Encoded(header), ".", Encoded(payload));
  return absl::StrCat(signed_text, ".", Encoded(key.Sign(signed_text)));
}

std::string Token(const nlohmann::json& header, const nlohmann::json& claims,
                  const SigningKey& key) {
  return RawToken(header.dump(), claims.dump(), key);
}

}  // namespace sluice
