#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/field.h"
#include "config/load.h"

namespace pgsidecar::config {

constexpr std::string_view kTokenFileAllowed = "the absolute path of a file, or nothing";
constexpr std::string_view kHostAllowed =
    "host names without port, as in pgsidecar.internal, admin-1";

/// An absolute path or nothing. The error does not show the text: it may be a token that somebody
/// put there.
Status CheckTokenFile(std::string_view text);
/// A name that Host may have, without port.
Status CheckHostName(std::string_view text);

/// `admin.token`, which is shown as *** wherever it is set, also to itself and to the hash.
Field TokenField();

/// What is wrong with the admin keys together, or with the file that they name: one line each, with
/// the source of the key. Requires: each is right by itself.
std::vector<std::string> AdminErrors(const Loaded& loaded);

}  // namespace pgsidecar::config
