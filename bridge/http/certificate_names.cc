#include "bridge/http/certificate_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "boost/asio/ip/address.hpp"
#include "bridge/access/certificate_names.h"
#include "bridge/base/freed.h"

namespace sluice {
namespace {

std::string_view Bytes(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// "": it is none.
std::string AddressText(std::string_view bytes) {
  namespace ip = boost::asio::ip;
  if (bytes.size() == 4) {
    ip::address_v4::bytes_type address;
    std::copy(bytes.begin(), bytes.end(), address.begin());
    return ip::address_v4(address).to_string();
  }
  if (bytes.size() == 16) {
    ip::address_v6::bytes_type address;
    std::copy(bytes.begin(), bytes.end(), address.begin());
    return ip::address_v6(address).to_string();
  }
  return "";
}

// Nothing: it is of a kind that nobody goes by.
std::optional<std::string> NameText(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return std::string(Bytes(name.d.dNSName));
    case GEN_URI:
      return std::string(Bytes(name.d.uniformResourceIdentifier));
    case GEN_EMAIL:
      return std::string(Bytes(name.d.rfc822Name));
    case GEN_IPADD:
      return AddressText(Bytes(name.d.iPAddress));
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CertificateNames(const X509& certificate) {
  int found = -1;
  const Freed<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, &found, nullptr)));
  if (names == nullptr && found != -1) {
    return absl::InvalidArgumentError("the names in the client certificate cannot be read");
  }
  std::vector<std::string> texts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    std::optional<std::string> text = NameText(*sk_GENERAL_NAME_value(names.get(), i));
    if (text) texts.push_back(*std::move(text));
  }
  if (absl::Status status = CheckCertificateNames(texts); !status.ok()) return status;
  return texts;
}

}  // namespace sluice
