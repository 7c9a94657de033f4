#include "bridge/access/jwt/public_key_parameters.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/access/jwt/openssl_errors.h"
#include "bridge/base/freed.h"

namespace sluice {
namespace {

constexpr size_t kCoordinateBytes = 32;  // of P-256
constexpr size_t kEd25519Bytes = 32;
constexpr size_t kModulusBytesMax = kRsaKeyBitsMax / 8;
constexpr size_t kExponentBytesMax = 8;

using Number = Freed<BIGNUM, BN_free>;
using Builder = Freed<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Freed<OSSL_PARAM, OSSL_PARAM_free>;
using Context = Freed<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

Number ToNumber(std::string_view bytes) {
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size()), nullptr));
}

absl::StatusOr<VerificationKey> Built(JwtAlgorithm algorithm, const char* kind,
                                      OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return Wrong("its numbers make no key");
  }
  return VerificationKey::OfPublicKey(algorithm, std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

}  // namespace

absl::StatusOr<VerificationKey> RsaKey(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kModulusBytesMax || exponent.size() > kExponentBytesMax) {
    return Wrong(absl::StrCat("an RSA key has up to ", kRsaKeyBitsMax, " bits, and an exponent of ",
                              kExponentBytesMax, " bytes"));
  }
  const OpensslErrorsForgotten forgotten;
  const Number n = ToNumber(modulus);
  const Number e = ToNumber(exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return Wrong("its numbers make no key");
  }
  return Built(JwtAlgorithm::kRs256, "RSA", builder.get());
}

absl::StatusOr<VerificationKey> P256Key(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
    return Wrong(absl::StrCat("the coordinates of P-256 have ", kCoordinateBytes, " bytes each"));
  }
  const OpensslErrorsForgotten forgotten;
  const std::string point = absl::StrCat("\x04", std::string(x), std::string(y));  // uncompressed
  const Builder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return Wrong("its numbers make no key");
  }
  return Built(JwtAlgorithm::kEs256, "EC", builder.get());
}

absl::StatusOr<VerificationKey> Ed25519Key(std::string_view x) {
  if (x.size() != kEd25519Bytes) {
    return Wrong(absl::StrCat("a key on Ed25519 has ", kEd25519Bytes, " bytes"));
  }
  const OpensslErrorsForgotten forgotten;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, x.data(),
                                       x.size()) != 1) {
    return Wrong("its numbers make no key");
  }
  return Built(JwtAlgorithm::kEdDsa, "ED25519", builder.get());
}

}  // namespace sluice
