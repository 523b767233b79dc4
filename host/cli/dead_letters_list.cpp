#include <cstddef>
#include <cstdio>
#include <utility>

#include "cli/dead_letters_command.hpp"
#include "cli/listing.hpp"
#include "support/excerpt.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::dead_letters {
namespace {

using store::StoredLetter;

void print_table(const std::vector<StoredLetter>& letters) {
  std::vector<std::vector<std::string>> rows{
      {"SHARD", "SEQUENCE", "PARTITION KEY", "SIZE", "ATTEMPTS", "LAST TRY", "ERROR"}};
  for (const StoredLetter& letter : letters) {
    const store::ParsedLetter& about = letter.about;
    rows.push_back({excerpt(about.origin.shard_id, 40), place_of(letter), excerpt(about.partition_key, 24),
                    std::to_string(letter.data_size), std::to_string(about.attempts), time_text(about.last_try_ms),
                    about.error_code + ": " + excerpt(about.error_text, 60)});
  }
  print_columns(rows);
}

void print_json(const std::vector<StoredLetter>& letters) {
  std::string out = "[";
  for (const StoredLetter& letter : letters) {
    const store::ParsedLetter& about = letter.about;
    out += out.size() == 1 ? "\n {" : ",\n {";
    put_text(out, "file", letter.file.string());
    put_text(out, "shard", about.origin.shard_id);
    put_text(out, "sequence_number", about.sequence_number);
    put_number(out, "sub_sequence_number", about.sub_sequence_number);
    put_text(out, "partition_key", about.partition_key);
    put_number(out, "size", letter.data_size);
    put_text(out, "error_code", about.error_code);
    put_text(out, "error_text", about.error_text);
    put_number(out, "attempts", about.attempts);
    put_number(out, "last_try_ms", about.last_try_ms);
    put_text(out, "plugin", about.origin.plugin_id);
    put_text(out, "plugin_version", about.origin.plugin_version);
    out += '}';
  }
  out += letters.empty() ? "]" : "\n]";
  std::puts(out.c_str());
}

}  // namespace

int list(const Options& options) {
  const Selection selection(options);
  const config::Config config = load(options);
  store::DeadLetterStore::Contents contents = or_fail(store_of(config, options).read());
  const std::size_t damaged = tell_of_damage(contents);
  const std::vector<StoredLetter> letters = select(std::move(contents), selection);
  if (options.json) {
    print_json(letters);
  } else if (letters.empty()) {
    std::puts(none(selection, damaged, config, options).c_str());
  } else {
    print_table(letters);
  }
  return exit_done;
}

}  // namespace kclhost::host::cli::dead_letters
