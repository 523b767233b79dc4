// A plugin as it is built: its file, and whether kclhost would take it.
#ifndef KCLHOST_TESTING_PLUGIN_FILE_HPP
#define KCLHOST_TESTING_PLUGIN_FILE_HPP

#include <dlfcn.h>
#include <kclhost/plugin.h>

#include <stdexcept>
#include <string>

namespace kclhost::testing {

// Throws std::runtime_error that says why kclhost would refuse the table.
inline const kclhost_plugin& checked(const kclhost_plugin* table) {
  const auto refuse = [](const std::string& why) {
    throw std::runtime_error("kclhost would refuse the plugin: " + why);
  };
  if (table == nullptr) refuse("its entry function returned NULL");
  if (table->abi_major != KCLHOST_ABI_MAJOR) refuse("it is of ABI major " + std::to_string(table->abi_major));
  if (table->struct_size < sizeof *table) refuse("its table is shorter than that of ABI 1.0");
  constexpr auto known = KCLHOST_PLUGIN_CHECKPOINTS | KCLHOST_PLUGIN_EMPTY_BATCHES | KCLHOST_PLUGIN_ACKNOWLEDGES;
  constexpr auto ways = KCLHOST_PLUGIN_CHECKPOINTS | KCLHOST_PLUGIN_ACKNOWLEDGES;
  if ((table->flags & ~known) != 0) refuse("it has flags that are not known");
  if ((table->flags & ways) == ways) refuse("it says both that it checkpoints and that it acknowledges");
  if (table->id.size == 0) refuse("it has no id");
  if (table->version.size == 0) refuse("it has no version");
  if (table->create == nullptr) refuse("it has no create function");
  if (table->destroy == nullptr) refuse("it has no destroy function");
  if (table->initialize == nullptr) refuse("it has no initialize function");
  if (table->process_records == nullptr) refuse("it has no process_records function");
  if (table->shard_ended == nullptr) refuse("it has no shard_ended function");
  return *table;
}

// The plugin in this file, which stays loaded. Throws std::runtime_error.
inline const kclhost_plugin& load(const std::string& file) {
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  void* const entry = ::dlsym(library, KCLHOST_ENTRY_SYMBOL);
  if (entry == nullptr) throw std::runtime_error(file + " exports no " + KCLHOST_ENTRY_SYMBOL);
  return checked(reinterpret_cast<decltype(&kclhost_plugin_v1)>(entry)());
}

}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_PLUGIN_FILE_HPP
