// Notices that files changed, by looking at them now and then.
//
// Polling once a second instead of inotify: it follows symlink swaps (Kubernetes mounts), replaced files and files that
// appear later, on every file system, in ten lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fluxgate::app {

class FileWatch {
 public:
  // Watches these from now on; how they look now is the base line.
  void watch(std::vector<std::string> paths);
  // True if any looks different than at the last call.
  bool changed();

 private:
  struct Look {
    std::uint64_t inode = 0;
    std::int64_t size = -1;         // -1: cannot be read
    std::int64_t modified_ns = 0;
    friend bool operator==(const Look&, const Look&) = default;
  };
  static Look look_at(const std::string& path);

  std::vector<std::string> paths_;
  std::vector<Look> looks_;
};

}  // namespace fluxgate::app
