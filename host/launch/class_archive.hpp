// The daemon's class archive: its classes as the JVM would have them in memory after loading, linking and verifying
// them. A JVM that maps it starts with a fraction of the work. Java calls it class-data sharing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::launch {

// Where the archive of a directory of jars lies: beside them.
std::filesystem::path class_archive(const std::filesystem::path& jars);

// The JVM's options to use an archive. A JVM that finds that it does not fit goes on without, and says nothing.
std::vector<std::string> options_for_archive(const std::filesystem::path& archive);

// Whether `java`, a program's path, would use the archive of those jars. False where there is none, or where it was
// made by another Java or of other jars. Starts Java for a moment.
bool archive_fits(const std::string& java, const std::filesystem::path& jars);

// Makes the archive of fetched jars anew, of the classes that the file `classes` lists, and puts it in its place at
// once. Processes that do so at the same time wait for each other. Takes Java some seconds. archive_fits afterwards.
std::optional<Error> make_class_archive(const std::string& java, const std::filesystem::path& jars,
                                        const std::filesystem::path& classes);

}  // namespace kclhost::host::launch
