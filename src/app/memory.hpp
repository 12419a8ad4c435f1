// Giving memory back to the system when it is of no use.
//
// The allocator is the C library's: with coroutine frames and buffers recycled by the worker itself, jemalloc and
// mimalloc saved no time here and cost 4 MiB of resident memory idle (docs/decisions/007-allocator.md).
#pragma once

#include <cstddef>

namespace fluxgate::app {

// Drops the mapped pages of program code that have run so far. Start-up runs much code once (option and YAML parsing,
// schema tables); what serving needs comes back from the page cache when it is first used, a page at a time.
void drop_startup_code();

// Returns free heap memory after a load has passed. Call it now and then while the daemon is quiet.
class HeapTrimmer {
 public:
  // Trims if the process has grown by half a megabyte since the last time.
  void trim_if_worth_it();

 private:
  std::size_t resident_ = 0;  // bytes, after the last trim
};

}  // namespace fluxgate::app
