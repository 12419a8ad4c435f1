// What the kernel says about this process (Linux /proc). Private to telemetry.
#pragma once

#include <cstdint>

namespace fluxgate::telemetry {

// A value that could not be read stays 0.
struct ProcessStats {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  double max_fds = 0;             // infinity if unlimited
  double start_time_seconds = 0;  // Unix time
};

// Reads /proc; on the scraping thread only, since counting descriptors walks a directory.
ProcessStats read_process_stats();

}  // namespace fluxgate::telemetry
