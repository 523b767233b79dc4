// The daemon's jars, from Maven.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::launch {

struct Jars {
  std::size_t count = 0;
  std::uintmax_t bytes = 0;
};

// What to fetch: the dependencies of a pom, with the daemon in another version than the pom's if one is asked for.
struct Wanted {
  std::filesystem::path pom;
  std::string version;  // "": the pom's
};

// The file in a directory of jars that says what was fetched: the pom's SHA-256, and the version if it was not the
// pom's; then the names of the jars, one a line. It is written last. Whoever changes the directory locks this file: NFS
// gives out no exclusive lock of a directory.
inline constexpr char stamp_name[] = ".complete";

// The names of the jars in a stamp's text. There are none in one that an older kclhost wrote.
std::vector<std::string> names_in(const std::string& stamp);

// The pom's property that names the daemon's version.
inline constexpr char version_property[] = "daemonVersion";

// What is wrong with it, as far as that can be said without Maven; nothing when all may be well.
std::optional<Error> find_misfit(const Wanted& wanted);

// Whether `directory` holds, complete, what is wanted: by its stamp, and by the names of the files that are there.
bool has_jars(const Wanted& wanted, const std::filesystem::path& directory);

// Makes `directory` hold what is wanted and nothing else. It appears all at once, and is replaced by two renamings:
// whoever looks sees the old one, the new one, or for a moment none. A directory with other things in it, which would
// be deleted, is left alone (an error). Two processes that fetch at once wait for each other. Needs mvn on
// the PATH; takes minutes on a slow line. has_jars afterwards.
Result<Jars> fetch_jars(const Wanted& wanted, const std::filesystem::path& directory);

}  // namespace kclhost::host::launch
