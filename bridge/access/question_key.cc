// Every text is preceded by its length, every list by its count: no two questions are the
// same bytes, wherever their parts are cut.
#include "bridge/access/question_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice {
namespace {

void AppendCount(std::string& bytes, uint64_t count) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(count >> shift));
}

void AppendText(std::string& bytes, std::string_view text) {
  AppendCount(bytes, text.size());
  bytes.append(text);
}

void AppendTexts(std::string& bytes, const std::vector<std::string>& texts) {
  AppendCount(bytes, texts.size());
  for (const std::string& text : texts) AppendText(bytes, text);
}

std::string BytesOf(const AuthorizationRequest& request) {
  std::string bytes;
  AppendCount(bytes, static_cast<uint64_t>(request.action));
  AppendTexts(bytes, request.topics);
  AppendText(bytes, request.credential);
  AppendCount(bytes, request.headers.size());
  for (const auto& [name, value] : request.headers) {
    AppendText(bytes, name);
    AppendText(bytes, value);
  }
  AppendText(bytes, request.peer_address);
  AppendTexts(bytes, request.certificate_names);
  AppendText(bytes, request.request.method);
  AppendText(bytes, request.request.path);
  AppendText(bytes, request.request.host);
  AppendText(bytes, request.request.scheme);
  return bytes;
}

}  // namespace

std::optional<QuestionKey> KeyOf(const AuthorizationRequest& request) {
  std::string bytes = BytesOf(request);
  QuestionKey key;
  unsigned int size = 0;
  const bool made =
      EVP_Digest(bytes.data(), bytes.size(), key.data(), &size, EVP_sha256(), nullptr) == 1 &&
      size == key.size();
  OPENSSL_cleanse(bytes.data(), bytes.size());  // it holds the credential
  return made ? std::optional(key) : std::nullopt;
}

}  // namespace sluice
