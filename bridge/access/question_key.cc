// Every text is preceded by its length, every list by its count: no two questions are the
// same bytes, wherever their parts are cut. The bytes, which hold the credential, are never
// put together: the digest takes them one by one.
#include "bridge/access/question_key.h"

#include <openssl/evp.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "bridge/base/freed.h"

namespace sluice {
namespace {

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()) {
    good_ = context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }

  void AddCount(uint64_t count) {
    std::array<uint8_t, 8> bytes{};
    for (uint8_t& byte : bytes) {
      byte = static_cast<uint8_t>(count);
      count >>= 8;
    }
    Add(bytes.data(), bytes.size());
  }
  void AddText(std::string_view text) {
    AddCount(text.size());
    Add(text.data(), text.size());
  }
  void AddTexts(const std::vector<std::string>& texts) {
    AddCount(texts.size());
    for (const std::string& text : texts) AddText(text);
  }
  std::optional<QuestionKey> Finish() {
    QuestionKey key;
    unsigned int size = 0;
    good_ = good_ && EVP_DigestFinal_ex(context_.get(), key.data(), &size) == 1;
    return good_ && size == key.size() ? std::optional(key) : std::nullopt;
  }

 private:
  void Add(const void* bytes, size_t size) {
    good_ = good_ && EVP_DigestUpdate(context_.get(), bytes, size) == 1;
  }

  const Freed<EVP_MD_CTX, EVP_MD_CTX_free> context_;  // cleansed at its end
  bool good_ = false;
};

}  // namespace

std::optional<QuestionKey> KeyOf(const AuthorizationRequest& request) {
  Digest digest;
  digest.AddCount(static_cast<uint64_t>(request.action));
  digest.AddTexts(request.topics);
  digest.AddText(request.credential);
  digest.AddCount(request.headers.size());
  for (const auto& [name, value] : request.headers) {
    digest.AddText(name);
    digest.AddText(value);
  }
  digest.AddText(request.peer_address);
  digest.AddCount(request.fills_subject ? 1 : 0);
  digest.AddTexts(request.certificate_names);
  digest.AddCount(static_cast<uint64_t>(absl::ToUnixSeconds(request.certificate_expires_at)));
  digest.AddText(request.request.method);
  digest.AddText(request.request.path);
  digest.AddText(request.request.host);
  digest.AddText(request.request.scheme);
  return digest.Finish();
}

}  // namespace sluice
