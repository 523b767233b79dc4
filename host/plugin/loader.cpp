#include "plugin/loader.hpp"

#include <boost/dll/shared_library.hpp>
#include <deque>
#include <mutex>
#include <string>

#include "plugin/cures.hpp"

namespace kclhost::host::plugin {
namespace {

// Boost wraps dlerror's text in its own; what follows the path is what matters to a person.
std::string without_path(std::string text, const std::string& path) {
  if (const std::size_t at = text.find(path + ": "); at != std::string::npos) text.erase(0, at + path.size() + 2);
  return text;
}

}  // namespace

Result<PluginTable> load(const std::filesystem::path& path) {
  using boost::dll::load_mode::rtld_local;
  using boost::dll::load_mode::rtld_now;
  boost::dll::fs::error_code error;
  // Left to the process's end on purpose: a library's threads and thread-local destructors outlive any safe moment.
  static auto* const loaded = new std::deque<boost::dll::shared_library>;
  static std::mutex adding;  // with isolation none each lane loads on a thread of its own
  boost::dll::shared_library* library = nullptr;
  {
    const std::lock_guard lock(adding);
    library = &loaded->emplace_back();
  }
  library->load(path.string(), rtld_now | rtld_local, error);
  if (error) {
    const char* why = ::dlerror();
    return Error{"can't be loaded: " + with_cure(without_path(why ? why : error.message(), path.string()))};
  }
  if (!library->has(KCLHOST_ENTRY_SYMBOL)) return Error{"exports no " KCLHOST_ENTRY_SYMBOL};
  return read_table(library->get<const kclhost_plugin*()>(KCLHOST_ENTRY_SYMBOL)());
}

}  // namespace kclhost::host::plugin
