#include "app/file_watch.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace fluxgate::app {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    std::string pattern = (fs::temp_directory_path() / "fluxgate-watch-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~FileWatchTest() override { fs::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }
  void write(const char* name, const std::string& text) const { std::ofstream(path(name)) << text; }

  fs::path folder_;
  FileWatch watch_;
};

TEST_F(FileWatchTest, NoticesWhatChanges) {
  write("a", "one");
  write("b", "one");
  watch_.watch({path("a"), path("b"), path("later")});
  EXPECT_FALSE(watch_.changed());
  write("b", "another size");
  EXPECT_TRUE(watch_.changed());
  EXPECT_FALSE(watch_.changed()) << "told once";
  fs::last_write_time(path("a"), fs::last_write_time(path("a")) + std::chrono::seconds(1));
  EXPECT_TRUE(watch_.changed()) << "the same size, another time";
  write("later", "x");
  EXPECT_TRUE(watch_.changed()) << "it appeared";
  fs::remove(path("later"));
  EXPECT_TRUE(watch_.changed()) << "it went";
  EXPECT_FALSE(watch_.changed());
}

TEST_F(FileWatchTest, NoticesAReplacedFile) {
  write("a", "one");
  write("new", "two");
  fs::last_write_time(path("new"), fs::last_write_time(path("a")));
  watch_.watch({path("a")});
  fs::rename(path("new"), path("a"));  // the same size and time
  EXPECT_TRUE(watch_.changed());
}

TEST_F(FileWatchTest, FollowsSymlinks) {
  fs::create_directory(folder_ / "v1");
  fs::create_directory(folder_ / "v2");
  write("v1/config", "one");
  write("v2/config", "two");
  fs::create_directory_symlink("v1", folder_ / "current");
  watch_.watch({path("current/config")});
  EXPECT_FALSE(watch_.changed());
  fs::create_directory_symlink("v2", folder_ / "next");  // how Kubernetes swaps a mounted ConfigMap
  fs::rename(folder_ / "next", folder_ / "current");
  EXPECT_TRUE(watch_.changed());
}

TEST_F(FileWatchTest, WatchingAnewStartsFromNow) {
  write("a", "one");
  watch_.watch({path("a")});
  write("a", "longer than before");
  watch_.watch({path("a")});
  EXPECT_FALSE(watch_.changed());
  watch_.watch({});
  EXPECT_FALSE(watch_.changed());
}

}  // namespace
}  // namespace fluxgate::app
