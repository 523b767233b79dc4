// ELF files: what is read of a plugin before it is loaded, and the symbols that a dead worker's stack gets its names
// from.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "kclhost/plugin.h"
#include "plugin/file.hpp"
#include "plugin/warnings.hpp"
#include "require.hpp"
#include "support/fd.hpp"
#include "worker/symbols.hpp"

namespace {

using namespace kclhost::host;

std::size_t bytes_in(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size() + 1;
  return bytes;
}

void check_plugin(std::string_view bytes) {
  const auto elf = plugin::read_elf(bytes);
  const auto file = plugin::file_of("/plugins/my.so", std::string(bytes));
  if (!elf) {
    fuzz::require_one_line(elf.error());
    fuzz::require(!file);
    return;
  }
  // However often a table names the same text, what is kept has a bound.
  for (const auto* texts : {&elf->exported, &elf->unique, &elf->needed, &elf->run_paths})
    fuzz::require(bytes_in(*texts) <= 4 * bytes.size());
  fuzz::require(std::is_sorted(elf->exported.begin(), elf->exported.end()));
  fuzz::require(std::includes(elf->exported.begin(), elf->exported.end(), elf->unique.begin(), elf->unique.end()));
  if (!file) fuzz::require_one_line(file.error());
  for (const std::string& warning : plugin::warnings_of(*elf)) fuzz::require_one_line(warning);
}

void check_symbols(std::string_view bytes) {
  static const Fd fd(::memfd_create("module", MFD_CLOEXEC));
  static const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return;
  constexpr std::array<std::uint64_t, 4> addresses{0, 0x2a8, 0x2b8, 0x7fff'ffff'ffff'ffff};
  constexpr std::uint64_t all = 64 * 1024;
  std::uint64_t budget = all;
  const auto names = worker::functions_at(path, addresses, budget);
  fuzz::require(names.size() == addresses.size() && budget <= all);
  for (const std::string& name : names) {
    if (!name.empty()) fuzz::require_one_line(name);
    fuzz::require(name.size() < 4096);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  check_plugin(bytes);
  check_symbols(bytes);
  return 0;
}
