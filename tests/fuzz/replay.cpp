// Tries files one after the other, or all of a folder: the corpus as an ordinary test.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace {

void try_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  std::fprintf(stderr, "%s\n", path.c_str());  // the last one is the culprit
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t tried = 0;
  for (const std::filesystem::path path : std::vector<std::string>(argv + 1, argv + argc)) {
    if (!std::filesystem::is_directory(path)) {
      try_file(path);
      ++tried;
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator{path}) {
      try_file(entry.path());
      ++tried;
    }
  }
  std::fprintf(stderr, "%zu inputs tried\n", tried);
  return tried > 0 ? 0 : 1;
}
