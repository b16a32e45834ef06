#include "common/net/identity.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <sys/random.h>
#include <unistd.h>

namespace pullwire::net {
namespace {

void fill_random(void* data, std::size_t size) {
  // Never short for up to 256 bytes once the system has its entropy (getrandom(2)).
  if (getrandom(data, size, 0) != static_cast<ssize_t>(size)) {
    throw std::system_error{errno, std::generic_category(), "getrandom"};
  }
}

}  // namespace

flow::Instance new_instance() {
  flow::Instance instance{};
  fill_random(instance.data(), instance.size());
  return instance;
}

std::uint64_t new_seed() {
  std::uint64_t seed = 0;
  fill_random(&seed, sizeof seed);
  return seed;
}

std::string process_name(std::string_view stage) {
  std::array<char, 65> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {'?'};
  return std::string{stage} + "@" + host.data() + ":" + std::to_string(getpid());
}

}  // namespace pullwire::net
