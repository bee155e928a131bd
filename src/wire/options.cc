#include "wire/options.h"

#include "net/socket.h"

namespace pgsidecar::wire {

std::string Upstream::ToString() const { return net::Endpoint{host, port}.ToString(); }

}  // namespace pgsidecar::wire
