// A small file system of a test's own, which can be filled and emptied again.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace pullwire::tests {

class SmallDisk {
 public:
  /// Mounts a disk of `megabytes` on `folder`, which is made, in a mount name space of this
  /// process and the ones that it starts: nothing is left behind, whoever is killed. Returns
  /// nothing if this user may not.
  static std::unique_ptr<SmallDisk> mount(const std::filesystem::path& folder, int megabytes) {
    static const bool may = enter_name_space();
    std::filesystem::create_directories(folder);
    const std::string size = "size=" + std::to_string(megabytes) + "m";
    if (!may || ::mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) return nullptr;
    return std::unique_ptr<SmallDisk>{new SmallDisk{folder}};
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() { ::umount2(folder_.c_str(), MNT_DETACH); }

  /// Takes all the room that is left.
  void fill() const {
    const int ballast =
        ::open((folder_ / "ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (std::size_t size = 1 << 20; size > 0;) {
      const std::string block(size, 'x');
      const ssize_t written = ::write(ballast, block.data(), block.size());
      if (written < static_cast<ssize_t>(size)) size /= 2;
    }
    ::close(ballast);
  }
  /// Gives it back.
  void make_room() const { std::filesystem::remove(folder_ / "ballast"); }

 private:
  explicit SmallDisk(std::filesystem::path folder) : folder_{std::move(folder)} {}

  /// Users other than root need a user name space, too, in which they are who they were.
  static bool enter_name_space() {
    const auto same = [](auto id) { return std::to_string(id) + ' ' + std::to_string(id) + " 1"; };
    const std::string user = same(::geteuid());
    const std::string group = same(::getegid());
    if (::unshare(CLONE_NEWNS) != 0) {
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
      std::ofstream{"/proc/self/setgroups"} << "deny";
      std::ofstream{"/proc/self/uid_map"} << user;
      std::ofstream{"/proc/self/gid_map"} << group;
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }

  std::filesystem::path folder_;
};

}  // namespace pullwire::tests
