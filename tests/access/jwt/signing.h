// Keys that sign tokens, as issuers (and those who would like to be) have them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bridge/access/jwt/verification_key.h"

namespace sluice {

// base64url, without padding.
std::string Encoded(std::string_view bytes);

// A private key of OpenSSL, or a secret.
class SigningKey {
 public:
  static SigningKey Secret(std::string secret);
  static SigningKey Rsa(int bits = 2048);
  static SigningKey Ec(const char* curve = "P-256");
  static SigningKey Ed25519();

  // As a token has it: of an elliptic curve r and s.
  std::string Sign(std::string_view text) const;
  // "-----BEGIN PUBLIC KEY-----" (of a secret: nothing), or the private one.
  std::string PublicPem() const;
  std::string PrivatePem() const;
  // Of what checks its signatures, without `kid` and `alg`.
  nlohmann::json Jwk() const;
  // The one with which a good issuer's tokens are checked.
  VerificationKey Verification() const;

 private:
  SigningKey() = default;
  static SigningKey Of(EVP_PKEY* key);
  std::string Number(const char* parameter) const;

  std::string secret_;
  std::shared_ptr<EVP_PKEY> key_;
};

// Header, payload and signature, of any bytes.
std::string RawToken(std::string_view header, std::string_view payload, const SigningKey& key);
std::string Token(const nlohmann::json& header, const nlohmann::json& claims,
                  const SigningKey& key);

}  // namespace sluice
