#include "plugin/elf.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "support/one_line.hpp"

namespace kclhost::host::plugin {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half our_machine = EM_X86_64;
constexpr const char* our_machine_name = "x86-64";
#elif defined(__aarch64__)
constexpr Elf64_Half our_machine = EM_AARCH64;
constexpr const char* our_machine_name = "AArch64";
#else
#error "kclhost does not know this machine's ELF number yet"
#endif

// Reads the structures of an ELF file; nothing outside the bytes is ever touched.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  bool covers(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && bytes_.size() - offset >= size;
  }
  // The NUL-terminated text at `index` of a string table, "" where there is none that can be shown. Many entries may
  // name one text, in a hostile file all of them the longest: once `budget` bytes were read there is no more.
  std::string text(const Elf64_Shdr& table, std::uint64_t index, std::uint64_t& budget) const {
    if (!covers(table.sh_offset, table.sh_size) || index >= table.sh_size) return {};
    std::string_view rest = bytes_.substr(table.sh_offset + index, table.sh_size - index);
    rest = rest.substr(0, rest.find('\0'));
    const bool left = rest.size() < budget;
    budget -= left ? rest.size() + 1 : budget;
    return left && is_one_line(rest) ? std::string(rest) : std::string();
  }
  std::vector<Elf64_Shdr> sections(const Elf64_Ehdr& header) const {
    std::vector<Elf64_Shdr> all;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
      const auto section = at<Elf64_Shdr>(header.e_shoff + std::uint64_t{i} * sizeof(Elf64_Shdr));
      if (!section) break;
      all.push_back(*section);
    }
    return all;
  }

 private:
  std::string_view bytes_;
};

Error check_header(const Reader& reader, std::string_view bytes, Elf64_Ehdr& header) {
  if (bytes.empty()) return {"is empty"};
  if (bytes.substr(0, SELFMAG) != ELFMAG) return {"is no ELF file; kclhost_add_plugin builds plugins"};
  const auto ident = reader.at<std::array<unsigned char, EI_NIDENT>>(0);
  if (!ident) return {"is a truncated ELF file; copy it again"};
  if ((*ident)[EI_CLASS] != ELFCLASS64) return {"is a 32-bit ELF file; build it for " + std::string(our_machine_name)};
  const auto whole = reader.at<Elf64_Ehdr>(0);
  if (!whole) return {"is a truncated ELF file; copy it again"};
  header = *whole;
  if ((*ident)[EI_DATA] != ELFDATA2LSB || header.e_machine != our_machine) {
    return {"is an ELF file for another machine (number " + std::to_string(header.e_machine) + "); build it for " +
            our_machine_name};
  }
  if (header.e_type != ET_DYN) return {"is an ELF file but no shared object; kclhost_add_plugin builds plugins"};
  return {};
}

Error check_complete(const Reader& reader, const Elf64_Ehdr& header) {
  Error truncated{"is a truncated ELF file; copy it again"};
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = reader.at<Elf64_Phdr>(header.e_phoff + std::uint64_t{i} * header.e_phentsize);
    if (!segment || !reader.covers(segment->p_offset, segment->p_filesz)) return truncated;
  }
  // Section headers come last in what linkers write, so a file cut short nearly always lacks them.
  if (header.e_shnum != 0 && !reader.covers(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize)) {
    return truncated;
  }
  return {};
}

void read_dynamic_symbols(const Reader& reader, const std::vector<Elf64_Shdr>& sections, const Elf64_Shdr& table,
                          std::uint64_t& budget, ElfSummary& summary) {
  if (table.sh_link >= sections.size()) return;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
    const auto symbol = reader.at<Elf64_Sym>(table.sh_offset + at);
    if (!symbol) return;
    const unsigned binding = ELF64_ST_BIND(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
    std::string name = reader.text(sections[table.sh_link], symbol->st_name, budget);
    if (name.empty()) continue;
    if (binding == STB_GNU_UNIQUE) summary.unique.push_back(name);
    summary.exported.push_back(std::move(name));
  }
}

std::vector<std::string> parts_of(std::string_view paths) {
  std::vector<std::string> parts;
  while (!paths.empty()) {
    const std::size_t end = std::min(paths.find(':'), paths.size());
    parts.emplace_back(paths.substr(0, end));
    paths.remove_prefix(std::min(end + 1, paths.size()));
  }
  return parts;
}

void read_dependencies(const Reader& reader, const std::vector<Elf64_Shdr>& sections, const Elf64_Shdr& table,
                       std::uint64_t& budget, ElfSummary& summary) {
  if (table.sh_link >= sections.size()) return;
  bool has_run_path = false;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= table.sh_size; at += sizeof(Elf64_Dyn)) {
    const auto entry = reader.at<Elf64_Dyn>(table.sh_offset + at);
    if (!entry || entry->d_tag == DT_NULL) return;
    if (entry->d_tag == DT_NEEDED) {
      std::string name = reader.text(sections[table.sh_link], entry->d_un.d_val, budget);
      if (!name.empty()) summary.needed.push_back(std::move(name));
    }
    if (entry->d_tag != DT_RUNPATH && (entry->d_tag != DT_RPATH || has_run_path)) continue;
    has_run_path = entry->d_tag == DT_RUNPATH;
    summary.run_paths = parts_of(reader.text(sections[table.sh_link], entry->d_un.d_val, budget));
  }
}

}  // namespace

Result<ElfSummary> read_elf(std::string_view bytes) {
  const Reader reader(bytes);
  Elf64_Ehdr header{};
  if (Error error = check_header(reader, bytes, header); !error.message.empty()) return error;
  if (Error error = check_complete(reader, header); !error.message.empty()) return error;
  ElfSummary summary;
  const std::vector<Elf64_Shdr> sections = reader.sections(header);
  // Linkers let names share their ends, and versions of a symbol their name, but not so that all of them together are
  // several times as long as the file.
  std::uint64_t budget = 4 * std::uint64_t{bytes.size()};
  // There is one of each in a whole file; a damaged one may have more, and all of them the same.
  const auto first = [&sections](Elf64_Word type) {
    return std::find_if(sections.begin(), sections.end(),
                        [type](const Elf64_Shdr& section) { return section.sh_type == type; });
  };
  if (const auto table = first(SHT_DYNSYM); table != sections.end())
    read_dynamic_symbols(reader, sections, *table, budget, summary);
  if (const auto table = first(SHT_DYNAMIC); table != sections.end())
    read_dependencies(reader, sections, *table, budget, summary);
  if (budget == 0) return Error{"is a damaged ELF file; copy it again"};
  std::sort(summary.exported.begin(), summary.exported.end());
  std::sort(summary.unique.begin(), summary.unique.end());
  return summary;
}

}  // namespace kclhost::host::plugin
