#pragma once

struct bio_st;

namespace pgsidecar::net {

/// OpenSSL's view of a connected, non-blocking socket. Unlike OpenSSL's own it never raises
/// SIGPIPE. The descriptor stays the caller's and must outlive it. Null if there is no memory.
bio_st* NewSocketBio(int fd);

}  // namespace pgsidecar::net
