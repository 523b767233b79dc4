// A plugin as it is built: its file, and whether kclhost would take it.
#ifndef KCLHOST_TESTING_PLUGIN_FILE_HPP
#define KCLHOST_TESTING_PLUGIN_FILE_HPP

#include <dlfcn.h>
#include <kclhost/plugin.h>
#include <kclhost/detail/views.hpp>
#include <kclhost/testing/detail/text.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kclhost::testing {
namespace detail {

// Letters, digits and these.
inline bool is_plugin_name(std::string_view name, std::string_view punctuation) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

}  // namespace detail

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
  using kclhost::detail::view;
  if (table->id.size == 0) refuse("it has no id");
  if (table->version.size == 0) refuse("it has no version");
  if (!detail::is_plugin_name(view(table->id), "._-"))
    refuse("its id has other characters than letters, digits, . _ -");
  if (!detail::is_plugin_name(view(table->version), "._-+~:")) {
    refuse("its version has other characters than letters, digits, . _ - + ~ :");
  }
  if (!detail::is_one_line(view(table->description))) refuse("its description is not one line of text");
  if (table->create == nullptr) refuse("it has no create function");
  if (table->destroy == nullptr) refuse("it has no destroy function");
  if (table->initialize == nullptr) refuse("it has no initialize function");
  if (table->process_records == nullptr) refuse("it has no process_records function");
  if (table->shard_ended == nullptr) refuse("it has no shard_ended function");
  return *table;
}

// The plugin in this file, which stays loaded. Throws std::runtime_error.
inline const kclhost_plugin& load(const char* file) {
  void* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  void* const entry = ::dlsym(library, KCLHOST_ENTRY_SYMBOL);
  if (entry == nullptr) throw std::runtime_error(std::string(file) + " exports no " + KCLHOST_ENTRY_SYMBOL);
  return checked(reinterpret_cast<decltype(&kclhost_plugin_v1)>(entry)());
}
// Not for a literal: GCC 13 would warn that the table may go with a string that is made of it.
inline const kclhost_plugin& load(const std::string& file) {
  return load(file.c_str());
}

}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_PLUGIN_FILE_HPP
