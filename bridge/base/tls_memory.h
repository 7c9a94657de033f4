// Where OpenSSL keeps its buffers: apart from all other memory.
#pragma once

namespace sluice {

// Those of handshakes and records come and go between things that stay, sessions above all:
// taken from one heap they would leave holes behind that nobody can give back, several times
// the size of the sessions. From here on they have pages of their own, which the system gets
// back, but for a few that are always at hand.
//
// Before anything else uses OpenSSL, once. False: it cannot be done any more, or the heap is
// watched by AddressSanitizer, and the heap serves all.
bool KeepTlsBuffersApart();

}  // namespace sluice
