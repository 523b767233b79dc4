#include "plugin/cures.hpp"

#include <gnu/libc-version.h>

#include <algorithm>
#include <iterator>

namespace kclhost::host::plugin {
namespace {

struct Package {
  std::string_view library, package;
};
// Libraries that plugins are often linked with, as Debian 12 and 13 have them.
constexpr Package packages[] = {
    {"libatomic.so.1", "libatomic1"},
    {"libavro.so.24", "libavro24"},
    {"libcrypto.so.1.1", "libssl1.1"},
    {"libcrypto.so.3", "libssl3"},
    {"libcurl.so.4", "libcurl4"},
    {"libgomp.so.1", "libgomp1"},
    {"libhiredis.so.0.14", "libhiredis0.14"},
    {"libhiredis.so.1.1.0", "libhiredis1.1.0"},
    {"libicuuc.so.72", "libicu72"},
    {"libicuuc.so.76", "libicu76"},
    {"libjemalloc.so.2", "libjemalloc2"},
    {"libjsoncpp.so.25", "libjsoncpp25"},
    {"libjsoncpp.so.26", "libjsoncpp26"},
    {"liblz4.so.1", "liblz4-1"},
    {"libmariadb.so.3", "libmariadb3"},
    {"libpq.so.5", "libpq5"},
    {"libprotobuf.so.32", "libprotobuf32"},
    {"libpython3.11.so.1.0", "libpython3.11"},
    {"libpython3.13.so.1.0", "libpython3.13"},
    {"librdkafka.so.1", "librdkafka1"},
    {"libre2.so.11", "libre2-11"},
    {"libre2.so.9", "libre2-9"},
    {"libsnappy.so.1", "libsnappy1v5"},
    {"libsqlite3.so.0", "libsqlite3-0"},
    {"libssl.so.1.1", "libssl1.1"},
    {"libssl.so.3", "libssl3"},
    {"libstdc++.so.6", "libstdc++6"},
    {"libxml2.so.2", "libxml2"},
    {"libyaml-cpp.so.0.7", "libyaml-cpp0.7"},
    {"libyaml-cpp.so.0.8", "libyaml-cpp0.8"},
    {"libz.so.1", "zlib1g"},
    {"libzstd.so.1", "libzstd1"},
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string missing_library(std::string_view library) {
  if (has(library, "musl"))
    return "it was built for musl (Alpine Linux); build it on a system with glibc, such as Debian";
  const std::string package = package_of(library);
  if (!package.empty()) return "install the package " + package + " (Debian's name for it)";
  return "install the package that has " + std::string(library) + " (apt-file search " + std::string(library) +
         "), or ship the library beside the plugin and link that with -Wl,-rpath,'$ORIGIN'";
}

std::string undefined_symbol(std::string_view why) {
  std::string_view symbol = why.substr(why.find("undefined symbol: ") + 18);
  symbol = symbol.substr(0, symbol.find_first_of(" ,()"));
  if (symbol.starts_with("__asan_") || symbol.starts_with("__tsan_") || symbol.starts_with("__ubsan_"))
    return "it was built with a sanitizer, whose library must be loaded first: build it without, or set LD_PRELOAD";
  if (symbol.starts_with("Py") || symbol.starts_with("_Py"))
    return "link the plugin with libpython; and since a plugin's symbols are its own (RTLD_LOCAL), it must dlopen "
           "libpython "
           "with RTLD_GLOBAL before it imports extension modules";
  return "link the plugin with the library that defines it; ldd -r names all that is missing";
}

std::string cure_for(std::string_view why) {
  if (has(why, "cannot open shared object file: No such file")) {
    const std::string_view library = why.substr(0, why.find(": cannot open shared object file"));
    const std::size_t begin = library.find_last_of(" :");
    return missing_library(begin == std::string_view::npos ? library : library.substr(begin + 1));
  }
  if (has(why, "cannot open shared object file: Permission denied"))
    return "the worker's user (worker.user) may not read it: let everybody enter state_dir and the folders above it "
           "(chmod o+x)";
  if (has(why, "version `GLIBC_"))
    return std::string("it was built on a newer system, and this one has glibc ") + ::gnu_get_libc_version() +
           "; build it on the oldest system that it is to run on";
  if (has(why, "version `GLIBCXX_") || has(why, "version `CXXABI_"))
    return "it was built with a newer compiler; install a newer libstdc++6, or link the plugin with -static-libstdc++";
  if (has(why, "static TLS block"))
    return "build it, and the library that the message may name, with -fPIC and without -ftls-model=initial-exec, or "
           "set "
           "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384 for kclhost";
  if (has(why, "failed to map segment"))
    return "is the folder on a file system mounted noexec? set state_dir to another one";
  if (has(why, "executable stack")) return "link it with -Wl,-z,noexecstack";
  if (has(why, "undefined symbol: ")) return undefined_symbol(why);
  if (has(why, "wrong ELF class") || has(why, "invalid ELF header"))
    return "a library that it needs is for another machine, or is no library";
  if (has(why, "SIGILL"))
    return "it uses instructions that this processor does not have; build it without -march=native, say with "
           "-march=x86-64-v2";
  return {};
}

}  // namespace

std::string package_of(std::string_view library) {
  const auto found = std::find_if(std::begin(packages), std::end(packages),
                                  [library](const Package& one) { return one.library == library; });
  return found == std::end(packages) ? std::string() : std::string(found->package);
}

std::string with_cure(std::string why) {
  const std::string cure = cure_for(why);
  return cure.empty() || has(why, cure) ? why : std::move(why += "; ") + cure;
}

}  // namespace kclhost::host::plugin
