#include "plugin/elf.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "core_fixtures.hpp"
#include "kclhost/plugin.h"

namespace kclhost::host::plugin {
namespace {

const std::string teller = KCLHOST_TEST_PLUGINS "/teller.so";

std::string refusal(std::string_view bytes) {
  const Result<ElfSummary> elf = read_elf(bytes);
  return elf ? "" : elf.error();
}

std::string with_header(const std::string& bytes, void (*change)(Elf64_Ehdr&)) {
  std::string changed = bytes;
  Elf64_Ehdr header;
  std::memcpy(&header, changed.data(), sizeof header);
  change(header);
  std::memcpy(changed.data(), &header, sizeof header);
  return changed;
}

TEST(Elf, APluginsSymbols) {
  const Result<ElfSummary> elf = read_elf(test::contents(teller));
  ASSERT_TRUE(elf) << elf.error();
  EXPECT_EQ(elf->exported, std::vector<std::string>{"kclhost_plugin_v1"});
  EXPECT_TRUE(elf->unique.empty());
  EXPECT_NE(std::find(elf->needed.begin(), elf->needed.end(), "libc.so.6"), elf->needed.end());
}

TEST(Elf, WhatIsNoSharedObject) {
  const std::string bytes = test::contents(teller);
  EXPECT_NE(refusal("").find("is empty"), std::string::npos);
  EXPECT_NE(refusal("#!/bin/sh\necho hello\n").find("is no ELF file"), std::string::npos);
  EXPECT_NE(refusal("\x7f").find("is no ELF file"), std::string::npos);
  EXPECT_NE(refusal("\x7f"
                    "ELF")
                .find("truncated"),
            std::string::npos);
  EXPECT_NE(refusal(with_header(bytes, [](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; })).find("32-bit"),
            std::string::npos);
  EXPECT_NE(
      refusal(with_header(bytes, [](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; })).find("another machine"),
      std::string::npos);
  EXPECT_NE(
      refusal(with_header(bytes, [](Elf64_Ehdr& h) { h.e_machine = EM_S390; })).find("another machine (number 22)"),
      std::string::npos);
  EXPECT_NE(refusal(with_header(bytes, [](Elf64_Ehdr& h) { h.e_type = ET_EXEC; })).find("no shared object"),
            std::string::npos);
  EXPECT_NE(refusal(with_header(bytes, [](Elf64_Ehdr& h) { h.e_type = ET_REL; })).find("no shared object"),
            std::string::npos);
}

TEST(Elf, ATruncatedFileIsNeverTaken) {
  const std::string bytes = test::contents(teller);
  for (std::size_t size = 4; size < bytes.size(); size += size < 4096 ? 1 : 97) {
    ASSERT_NE(refusal(std::string_view(bytes).substr(0, size)).find("truncated"), std::string::npos)
        << size << " of " << bytes.size() << " bytes";
  }
  EXPECT_NE(refusal(std::string_view(bytes).substr(0, bytes.size() - 1)), "");
  EXPECT_EQ(refusal(bytes), "");
}

// Section headers come last and may be stripped; the segments still tell that something is missing.
TEST(Elf, ATruncatedFileWithoutSectionHeadersIsNotTaken) {
  const std::string bytes = with_header(test::contents(teller), [](Elf64_Ehdr& h) { h.e_shnum = 0; });
  ASSERT_EQ(refusal(bytes), "");
  EXPECT_NE(refusal(std::string_view(bytes).substr(0, 4096)).find("truncated"), std::string::npos);
}

// Whatever is in the file, nothing outside it is touched; a sanitizer watches.
TEST(Elf, DamagedFilesAreHarmless) {
  const std::string good = test::contents(teller);
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof header);
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 8; ++change) {
      // In the headers, where it hurts, or anywhere; a byte, or a number at one of its ends.
      const std::size_t span = 64 + std::size_t{header.e_shnum} * header.e_shentsize;
      std::size_t at = random() % span;
      if (at >= 64) at = header.e_shoff + at - 64;
      if (change % 4 == 3) at = random() % bytes.size();
      const std::uint64_t values[] = {0, 1, UINT64_MAX, UINT64_MAX / 2 + 1, bytes.size(), bytes.size() - 1, random()};
      const std::uint64_t value = values[random() % std::size(values)];
      const std::size_t width = std::size_t{1} << random() % 4;
      std::memcpy(bytes.data() + at, &value, std::min(width, bytes.size() - at));
    }
    (void)read_elf(bytes);
  }
}

// A shared object without segments: one table of names, and one of `count` symbols that all have the name at `name`.
std::string object_of(const std::string& names, std::size_t count, Elf64_Word name) {
  Elf64_Ehdr header{};
  const std::string good = test::contents(teller);
  std::memcpy(&header, good.data(), sizeof header);
  header.e_phnum = 0;
  header.e_shoff = sizeof header;
  header.e_shnum = 2;
  Elf64_Shdr text{}, table{};
  text.sh_type = SHT_STRTAB;
  text.sh_offset = sizeof header + 2 * sizeof(Elf64_Shdr);
  text.sh_size = names.size();
  table.sh_type = SHT_DYNSYM;
  table.sh_offset = text.sh_offset + text.sh_size;
  table.sh_size = count * sizeof(Elf64_Sym);
  Elf64_Sym symbol{};
  symbol.st_name = name;
  symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
  symbol.st_shndx = 1;
  const auto bytes_of = [](const auto& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  };
  std::string bytes = bytes_of(header) + bytes_of(text) + bytes_of(table) + names;
  for (std::size_t i = 0; i < count; ++i) bytes += bytes_of(symbol);
  return bytes;
}

// Each symbol's name is a copy, so a small file could take all memory.
TEST(Elf, NamesThatAreManyTimesAsLongAsTheFileAreDamage) {
  const std::string names = '\0' + std::string(10'000, 'k') + '\0';
  const Result<ElfSummary> few = read_elf(object_of(names, 3, 1));
  ASSERT_TRUE(few) << few.error();
  EXPECT_EQ(few->exported.size(), 3u);
  EXPECT_EQ(refusal(object_of(names, 400, 1)), "is a damaged ELF file; copy it again");
}

TEST(Elf, ANameThatNoMessageCanShowIsLeftOut) {
  for (const char* name : {"kclhost_plugin_v\n2", "\x1b[2J", "\x7f", "\xff"}) {
    const Result<ElfSummary> elf = read_elf(object_of('\0' + std::string(name) + '\0', 1, 1));
    ASSERT_TRUE(elf) << elf.error();
    EXPECT_TRUE(elf->exported.empty());
  }
}

}  // namespace
}  // namespace kclhost::host::plugin
