#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "cli/cli.hpp"
#include "cli/dead_letters_replay.hpp"
#include "config/units.hpp"
#include "config/utf8.hpp"
#include "policy/dead_letter_store.hpp"
#include "session/stop.hpp"
#include "support/excerpt.hpp"
#include "support/json_string.hpp"

namespace kclhost::cli {
namespace {

using policy::DeadLetterStore;
using policy::StoredLetter;

struct Options {
  std::filesystem::path config;
  std::string shard, sequence, older_than;
  bool json = false, data = false, yes = false;
};

// A problem that ends the command; the text is for the user.
struct Failure {
  int exit_code;
  std::string message;
};

template <class T>
T or_fail(Result<T> result) {
  if (!result) throw Failure{exit_stopped, result.error()};
  return std::move(*result);
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string time_text(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string count_of(std::size_t n) {
  return std::to_string(n) + (n == 1 ? " dead letter" : " dead letters");
}

std::string place_of(const StoredLetter& letter) {
  return letter.about.sequence_number + "/" + std::to_string(letter.about.sub_sequence_number);
}

// Which letters a command is about.
class Selection {
 public:
  explicit Selection(const Options& options) : shard_(options.shard), sequence_(options.sequence) {
    if (const std::size_t slash = sequence_.find('/'); slash != std::string::npos) {
      sub_sequence_ = sequence_.substr(slash + 1);
      sequence_.resize(slash);
    }
    if (options.older_than.empty()) return;
    const auto age = config::parse_duration(options.older_than);
    if (!age) throw Failure{exit_usage, "--older-than " + options.older_than + " is no duration; write 7d, 12h or 30m"};
    newest_ms_ = now_ms() - age->count();
  }

  bool all() const { return shard_.empty() && sequence_.empty() && !newest_ms_; }
  bool contains(const StoredLetter& letter) const {
    return (shard_.empty() || letter.about.origin.shard_id == shard_) &&
           (sequence_.empty() || letter.about.sequence_number == sequence_) &&
           (!sub_sequence_ || std::to_string(letter.about.sub_sequence_number) == *sub_sequence_) &&
           (!newest_ms_ || letter.about.last_try_ms <= *newest_ms_);
  }

 private:
  std::string shard_, sequence_;
  std::optional<std::string> sub_sequence_;
  std::optional<std::int64_t> newest_ms_;
};

config::Config load(const Options& options) {
  config::Loaded loaded = config::load(options.config);
  for (const config::Problem& problem : loaded.problems) complain(problem.str());
  if (!loaded.problems.empty()) throw Failure{exit_usage, ""};
  return std::move(loaded.config);
}

DeadLetterStore store_of(const config::Config& config) {
  const auto application = config.daemon.properties.find("applicationName");
  return {config.dead_letter.path, application == config.daemon.properties.end() ? "" : application->second};
}

std::vector<StoredLetter> select(DeadLetterStore::Contents contents, const Selection& selection) {
  for (const std::string& damage : contents.damaged) complain("damaged and left alone: " + damage);
  std::vector<StoredLetter> letters = policy::without_copies(std::move(contents.letters));
  std::erase_if(letters, [&](const StoredLetter& letter) { return !selection.contains(letter); });
  return letters;
}

// ---- list

void print_table(const std::vector<StoredLetter>& letters) {
  std::vector<std::vector<std::string>> rows{
      {"SHARD", "SEQUENCE", "PARTITION KEY", "SIZE", "ATTEMPTS", "LAST TRY", "ERROR"}};
  for (const StoredLetter& letter : letters) {
    const policy::ParsedLetter& about = letter.about;
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
    const policy::ParsedLetter& about = letter.about;
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

int list(const Options& options) {
  const std::vector<StoredLetter> letters = select(or_fail(store_of(load(options)).read()), Selection(options));
  if (options.json) {
    print_json(letters);
  } else if (letters.empty()) {
    std::puts("no dead letters");
  } else {
    print_table(letters);
  }
  return exit_done;
}

// ---- show

void print_letter(const std::string& line, const policy::ParsedLetter& letter) {
  rapidjson::Document document;
  document.Parse(line.data(), line.size());
  const bool printable = config::first_bad_byte(letter.data) == std::string_view::npos;
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

int show(const Options& options) {
  const Selection selection(options);
  const std::vector<StoredLetter> letters = select(or_fail(store_of(load(options)).read()), selection);
  if (options.data && letters.size() > 1) {
    throw Failure{exit_usage, "--data prints one letter and " + std::to_string(letters.size()) +
                                  " are selected; name it with --shard and --sequence N/SUB"};
  }
  if (letters.empty()) {
    if (selection.all() && !options.data) return std::puts("no dead letters"), exit_done;
    throw Failure{exit_stopped, "no such dead letter; kclhost dead-letters list shows those there are"};
  }
  for (const StoredLetter& stored : letters) {
    const std::string line = or_fail(DeadLetterStore::read_line(stored));
    const policy::ParsedLetter letter = or_fail(policy::parse_dead_letter(line));
    if (options.data) {
      std::fwrite(letter.data.data(), 1, letter.data.size(), stdout);
    } else {
      print_letter(line, letter);
    }
  }
  if (std::fflush(stdout) != 0) throw Failure{exit_broken_pipe, "can't write to standard output"};
  return exit_done;
}

// ---- purge

int purge(const Options& options) {
  const Selection selection(options);
  const DeadLetterStore store = store_of(load(options));
  const bool everything = selection.all();
  if (everything && !options.yes) {
    throw Failure{exit_usage,
                  "purge without a selection removes all dead letters for good: say --yes, or select some "
                  "with --shard, --sequence or --older-than"};
  }
  DeadLetterStore::Contents contents = or_fail(store.read());
  const std::vector<std::string> shards = contents.shards;
  if (everything) contents.damaged.clear();
  if (shards.empty()) return std::puts("no dead letters"), exit_done;
  const Fd lock = or_fail(store.lock_for_changes());
  std::set<policy::LetterKey> removed;
  std::size_t damaged = 0;
  for (const std::string& shard : shards) {
    const auto edited = store.edit(shard, [&](const StoredLetter* letter, std::string&) {
      if (letter == nullptr) {
        damaged += everything;
        return everything ? DeadLetterStore::Edit::remove : DeadLetterStore::Edit::keep;
      }
      if (!selection.contains(*letter)) return DeadLetterStore::Edit::keep;
      removed.insert(letter->key());
      return DeadLetterStore::Edit::remove;
    });
    or_fail(edited);
  }
  std::printf("removed %s", count_of(removed.size()).c_str());
  if (damaged != 0) std::printf(" and %zu damaged line%s", damaged, damaged == 1 ? "" : "s");
  std::puts("");
  return exit_done;
}

// ---- replay

// Takes what passed out of a shard's files, and notes in the others what they failed on.
void record(const DeadLetterStore& store, std::span<const StoredLetter> letters,
            const std::vector<Replayed>& progress) {
  std::map<policy::LetterKey, std::size_t> places;
  for (std::size_t i = 0; i < progress.size(); ++i) {
    if (progress[i].state != Replayed::State::untried) places.emplace(letters[i].key(), i);
  }
  if (places.empty()) return;
  std::set<std::size_t> kept;
  or_fail(store.edit(letters.front().shard, [&](const StoredLetter* letter, std::string& replacement) {
    const auto place = letter == nullptr ? places.end() : places.find(letter->key());
    if (place == places.end()) return DeadLetterStore::Edit::keep;
    const Replayed& result = progress[place->second];
    if (result.state == Replayed::State::accepted) return DeadLetterStore::Edit::remove;
    if (!kept.insert(place->second).second) return DeadLetterStore::Edit::remove;  // a copy
    Result<policy::ParsedLetter> updated = DeadLetterStore::read_letter(letters[place->second]);
    if (!updated) return DeadLetterStore::Edit::keep;
    updated->origin.plugin_id = result.plugin_id;
    updated->origin.plugin_version = result.plugin_version;
    updated->origin.generation = result.generation;
    updated->attempts = std::max(updated->attempts, updated->attempts + 1);
    updated->error_code = result.error_code;
    updated->error_text = result.error_text;
    updated->last_try_ms = result.time_ms;
    policy::append_dead_letter(replacement, updated->letter(), updated->origin);
    return DeadLetterStore::Edit::replace;
  }));
}

int replay(const Options& options) {
  const Selection selection(options);
  const config::Config config = load(options);
  const DeadLetterStore store = store_of(config);
  if (select(or_fail(store.read()), selection).empty()) return std::puts("no dead letters"), exit_done;
  const Fd lock = or_fail(store.lock_for_changes());
  const std::vector<StoredLetter> letters = select(or_fail(store.read()), selection);
  observe::Log log(config.log);
  std::size_t passed = 0, failed = 0;
  std::optional<Failure> stopped;
  try {
    LetterReplay player(config, log);
    for (auto begin = letters.begin(); begin != letters.end() && !stopped;) {
      const auto end =
          std::find_if(begin, letters.end(), [&](const StoredLetter& l) { return l.shard != begin->shard; });
      const std::span shard(begin, end);
      std::vector<Replayed> progress;
      try {
        player.run(shard, progress);
      } catch (const session::Stop& stop) {
        stopped = Failure{stop.exit_code(), stop.what()};
      }
      record(store, shard, progress);
      for (std::size_t i = 0; i < progress.size(); ++i) {
        if (progress[i].state == Replayed::State::untried) continue;
        const bool accepted = progress[i].state == Replayed::State::accepted;
        ++(accepted ? passed : failed);
        if (!accepted)
          complain(shard[i].about.origin.shard_id + " " + place_of(shard[i]) + " is kept: " + progress[i].error_text);
      }
      begin = end;
    }
  } catch (const session::Stop& stop) {
    stopped = Failure{stop.exit_code(), stop.what()};
  }
  const std::size_t untried = letters.size() - passed - failed;
  std::printf("replayed %s: %zu passed, %zu failed and kept", count_of(passed + failed).c_str(), passed, failed);
  if (untried != 0) std::printf(", %zu not tried", untried);
  std::puts("");
  if (stopped) throw *stopped;
  return failed == 0 ? exit_done : exit_stopped;
}

// ----

Action guarded(int (*command)(const Options&), std::shared_ptr<Options> options) {
  return [command, options]() -> int {
    ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to report
    try {
      return command(*options);
    } catch (const Failure& failure) {
      if (!failure.message.empty()) complain(failure.message);
      return failure.exit_code;
    }
  };
}

}  // namespace

void add_dead_letters(CLI::App& app, Action& action) {
  CLI::App* group =
      app.add_subcommand("dead-letters", "The records that on_error put aside: look at them, replay them");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* description, int (*command)(const Options&)) {
    CLI::App* sub = group->add_subcommand(name, description);
    sub->add_option("--config", options->config, "Configuration file")->required();
    sub->add_option("--shard", options->shard, "Only this shard's");
    sub->add_option("--sequence", options->sequence,
                    "Only this sequence number's; N/SUB for one record of an aggregate");
    sub->callback([&action, command, options] { action = guarded(command, options); });
    return sub;
  };
  add("list", "Show which there are", list)->add_flag("--json", options->json, "Print JSON");
  add("show", "Print them whole, as JSON; data is base64", show)
      ->add_flag("--data", options->data, "Print the data of the one that is selected, raw");
  add("replay",
      "Send them through the plugin again, one by one, in order, and keep those that fail. The plugin runs in a worker "
      "process here, also with isolation none, and gets one record a call and shutdown_requested after a shard's last. "
      "A letter is removed once the plugin has accepted it and shutdown_requested succeeded. Plugins that checkpoint "
      "for "
      "themselves: their checkpoints are answered with OK and not sent anywhere. The shard may be served meanwhile.",
      replay);
  CLI::App* remove = add("purge", "Remove them for good", purge);
  remove->add_option("--older-than", options->older_than, "Only those last tried so long ago: 7d, 12h");
  remove->add_flag("--yes", options->yes, "Remove all of them");
}

}  // namespace kclhost::cli
