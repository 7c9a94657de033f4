#include "bridge/access/jwt/http_fetch.h"

#include <curl/curl.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/freed.h"

namespace sluice {
namespace {

constexpr size_t kHeaderBytesMax = 64 * 1024;
constexpr int kPollMs = 1000;

using Easy = Freed<CURL, curl_easy_cleanup>;
using Multi = Freed<CURLM, curl_multi_cleanup>;
using Url = Freed<CURLU, curl_url_cleanup>;
using Text = Freed<char, curl_free>;

struct Received {
  std::string body;
  size_t bytes_max = 0;
  size_t header_bytes = 0;
  bool too_long = false;
};

size_t TakeBody(char* bytes, size_t, size_t count, void* to) {
  auto* received = static_cast<Received*>(to);
  received->too_long = received->body.size() + count > received->bytes_max;
  if (received->too_long) return 0;
  received->body.append(bytes, count);
  return count;
}

size_t TakeHeader(char*, size_t, size_t count, void* to) {
  auto* received = static_cast<Received*>(to);
  received->header_bytes += count;
  received->too_long = received->header_bytes > kHeaderBytesMax;
  return received->too_long ? 0 : count;
}

// Once, before there are threads that use it.
bool IsReady() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  return Text(text).get();
}

void Prepare(CURL* easy, const FetchOptions& options, Received* received) {
  const auto milliseconds = static_cast<long>(absl::ToInt64Milliseconds(options.timeout));
  curl_easy_setopt(easy, CURLOPT_URL, options.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // these alone
  }
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, static_cast<long>(options.bytes_max));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, received);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, received);
}

// What came of the one transfer; ABORTED_BY_CALLBACK: stopped.
CURLcode Run(CURLM* multi, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  for (int running = 1; running > 0;) {
    if (stop.stop_requested()) return CURLE_ABORTED_BY_CALLBACK;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (running > 0 && curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr) != CURLM_OK) {
      return CURLE_FAILED_INIT;
    }
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
}

}  // namespace

absl::Status CheckFetchUrl(const std::string& text) {
  const Url url(curl_url());
  const bool parsed =
      url != nullptr && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == 0;
  const std::string scheme = parsed ? Part(url.get(), CURLUPART_SCHEME) : "";
  if ((scheme != "http" && scheme != "https") || Part(url.get(), CURLUPART_HOST).empty()) {
    return absl::InvalidArgumentError("is no address like \"https://issuer.example/jwks.json\"");
  }
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    return absl::InvalidArgumentError("may not hold a user or a password");
  }
  return absl::OkStatus();
}

bool IsOpenToOthers(const std::string& text) {
  const Url url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != 0) return true;
  const std::string host = Part(url.get(), CURLUPART_HOST);
  const bool loopback = host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.");
  return Part(url.get(), CURLUPART_SCHEME) != "https" && !loopback;
}

absl::StatusOr<std::string> Fetch(const FetchOptions& options, const std::stop_token& stop) {
  if (!IsReady()) return absl::InternalError("libcurl could not be started");
  Received received{.bytes_max = options.bytes_max};
  // (The transfer leaves the multi handle before either ends.)
  const Multi multi(curl_multi_init());
  const Easy easy(curl_easy_init());
  if (multi == nullptr || easy == nullptr) return absl::ResourceExhaustedError("out of memory");
  Prepare(easy.get(), options, &received);
  curl_multi_add_handle(multi.get(), easy.get());
  const CURLcode result = Run(multi.get(), stop);
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi.get(), easy.get());
  if (received.too_long || result == CURLE_FILESIZE_EXCEEDED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the answer is longer than ", options.bytes_max, " bytes"));
  }
  if (result != CURLE_OK) return absl::UnavailableError(curl_easy_strerror(result));
  if (status != 200) {
    return absl::UnavailableError(absl::StrCat(
        "it answers with the status ", status,
        status >= 300 && status < 400 ? ": redirects are not followed, write where it leads" : ""));
  }
  return std::move(received.body);
}

}  // namespace sluice
