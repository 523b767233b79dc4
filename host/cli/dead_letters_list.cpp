#include <algorithm>
#include <cstdio>
#include <ctime>

#include "cli/dead_letters_command.hpp"
#include "support/excerpt.hpp"
#include "support/exit_code.hpp"
#include "support/json_string.hpp"

namespace kclhost::host::cli::dead_letters {
namespace {

using store::StoredLetter;

std::string time_text(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

void print_table(const std::vector<StoredLetter>& letters) {
  std::vector<std::vector<std::string>> rows{
      {"SHARD", "SEQUENCE", "PARTITION KEY", "SIZE", "ATTEMPTS", "LAST TRY", "ERROR"}};
  for (const StoredLetter& letter : letters) {
    const store::ParsedLetter& about = letter.about;
    rows.push_back({excerpt(about.origin.shard_id, 40), place_of(letter), excerpt(about.partition_key, 24),
                    std::to_string(letter.data_size), std::to_string(about.attempts), time_text(about.last_try_ms),
                    about.error_code + ": " + excerpt(about.error_text, 60)});
  }
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    std::puts(line.c_str());
  }
}

void print_json(const std::vector<StoredLetter>& letters) {
  std::string out = "[";
  for (const StoredLetter& letter : letters) {
    const store::ParsedLetter& about = letter.about;
    out += out.size() == 1 ? "\n {" : ",\n {";
    const auto key = [&out](std::string_view name) {
      if (out.back() != '{') out += ", ";
      append_json_string(out, name);
      out += ": ";
    };
    const auto text = [&](std::string_view name, std::string_view value) {
      key(name);
      append_json_string(out, value);
    };
    const auto number = [&](std::string_view name, std::uint64_t value) {
      key(name);
      out += std::to_string(value);
    };
    text("file", letter.file.string());
    text("shard", about.origin.shard_id);
    text("sequence_number", about.sequence_number);
    key("sub_sequence_number");
    out += std::to_string(about.sub_sequence_number);
    text("partition_key", about.partition_key);
    number("size", letter.data_size);
    text("error_code", about.error_code);
    text("error_text", about.error_text);
    number("attempts", about.attempts);
    key("last_try_ms");
    out += std::to_string(about.last_try_ms);
    text("plugin", about.origin.plugin_id);
    text("plugin_version", about.origin.plugin_version);
    out += '}';
  }
  out += letters.empty() ? "]" : "\n]";
  std::puts(out.c_str());
}

}  // namespace

int list(const Options& options) {
  const std::vector<StoredLetter> letters =
      select(or_fail(store_of(load(options), options).read()), Selection(options));
  if (options.json) {
    print_json(letters);
  } else if (letters.empty()) {
    std::puts("no dead letters");
  } else {
    print_table(letters);
  }
  return exit_done;
}

}  // namespace kclhost::host::cli::dead_letters
