#include "worker/uncaught.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <exception>

namespace kclhost::host::worker {
namespace {

std::atomic<std::terminate_handler> the_plugins = nullptr;

void on_terminate() {
  // Prints by what this program's library knows, and aborts.
  if (abi::__cxa_current_exception_type() != nullptr) __gnu_cxx::__verbose_terminate_handler();
  if (const std::terminate_handler handler = the_plugins) handler();
  std::abort();
}

}  // namespace

void name_what_is_let_out(const std::string& path) {
  // Finds what is loaded, and loads nothing.
  void* const library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return;
  // Within the plugin and what it is linked to. None: a plugin in C, or one that keeps its copy to itself.
  using SetTerminate = std::terminate_handler (*)(std::terminate_handler) noexcept;
  const auto set_terminate = reinterpret_cast<SetTerminate>(::dlsym(library, "_ZSt13set_terminatePFvvE"));
  if (set_terminate == nullptr || set_terminate == static_cast<SetTerminate>(&std::set_terminate)) return;
  const std::terminate_handler before = set_terminate(&on_terminate);
  if (before != &on_terminate) the_plugins = before;  // with isolation none a plugin is loaded more than once
}

}  // namespace kclhost::host::worker
