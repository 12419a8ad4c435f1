#include "file_watch.hpp"

#include <sys/stat.h>

namespace fluxgate::app {

FileWatch::Look FileWatch::look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size, info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

void FileWatch::watch(std::vector<std::string> paths) {
  paths_ = std::move(paths);
  looks_.clear();
  for (const std::string& path : paths_) looks_.push_back(look_at(path));
}

bool FileWatch::changed() {
  bool any = false;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    const Look now = look_at(paths_[i]);
    if (now == looks_[i]) continue;
    looks_[i] = now;
    any = true;
  }
  return any;
}

}  // namespace fluxgate::app
