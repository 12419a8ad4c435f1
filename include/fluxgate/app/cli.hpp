// The command line: fluxgate serve | check | schema | version | healthcheck.
#pragma once

namespace fluxgate::app {

// The process's exit status: 0 well, 1 the configuration is wrong or the daemon could not start, 2 wrong usage.
int run_cli(int argc, char** argv);

}  // namespace fluxgate::app
