#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstddef>
#include <cstdio>
#include <utility>

#include "cli/dead_letters_command.hpp"
#include "support/exit_code.hpp"
#include "support/json.hpp"
#include "support/utf8.hpp"

namespace kclhost::host::cli::dead_letters {
namespace {

using store::DeadLetterStore;
using store::StoredLetter;

void print_letter(const std::string& line, const store::ParsedLetter& letter) {
  rapidjson::Document document;
  if (json::parse(line, document)) return;  // the store has read it
  const bool printable = first_bad_byte(letter.data) == std::string_view::npos;
  if (printable) {
    rapidjson::Value text(letter.data.data(), static_cast<rapidjson::SizeType>(letter.data.size()),
                          document.GetAllocator());
    document.AddMember("data_as_text", text, document.GetAllocator());
  }
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  document.Accept(json);
  std::puts(buffer.GetString());
}

}  // namespace

int show(const Options& options) {
  const Selection selection(options);
  if (options.data && options.lines) throw Failure{exit_usage, "--data prints bytes and --lines letters; give one"};
  const config::Config config = load(options);
  DeadLetterStore::Contents contents = or_fail(store_of(config, options).read());
  const std::size_t damaged = tell_of_damage(contents);
  const std::vector<StoredLetter> letters = select(std::move(contents), selection);
  if (options.data && letters.size() > 1) {
    throw Failure{exit_usage, "--data prints one letter and " + std::to_string(letters.size()) +
                                  " are selected; name it with --shard and --sequence N/SUB"};
  }
  if (letters.empty()) {
    if (selection.all() && options.lines) return exit_done;  // a program reads them: no letters, no lines
    if (selection.all() && !options.data)
      return std::puts(none(selection, damaged, config, options).c_str()), exit_done;
    throw Failure{exit_stopped, "no such dead letter; kclhost dead-letters list shows those there are"};
  }
  for (const StoredLetter& stored : letters) {
    const std::string line = or_fail(DeadLetterStore::read_line(stored));
    const store::ParsedLetter letter = or_fail(store::parse_dead_letter(line));
    if (options.data) {
      std::fwrite(letter.data.data(), 1, letter.data.size(), stdout);
    } else if (options.lines) {
      std::puts(line.c_str());
    } else {
      print_letter(line, letter);
    }
  }
  return exit_done;
}

}  // namespace kclhost::host::cli::dead_letters
