// The daemon's jars, from Maven.
#pragma once

#include <cstdint>
#include <filesystem>

#include "support/result.hpp"

namespace kclhost::host::launch {

struct Jars {
  std::size_t count = 0;
  std::uintmax_t bytes = 0;
};

// Whether `directory` holds, complete, what `pom` names.
bool has_jars(const std::filesystem::path& pom, const std::filesystem::path& directory);

// Makes `directory` hold the pom's dependencies and nothing else. It appears, or is replaced, all at once; a directory
// with other things in it is left alone (an error). Two processes that fetch at once wait for each other. Needs mvn on
// the PATH; takes minutes on a slow line. has_jars afterwards.
Result<Jars> fetch_jars(const std::filesystem::path& pom, const std::filesystem::path& directory);

}  // namespace kclhost::host::launch
