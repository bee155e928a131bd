#pragma once

struct bio_st;

namespace pgsidecar::net {

/// OpenSSL's view of a connected, non-blocking socket. Unlike OpenSSL's own it never raises
/// SIGPIPE. The descriptor stays the caller's and must outlive it. Null if there is no memory.
bio_st* NewSocketBio(int fd);

/// The errno of the last read or write that failed for good; 0 if none did. errno itself may be
/// another one by the time OpenSSL returns. Requires: `bio` is from NewSocketBio.
int SocketBioError(bio_st* bio);

}  // namespace pgsidecar::net
