#include "cli/findings.hpp"

#include <filesystem>

#include "cli/daemon_findings.hpp"
#include "config/locate.hpp"
#include "config/messages.hpp"
#include "plugin/config_schema.hpp"
#include "plugin/cures.hpp"
#include "plugin/file.hpp"
#include "plugin/temporary_copy.hpp"
#include "plugin/warnings.hpp"
#include "support/may_write.hpp"
#include "support/one_line.hpp"
#include "worker/probe.hpp"

namespace kclhost::host::cli {
namespace {

using config::Config;

void add(Findings& findings, const Config& config, int code, const std::string& message,
         std::optional<config::Position> position = std::nullopt) {
  findings.problems.push_back(
      {config.file.string(), position.value_or(config.plugin.path_position), one_line(message)});
  if (findings.exit_code == exit_done) findings.exit_code = code;
}

// What of the configuration a plugin is described by: `plugin` or `shadow`.
struct Section {
  bool is_shadow;
  const std::string& config_json;
  config::Position path_position;

  std::string name() const { return is_shadow ? "shadow" : "plugin"; }
};

// True when it fits.
bool check_plugin_config(const Config& config, const Section& section, const std::string& schema, Findings& findings) {
  if (schema.empty()) return true;
  const auto misfits = plugin::find_misfits(schema, section.config_json);
  if (!misfits) return add(findings, config, exit_usage, misfits.error(), section.path_position), false;
  std::vector<std::vector<std::string>> paths;
  for (const plugin::Misfit& misfit : *misfits) paths.push_back(misfit.path);
  const std::vector<config::Position> positions =
      config::locate_in_config_of(section.name(), config.file, config.stream, paths);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    add(findings, config, exit_usage,
        (*misfits)[i].str(section.name() + ".config") + " (kclhost inspect shows the schema)", positions[i]);
  }
  return paths.empty();
}

// Loads the plugin from a copy, in a process of its own, and asks it about its configuration. Nothing when it can't be
// loaded, or used so.
std::optional<Descriptor> probe_plugin(const Config& config, const Section& section, const plugin::File& file,
                                       const std::string& copy, Findings& findings) {
  const Result<std::optional<worker::User>> user = worker::find_user(config.worker);
  if (!user) return std::nullopt;  // is told by itself
  const worker::Question question{.config_json = section.config_json,
                                  .user = *user,
                                  .shadow = section.is_shadow,
                                  .fits = [&](const Descriptor& about) {
                                    return check_plugin_config(config, section, about.config_schema, findings);
                                  }};
  Result<worker::Probed> probed = worker::probe(copy, config.timeouts.initialize, question);
  if (!probed) {
    add(findings, config, exit_plugin, "plugin " + file.path.string() + " " + plugin::with_cure(probed.error()),
        section.path_position);
    return std::nullopt;
  }
  if (!probed->objection.empty()) {
    const std::vector<std::string> whole[1];
    add(findings, config, exit_usage, "the " + section.name() + " refuses its configuration: " + probed->objection,
        config::locate_in_config_of(section.name(), config.file, config.stream, whole).front());
  }
  return std::move(probed->about);
}

// The nearest folder above that is there; what is missing below it is made when it is needed.
std::filesystem::path existing_part(std::filesystem::path path) {
  std::error_code ignored;
  while (path.has_relative_path() && !std::filesystem::exists(path, ignored)) path = path.parent_path();
  return path;
}

bool can_write_below(const std::filesystem::path& folder) {
  return why_no_file_in(existing_part(folder)) == 0;
}

// Where the file has a key; nothing where it has not.
std::optional<config::Position> position_of(const Config& config, const std::vector<std::string>& path) {
  return config::locate(config.file, config.stream, path);
}

// What a plugin's copy that can't be made is about.
config::Position position_of_copy(const Config& config, config::Position path_position) {
  if (can_write_below(config.state_dir)) return path_position;
  return position_of(config, {"state_dir"}).value_or(path_position);
}

// True when state_dir was looked at on the way.
bool check_plugin(const Config& config, Findings& findings) {
  if (const auto folder = plugin::folder_of_plugins(config); !folder)
    return add(findings, config, exit_plugin, folder.error(), position_of(config, {"plugins_dir"})), false;
  Result<plugin::File> file = plugin::find(config);
  if (!file) return add(findings, config, exit_plugin, file.error()), false;
  const Result<plugin::TemporaryCopy> copy = plugin::TemporaryCopy::make(*file, config.state_dir);
  if (!copy) {
    add(findings, config, exit_plugin, copy.error(), position_of_copy(config, config.plugin.path_position));
    return true;
  }
  const Section section{false, config.plugin.config_json, config.plugin.path_position};
  std::optional<Descriptor> about = probe_plugin(config, section, *file, copy->path().string(), findings);
  if (!about) return true;
  for (std::string& warning : plugin::warnings_of(file->elf))
    findings.notes.push_back({.what = "the plugin " + std::move(warning)});
  if (about->checkpoints_itself() && config.concurrency > 1) {
    add(findings, config, exit_usage,
        "concurrency is " + std::to_string(config.concurrency) + " but plugin " + about->id +
            " checkpoints for itself, which one worker alone can do: set concurrency: 1");
  }
  findings.plugin = std::move(about);
  findings.plugin_file = file->path.string();
  findings.plugin_sha256 = std::move(file->sha256);
  return true;
}

void check_shadow(const Config& config, Findings& findings) {
  if (!config.shadow.configured() || !plugin::folder_of_plugins(config)) return;  // the folder was told of
  const Section section{true, config.shadow.config_json, config.shadow.path_position};
  const Result<plugin::File> file = plugin::find_shadow(config);
  if (!file) return add(findings, config, exit_plugin, file.error(), section.path_position);
  const Result<plugin::TemporaryCopy> copy = plugin::TemporaryCopy::make(*file, config.state_dir);
  if (!copy) return add(findings, config, exit_plugin, copy.error(), position_of_copy(config, section.path_position));
  probe_plugin(config, section, *file, copy->path().string(), findings);
}

void check_folders(const Config& config, bool staged, Findings& findings) {
  if (!staged && !can_write_below(config.state_dir)) {
    add(findings, config, exit_stopped,
        "state_dir " + config.state_dir.string() + " is not writable; let this user write there, or set another",
        position_of(config, {"state_dir"}));
    return;
  }
  if (!findings.problems.empty()) return;
  if (const auto tries = config.state_dir / "tries"; !can_write_below(tries)) {
    add(findings, config, exit_stopped,
        tries.string() + " is not writable; kclhost notes there what it is trying: let this user write there",
        position_of(config, {"state_dir"}));
  }
  if (config.on_error.then == config::Then::dead_letter && !can_write_below(config.dead_letter.path)) {
    add(findings, config, exit_stopped,
        "dead_letter.path " + config.dead_letter.path.string() +
            " is not writable; without it a record that keeps failing stops the shard: let this user write there",
        position_of(config, {"dead_letter", "path"}));
  }
}

void add_notes(const Config& config, Findings& findings) {
  if (config.isolation == config::Isolation::none) {
    findings.notes.push_back(
        {.what = "isolation none: a crash, exit() or hang of the plugin ends this host and with it the "
                 "daemon; timeouts and the settings of worker are off",
         .cure = "leave isolation out, unless to debug the plugin"});
  }
}

}  // namespace

std::string Note::str() const {
  return (where.empty() ? "" : where + ": ") + what + (cure.empty() ? "" : "; " + cure);
}

Findings find_problems(const config::Loaded& loaded) {
  Findings findings;
  findings.problems = loaded.problems;
  if (!findings.problems.empty()) {
    findings.exit_code = exit_usage;
    return findings;
  }
  for (const config::Problem& warning : loaded.warnings) findings.notes.push_back({.what = warning.str()});
  if (const auto user = worker::find_user(loaded.config.worker); !user)
    add(findings, loaded.config, exit_usage, user.error(), loaded.config.worker.user_position);
  const bool staged = check_plugin(loaded.config, findings);
  check_shadow(loaded.config, findings);
  check_folders(loaded.config, staged, findings);
  check_daemon(loaded.config, findings);
  add_notes(loaded.config, findings);
  return findings;
}

}  // namespace kclhost::host::cli
