#include "telemetry/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace fluxgate::telemetry {
namespace {

// Seconds since the epoch at which the system booted.
double boot_time() {
  std::ifstream stat("/proc/stat");
  std::string word;
  while (stat >> word) {
    if (word != "btime") continue;
    double seconds = 0;
    stat >> seconds;
    return seconds;
  }
  return 0;
}

// /proc/self/stat from its third field on: the second is the program's name and may hold spaces.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  return fields;
}

std::uint64_t count_fds() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the one that reads the directory
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  // Positions in proc(5), which counts from 1; fields[0] is number 3.
  constexpr std::size_t kUtime = 14 - 3, kStime = 15 - 3, kStartTime = 22 - 3, kVsize = 23 - 3, kRss = 24 - 3;
  if (const auto fields = stat_fields(); fields.size() > kRss) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    stats.cpu_seconds = (std::stod(fields[kUtime]) + std::stod(fields[kStime])) / ticks;
    stats.start_time_seconds = boot_time() + std::stod(fields[kStartTime]) / ticks;
    stats.virtual_bytes = std::stoull(fields[kVsize]);
    stats.resident_bytes = std::stoull(fields[kRss]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  stats.open_fds = count_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    stats.max_fds = limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                    : static_cast<double>(limit.rlim_cur);
  }
  return stats;
}

}  // namespace fluxgate::telemetry
