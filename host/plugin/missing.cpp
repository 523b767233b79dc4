#include "plugin/missing.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/messages.hpp"

namespace kclhost::host::plugin {

namespace fs = std::filesystem;

std::string cure_of_missing(const fs::path& folder, const fs::path& name, const std::string& where) {
  const fs::path above = name.parent_path();
  std::vector<std::string> there;
  std::error_code error;
  const fs::path looked = folder / above;
  fs::directory_iterator entries(looked.empty() ? "." : looked, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".so") there.push_back((above / entries->path().filename()).string());
  }
  std::sort(there.begin(), there.end());
  const std::vector<std::string_view> known(there.begin(), there.end());
  const std::string near = config::did_you_mean(name.string(), known);
  return near.empty() ? "; build it first, or look at " + where : near;
}

std::string not_found(const std::string& argument, const std::error_code& error) {
  const bool missing = error == std::errc::no_such_file_or_directory;
  return "plugin " + argument + " can't be found: " + error.message() +
         (missing ? cure_of_missing("", argument, "its path") : "");
}

}  // namespace kclhost::host::plugin
