#include "fluxgate/app/cli.hpp"

int main(int argc, char** argv) { return fluxgate::app::run_cli(argc, argv); }
