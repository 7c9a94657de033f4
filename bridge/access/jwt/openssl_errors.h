// What OpenSSL says of a failure stays on the thread, where a TLS connection would take
// it for its own.
#pragma once

#include <openssl/err.h>

namespace sluice {

class OpensslErrorsForgotten {
 public:
  OpensslErrorsForgotten() { ERR_set_mark(); }
  ~OpensslErrorsForgotten() { ERR_pop_to_mark(); }
  OpensslErrorsForgotten(const OpensslErrorsForgotten&) = delete;
  OpensslErrorsForgotten& operator=(const OpensslErrorsForgotten&) = delete;
};

}  // namespace sluice
