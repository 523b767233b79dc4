// The stack of a crashed worker, whatever its files have become.
#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core_fixtures.hpp"
#include "support/fd.hpp"
#include "worker/crash.hpp"
#include "worker/stack.hpp"
#include "worker/symbols.hpp"

namespace kclhost::host::worker {
namespace {

using test::TempDir;
using Lines = std::vector<std::string>;

std::unique_ptr<CrashRecord> record_in(const std::string& module) {
  auto record = std::make_unique<CrashRecord>();
  record->signal = SIGSEGV;
  record->instruction = 0x5123;
  record->frame_count = 1;
  record->frames[0].address = 0x5123;
  record->frames[0].base = 0x5000;
  std::strncpy(record->frames[0].module, module.c_str(), sizeof record->frames[0].module - 1);
  return record;
}

std::string first_line(const CrashRecord& record) {
  const auto lines = describe_stack(record, "/state/staged.so", "plugins/mine.so").lines;
  return lines.empty() ? "" : lines.front();
}

TEST(WorkerStack, AModuleThatIsAFifoIsNotOpenedInVain) {
  const TempDir dir;
  const std::string fifo = dir / "fifo.so";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(first_line(*record_in(fifo)), "0x123 in fifo.so");
}

TEST(WorkerStack, AModuleThatIsADeviceIsNotRead) {
  EXPECT_EQ(first_line(*record_in("/dev/zero")), "0x123 in zero");
  const TempDir dir;
  const std::string link = dir / "zero.so";
  ASSERT_EQ(::symlink("/dev/zero", link.c_str()), 0);
  EXPECT_EQ(first_line(*record_in(link)), "0x123 in zero.so");
}

TEST(WorkerStack, AModuleThatIsATerminalIsNotOpened) {
  const Fd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) GTEST_SKIP() << "this machine has no pseudo-terminals: " << std::strerror(errno);
  ASSERT_EQ(::unlockpt(terminal.get()), 0);
  const std::string module = ::ptsname(terminal.get());
  EXPECT_EQ(first_line(*record_in(module)), "0x123 in " + module.substr(module.rfind('/') + 1));
  pollfd hung_up{terminal.get(), 0, 0};
  ASSERT_EQ(::poll(&hung_up, 1, 0), 0) << "its last user has gone, so there was one";
}

TEST(WorkerStack, AModuleThatIsGoneOrNoModule) {
  EXPECT_EQ(first_line(*record_in("/nowhere/at-all.so")), "0x123 in at-all.so");
  EXPECT_EQ(first_line(*record_in("/tmp")), "0x123 in tmp");
  const TempDir dir;
  const std::string text = test::put_file(dir / "text.so", "no ELF file");
  EXPECT_EQ(first_line(*record_in(text)), "0x123 in text.so");
  const std::string cut =
      test::put_file(dir / "cut.so", test::contents(KCLHOST_TEST_PLUGINS "/teller.so").substr(0, 64));
  EXPECT_EQ(first_line(*record_in(cut)), "0x123 in cut.so");
}

TEST(WorkerStack, TheStagedFileGoesByThePluginsName) {
  EXPECT_EQ(first_line(*record_in("/state/staged.so")), "0x123 in mine.so");
}

// Frames at 0x10, 0x20, ... of their modules.
std::unique_ptr<CrashRecord> record_of(const std::vector<std::string>& modules) {
  auto record = record_in(modules.front());
  record->frame_count = 0;
  for (const std::string& module : modules) {
    CrashRecord::Frame& frame = record->frames[record->frame_count++];
    frame.base = 0x5000;
    frame.address = 0x5000 + 0x10 * record->frame_count;
    std::strncpy(frame.module, module.c_str(), sizeof frame.module - 1);
  }
  return record;
}

TEST(WorkerStack, TheProgramsFramesAreLeftOut) {
  const std::string plugin = "/state/staged.so", program = program_module;
  const auto below = record_of({"/libc.so", plugin, program, program, "/libc.so"});
  EXPECT_EQ(describe_stack(*below, plugin, "mine.so").lines, (Lines{"0x10 in libc.so", "0x20 in mine.so"}));
  const auto between = record_of({"/libc.so", program, "/unwind.so", plugin, "/libc.so", program, plugin + "x"});
  EXPECT_EQ(describe_stack(*between, plugin, "mine.so").lines,
            (Lines{"0x10 in libc.so", "0x30 in unwind.so", "0x40 in mine.so", "0x50 in libc.so"}));
  const auto none = record_of({"/libc.so", program, "/libc.so"});
  EXPECT_EQ(describe_stack(*none, plugin, "mine.so").lines, Lines{"0x10 in libc.so"});
  const auto own = record_of({program, program});
  EXPECT_EQ(describe_stack(*own, plugin, "mine.so").lines, Lines{"0x10 in kclhost"});
}

TEST(WorkerStack, ThePluginsFramesAreToldApart) {
  const std::string plugin = "/state/staged.so";
  const auto record = record_of({"/libc.so", plugin, "/libstdc++.so", plugin, program_module});
  EXPECT_EQ(describe_stack(*record, plugin, "mine.so").in_plugin, "0x20 < 0x40");
  const std::vector<std::string> many(40, plugin);
  EXPECT_EQ(describe_stack(*record_of(many), plugin, "mine.so").in_plugin,
            "0x10 < 0x20 < 0x30 < 0x40 < 0x50 < 0x60 < 0x70 < 0x80");
}

TEST(WorkerStack, ARecordOfNonsense) {
  auto record = record_in("");
  EXPECT_EQ(first_line(*record), "0x123 in ");
  record->frame_count = 0xffffffff;
  std::memset(record->frames, 0xff, sizeof record->frames);
  EXPECT_EQ(describe_stack(*record, "a", "b").lines.size(), CrashRecord::most_frames);
  record->frame_count = 0;
  EXPECT_TRUE(describe_stack(*record, "a", "b").lines.empty());
}

TEST(WorkerStack, ReadsNoMoreThanItsBudget) {
  const std::uint64_t address = 0x1000;
  std::uint64_t budget = 100;
  EXPECT_EQ(functions_at(KCLHOST_TEST_PLUGINS "/teller.so", {&address, 1}, budget).front(), "");
  EXPECT_EQ(budget, 0u);
}

// A module with one function, which lies at 0x1000.
std::string module_with(const std::string& function) {
  const std::string names = '\0' + function + '\0';
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_shoff = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 2;
  Elf64_Shdr text{}, table{};
  text.sh_offset = sizeof header + 2 * sizeof(Elf64_Shdr);
  text.sh_size = names.size();
  table.sh_type = SHT_SYMTAB;
  table.sh_offset = text.sh_offset + text.sh_size;
  table.sh_size = sizeof(Elf64_Sym);
  Elf64_Sym symbol{1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x1000, 0x100};
  const auto bytes_of = [](const auto& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  };
  return bytes_of(header) + bytes_of(text) + bytes_of(table) + names + bytes_of(symbol);
}

std::string name_of(const std::string& function) {
  const TempDir dir;
  const std::string file = test::put_file(dir / "module.so", module_with(function));
  const std::uint64_t address = 0x1004;
  std::uint64_t budget = most_symbol_bytes;
  return functions_at(file, {&address, 1}, budget).front();
}

// Each argument is made of the one before, twice: with 30 of them the name would have 30 GB.
TEST(WorkerStack, ANameThatWouldFillTheMemoryStaysAsTheCompilerMadeIt) {
  std::string name = "_Z1f1AIiiE";
  for (int i = 0; i < 2; ++i) name += "S_IS" + std::to_string(i) + "_S" + std::to_string(i) + "_E";
  EXPECT_EQ(name_of(name),
            "f(A<int, int>, A<A<int, int>, A<int, int> >, A<A<A<int, int>, A<int, int> >, A<A<int, int>, A<int, int> > "
            ">)+0x4");
  for (int i = 2; i < 30; ++i) {
    const std::string before = i < 10 ? std::to_string(i) : std::string(1, static_cast<char>('A' + i - 10));
    name += "S_IS" + before + "_S" + before + "_E";
  }
  EXPECT_EQ(name_of(name), name + "+0x4");
}

TEST(WorkerStack, ANameOfManyReferencesIsWrittenOut) {
  EXPECT_EQ(name_of("_ZSt13__invoke_implIvRMN3foo3BarEFvRKSt6vectorIiSaIiEEERPS1_JS8_EET_St21__invoke_memfun_derefOT0_"
                    "OT1_DpOT2_")
                .substr(0, 24),
            "void std::__invoke_impl<");
}

TEST(WorkerStack, ANameIsOneLine) {
  EXPECT_EQ(name_of("two\nlines"), "");
  EXPECT_EQ(name_of("\x1b[2J"), "");
  EXPECT_EQ(name_of("one_line"), "one_line+0x4");
}

TEST(WorkerStack, SignalsHaveNames) {
  EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
  EXPECT_EQ(signal_name(99), "signal 99");
}

}  // namespace
}  // namespace kclhost::host::worker
