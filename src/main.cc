#include "app/commands.h"

int main(int argc, char** argv) { return pgsidecar::app::Main(argc, argv); }
