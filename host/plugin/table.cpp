#include "plugin/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "support/one_line.hpp"

namespace kclhost::host::plugin {

namespace {

// The table as version 1.0 had it ends with get_extension; nothing shorter was ever released.
constexpr std::size_t shortest_table = offsetof(kclhost_plugin, get_extension) + sizeof(kclhost_plugin::get_extension);
constexpr std::uint32_t ways = KCLHOST_PLUGIN_CHECKPOINTS | KCLHOST_PLUGIN_ACKNOWLEDGES;
constexpr std::uint32_t known_flags = ways | KCLHOST_PLUGIN_EMPTY_BATCHES;
constexpr std::size_t longest_name = 128;
constexpr std::size_t longest_text = 1 << 20;

std::string abi(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + '.' + std::to_string(minor);
}

std::string hex(std::uint32_t bits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", bits);
  return text;
}

bool is_name(std::string_view text, std::string_view punctuation) {
  return !text.empty() && text.size() <= longest_name && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

// Copies a text of the table; false when it is none.
bool copy_text(const kclhost_string& from, std::string& to) {
  if (from.size > longest_text || (from.data == nullptr && from.size != 0)) return false;
  if (from.size != 0) to.assign(from.data, from.size);
  return true;
}

const char* missing_function(const kclhost_plugin& table) {
  if (table.create == nullptr) return "create";
  if (table.destroy == nullptr) return "destroy";
  if (table.initialize == nullptr) return "initialize";
  if (table.process_records == nullptr) return "process_records";
  if (table.shard_ended == nullptr) return "shard_ended";
  return nullptr;
}

// What is wrong with the sizes and versions; "" when nothing is. raw is as long as its struct_size says, and no longer.
std::string version_error(const kclhost_plugin& raw) {
  constexpr std::size_t up_to_major = offsetof(kclhost_plugin, abi_major) + sizeof(kclhost_plugin::abi_major);
  if (raw.struct_size >= up_to_major && raw.abi_major != KCLHOST_ABI_MAJOR) {
    return "speaks ABI major " + std::to_string(raw.abi_major) + ", this kclhost " + std::to_string(KCLHOST_ABI_MAJOR) +
           ": rebuild it with this kclhost's SDK";
  }
  if (raw.struct_size < shortest_table) {
    return "has a table of " + std::to_string(raw.struct_size) + " bytes, and that of ABI 1.0 has " +
           std::to_string(shortest_table) + ": set struct_size to sizeof(kclhost_plugin)";
  }
  return {};
}

}  // namespace

Result<PluginTable> read_table(const kclhost_plugin* raw) {
  if (raw == nullptr) return Error{"returned NULL instead of its table from " KCLHOST_ENTRY_SYMBOL};
  if (std::string problem = version_error(*raw); !problem.empty()) return Error{std::move(problem)};

  PluginTable table;
  std::memcpy(&table.functions, raw, std::min<std::size_t>(raw->struct_size, sizeof table.functions));
  const kclhost_plugin& copy = table.functions;
  if (const std::uint32_t unknown = copy.flags & ~known_flags; unknown != 0) {
    return Error{"sets flags " + hex(unknown) + " of ABI " + abi(copy.abi_major, copy.abi_minor) +
                 " that this kclhost (ABI " + abi(KCLHOST_ABI_MAJOR, KCLHOST_ABI_MINOR) +
                 ") does not know: use a newer kclhost"};
  }
  if ((copy.flags & ways) == ways) {
    return Error{
        "sets both KCLHOST_PLUGIN_CHECKPOINTS and KCLHOST_PLUGIN_ACKNOWLEDGES, which say differently when a record is "
        "done: set one of them"};
  }
  if (const char* name = missing_function(copy)) {
    return Error{std::string("has no ") + name + " function, which is required"};
  }
  if (!copy_text(copy.id, table.id) || !is_name(table.id, "._-")) {
    return Error{"has an id that is no reverse-DNS name such as com.example.greeter (letters, digits, . _ -)"};
  }
  if (!copy_text(copy.version, table.version) || !is_name(table.version, "._-+~:")) {
    return Error{"has no usable version such as 1.0.0 (letters, digits, . _ - + ~ :)"};
  }
  if (!copy_text(copy.description, table.description) || !is_one_line(table.description)) {
    return Error{"has a description that is not one line of text"};
  }
  if (!copy_text(copy.config_schema, table.config_schema)) {
    return Error{"has a config_schema that is no text of at most 1 MiB"};
  }
  return table;
}

}  // namespace kclhost::host::plugin
