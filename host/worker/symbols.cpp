#include "worker/symbols.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "support/fd.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::worker {
namespace {

constexpr off_t largest_file = off_t{1} << 30;
constexpr std::size_t longest_name = 2048;
constexpr std::uint64_t most_demangled = std::uint64_t{512} << 10;

// Opens no device and no FIFO, which would notice: the path is the worker's word, and the host may be root.
Fd open_regular(const std::string& path) {
  const Fd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!found || ::fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > largest_file) {
    return Fd();
  }
  const std::string same = "/proc/self/fd/" + std::to_string(found.get());
  return Fd(::open(same.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

// Reads, never maps: a mapping of a file that is cut short meanwhile would end the host.
class ModuleFile {
 public:
  ModuleFile(const std::string& path, std::uint64_t& budget) : fd_(open_regular(path)), budget_(budget) {}

  // The bytes that are there; fewer than asked for at the file's end, or at the budget's.
  std::size_t read(std::uint64_t offset, void* to, std::size_t size) {
    if (!fd_ || offset > static_cast<std::uint64_t>(largest_file)) return 0;
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, budget_));
    budget_ -= size;  // also for a read that finds nothing: they are bounded as well
    std::size_t have = 0;
    while (have < size) {
      const ssize_t n =
          ::pread(fd_.get(), static_cast<char*>(to) + have, size - have, static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    return have;
  }

  template <class T>
  std::vector<T> read_array(std::uint64_t offset, std::size_t count) {
    std::vector<T> all(count);
    all.resize(read(offset, all.data(), count * sizeof(T)) / sizeof(T));
    return all;
  }

 private:
  Fd fd_;
  std::uint64_t& budget_;
};

// About how long a name may be when it is written out: a reference back can stand for all that is before it, and so a
// few hundred bytes for more text than there is memory.
std::uint64_t longest_demangled(std::string_view name) {
  std::uint64_t longest = name.size();
  bool in_reference = false;
  for (std::size_t i = 0; i < name.size() && longest <= most_demangled; ++i) {
    const char c = name[i];
    // S_, S0_, T_, T0_, ...; and a pack, which is one name for many.
    const bool pack = i > 0 && c == 'p' && (name[i - 1] == 'D' || name[i - 1] == 's');
    if (pack || (c == '_' && in_reference)) longest *= 2;
    in_reference = c == 'S' || c == 'T' || (in_reference && ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')));
  }
  return longest;
}

std::string demangled(const std::string& name) {
  if (longest_demangled(name) > most_demangled) return name;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 && std::strlen(text.get()) <= longest_name ? std::string(text.get()) : name;
}

std::string name_at(ModuleFile& file, const Elf64_Shdr& names, const Elf64_Sym& symbol) {
  if (symbol.st_name >= names.sh_size) return {};
  const std::vector<char> text = file.read_array<char>(names.sh_offset + symbol.st_name, longest_name);
  const auto end = std::find(text.begin(), text.end(), '\0');
  if (end == text.end()) return {};
  const std::string name(text.begin(), end);
  return is_one_line(name) ? demangled(name) : std::string();
}

struct Search {
  std::span<const std::uint64_t> addresses;
  std::vector<std::string> found;

  void look_at(const Elf64_Sym& symbol, ModuleFile& file, const Elf64_Shdr& names) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) return;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      // Unsigned: an address before the symbol is far behind it.
      const std::uint64_t offset = addresses[i] - symbol.st_value;
      if (offset >= symbol.st_size || !found[i].empty()) continue;
      const std::string name = name_at(file, names, symbol);
      char text[24];
      std::snprintf(text, sizeof text, "+0x%llx", static_cast<unsigned long long>(offset));
      if (!name.empty()) found[i] = name + text;
    }
  }

  bool over() const {
    return std::none_of(found.begin(), found.end(), [](const std::string& name) { return name.empty(); });
  }
};

void scan(ModuleFile& file, const Elf64_Shdr& table, const Elf64_Shdr& names, Search& search) {
  constexpr std::size_t at_once = 4096;
  for (std::uint64_t done = 0; done + sizeof(Elf64_Sym) <= table.sh_size && !search.over();) {
    const std::size_t left = (table.sh_size - done) / sizeof(Elf64_Sym);
    const auto symbols = file.read_array<Elf64_Sym>(table.sh_offset + done, std::min(left, at_once));
    if (symbols.empty()) return;
    for (const Elf64_Sym& symbol : symbols) search.look_at(symbol, file, names);
    done += symbols.size() * sizeof(Elf64_Sym);
  }
}

}  // namespace

std::vector<std::string> functions_at(const std::string& path, std::span<const std::uint64_t> addresses,
                                      std::uint64_t& budget) {
  Search search{addresses, std::vector<std::string>(addresses.size())};
  ModuleFile file(path, budget);
  Elf64_Ehdr header{};
  if (file.read(0, &header, sizeof header) != sizeof header || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr)) {
    return search.found;
  }
  const auto sections = file.read_array<Elf64_Shdr>(header.e_shoff, header.e_shnum);
  for (const Elf64_Word kind : {Elf64_Word{SHT_SYMTAB}, Elf64_Word{SHT_DYNSYM}}) {
    for (const Elf64_Shdr& table : sections) {
      if (search.over()) return search.found;
      if (table.sh_type == kind && table.sh_link < sections.size()) scan(file, table, sections[table.sh_link], search);
    }
  }
  return search.found;
}

}  // namespace kclhost::host::worker
