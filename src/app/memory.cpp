#include "memory.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace fluxgate::app {

namespace {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");  // pages: size resident shared ...
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void drop_startup_code() {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, permissions) != 3) continue;
    // Only code from files: it was never written to, so the page cache has every byte of it. Anything else might not
    // come back.
    if (std::string(permissions) != "r-xp" || line.find('/') == std::string::npos) continue;
    // Advice: where it is not taken, the pages simply stay.
    if (::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED) != 0) continue;
  }
}

void HeapTrimmer::trim_if_worth_it() {
  static constexpr std::size_t kWorth = 512 * 1024;
  if (resident_bytes() < resident_ + kWorth) return;
  ::malloc_trim(0);
  resident_ = resident_bytes();
}

}  // namespace fluxgate::app
