#pragma once

#include "app/command_line.h"

namespace pgsidecar::app {

/// Does what the command line says; returns the exit code. Prints on stdout and stderr.
int Execute(const CommandLine& line);

/// The whole program.
int Main(int argc, const char* const* argv);

}  // namespace pgsidecar::app
