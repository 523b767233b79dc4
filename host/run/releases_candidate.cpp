// Where candidates come from, what a release is made of, and what is said of it all.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <iterator>
#include <utility>

#include "run/releases.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::run {
namespace {

namespace fs = std::filesystem;
using rollout::State;
using rollout::What;

// At a file that is being written, where nothing may tell of its end.
constexpr std::chrono::seconds next_look{1};
// Beside those that are wanted.
constexpr std::size_t most_in_use = 4;

// Whether somebody is writing the file: it was changed a moment ago and is open for writing. Some file systems can't
// tell the latter and say yes.
bool is_being_written(const fs::path& path) {
  constexpr std::time_t a_moment = 3;  // seconds
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return false;
  const std::time_t age = ::time(nullptr) - status.st_mtime;
  if (age < 0 || age >= a_moment) return false;
  // Whoever opens it for writing just now makes the kernel send us a signal: one that does nothing.
  if (::fcntl(fd.get(), F_SETSIG, SIGURG) != 0) return false;
  if (::fcntl(fd.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  ::fcntl(fd.get(), F_SETLEASE, F_UNLCK);
  return false;
}

// The file is there, but the system can't let us have it at this moment.
bool cant_be_read_now(const fs::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char first;
  if (fd && ::read(fd.get(), &first, 1) >= 0) return false;
  constexpr int lasting[] = {ENOENT, ENOTDIR, EACCES, EPERM, EISDIR, ELOOP};
  return std::find(std::begin(lasting), std::end(lasting), errno) == std::end(lasting);
}

// All but what can change while hosts run.
config::Config fixed_part(config::Config config) {
  config.file_version = {};
  config.plugin = {};
  config.rollout = {};
  config.shadow.path_position = {};
  config.worker.user_position = {};
  config.daemon.property_positions.clear();
  return config;
}

std::string name_of(rollout::Release release) {
  return "release " + std::to_string(release);
}

}  // namespace

Result<store::Candidate> Releases::read_candidate() {
  const fs::path wanted = config_.plugins_dir / config_.plugin.path;
  if (is_being_written(wanted)) {
    look_at_ = Clock::now() + next_look;
    return Error{"plugin " + wanted.string() + " is still being written; it is looked at again"};
  }
  Result<plugin::File> file = plugin::find(config_);
  if (!file) return Error{file.error()};
  neighbours_.clear();
  auto neighbours = plugin::find_neighbours(file->path, file->elf, &neighbours_);
  if (!neighbours) return Error{"plugin " + file->path.string() + " " + neighbours.error()};
  std::string content = store::content_of(*file, *neighbours, config_.plugin.config_json);
  return store::Candidate{std::move(*file), std::move(*neighbours), config_.plugin.config_json, std::move(content)};
}

// A file that is not fit to be used changes nothing.
void Releases::read_configuration() {
  config::Loaded loaded = config::load(config_.file, config_.stream);
  if (!loaded.problems.empty()) {
    return turn_down(warned_of_configuration_,
                     "the configuration was changed and is not used: " + loaded.problems.front().str());
  }
  warned_of_configuration_.clear();
  config_.plugin = loaded.config.plugin;
  config_.rollout = loaded.config.rollout;
  config::Config fixed = fixed_part(std::move(loaded.config));
  if (fixed == fixed_part(started_with_) || fixed == told_config_) return;
  told_config_ = std::move(fixed);
  log_.info("the configuration was changed; but for plugin and rollout it takes effect when hosts start anew");
}

// Whether a candidate changes anything. One that was refused before is warned of once.
bool Releases::is_news(const store::Candidate& candidate, const State& state) {
  if (state.current == 0) return candidate.content != state.candidate_content;
  if (state.trial && state.trial->content == candidate.content) return false;
  if (candidate.content == state.current_content) {
    warned_.clear();
    return state.trial.has_value();
  }
  const rollout::Refusal* const refusal = rollout::refusal_of(state, candidate.content);
  if (refusal == nullptr) return true;
  warn_once(candidate.file.path.string() +
            " is not tried again, nor with this plugin.config, until one of them changes: as " +
            name_of(refusal->release) + " it was given up: " + refusal->why);
  return false;
}

bool Releases::look() {
  look_for_candidate();
  return has_changed();
}

void Releases::look_for_candidate() {
  const config::Rollout before = config_.rollout;
  read_configuration();
  // The plugin may be another one now, and what comes to it once it has been read must be seen.
  if (!replayed_) watch();
  look_at_ = Clock::time_point::max();
  if (replayed_) {
    if (const std::string why = take_configured(); !why.empty()) turn_down(warned_, why + goes_on(state_));
    return;
  }
  // One that still waits to be staged is none any more: what lies there now is.
  candidate_.reset();
  Result<store::Candidate> candidate = read_candidate();
  if (!candidate) {
    no_candidate(candidate.error());
  } else if (is_news(*candidate, state_)) {
    candidate_ = std::move(*candidate);
    settle();
  }
  watch();
  if (config_.rollout == before) return;
  // The trial that goes on may be over by what counts now.
  set_due();
  consider();
}

void Releases::watch() {
  const fs::path plugin = config_.plugins_dir / config_.plugin.path;
  std::vector<FileWatch::File> files{{store_.state_file(), state_tag},
                                     {store_.look_file(), look_tag},
                                     {config_.file, config_tag},
                                     {plugin, plugin_tag}};
  // The libraries beside it are part of the release, too, and one that is missing may come.
  for (const fs::path& place : neighbours_) {
    std::error_code error;
    const fs::path real = fs::canonical(plugin, error);
    files.push_back({(real.parent_path() / place).lexically_normal(), plugin_tag});
  }
  watch_.watch(std::move(files));
  poll_if_blind();
}

// ---- The parts

std::string Releases::content_of(Release release) const {
  if (state_.trial && state_.trial->release == release) return state_.trial->content;
  if (release == state_.current) return state_.current_content;
  return release == state_.candidate ? state_.candidate_content : std::string();
}

// Nobody removes a release that was asked for here, but for those that were asked for long ago.
void Releases::keep(const store::ReleaseInfo& info) {
  const auto kept = std::find_if(in_use_.begin(), in_use_.end(),
                                 [&info](const InUse& one) { return one.info.number == info.number; });
  if (kept != in_use_.end()) {
    kept->info = info;
    std::rotate(kept, kept + 1, in_use_.end());
    return;
  }
  if (Fd fd = store_.use(info.number)) in_use_.push_back({info, std::move(fd)});
  const Wanted now = wanted();
  for (std::size_t i = 0; in_use_.size() > most_in_use && i < in_use_.size();) {
    const Release release = in_use_[i].info.number;
    if (release == now.release || release == now.before) {
      ++i;
    } else {
      in_use_.erase(in_use_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

Result<Releases::Parts> Releases::parts_of(const store::ReleaseInfo& info) {
  const Result<fs::path> file = store_.verified(info);
  if (!file) return Error{file.error()};
  keep(info);
  return Parts{file->string(), info.plugin_path, info.config_json, info.sha256,
               !replayed_ && rollout::was_taken(state_, info.number)};
}

const Releases::InUse* Releases::in_use(Release release) const {
  const auto known =
      std::find_if(in_use_.begin(), in_use_.end(), [release](const InUse& one) { return one.info.number == release; });
  return known == in_use_.end() ? nullptr : &*known;
}

std::string Releases::sha256(Release release) const {
  const InUse* const known = in_use(release);
  return known == nullptr ? std::string() : known->info.sha256;
}

Result<Releases::Parts> Releases::parts(Release release, bool* may_pass) {
  bool ignored = false;
  bool& passes = may_pass == nullptr ? ignored : *may_pass;
  const InUse* const known = in_use(release);
  const Result<store::ReleaseInfo> info = known != nullptr ? known->info : store_.info(release);
  std::string why = info ? std::string() : info.error();
  if (info) {
    Result<Parts> parts = parts_of(*info);
    if (parts) return parts;
    why = parts.error();
  }
  const std::string content = info ? info->content : content_of(release);
  const Result<store::Candidate> original = read_candidate();
  const std::string gone = "the staged copy of " + name_of(release) + " can't be used (" + why + "), and ";
  const fs::path path = config_.plugins_dir / config_.plugin.path;
  passes = !original && (is_being_written(path) || cant_be_read_now(path));
  if (!original) return Error{gone + original.error()};
  if (original->content != content) {
    return Error{gone + original->file.path.string() +
                 " or plugin.config is another version; put that version back, or remove " +
                 store_.state_file().string() + " and start anew"};
  }
  passes = true;  // the release's file is there
  std::string held;
  const Fd lock = store_.lock(std::chrono::seconds{1}, held);
  if (!lock) return Error{gone + (held.empty() ? "another kclhost holds the lock" : held)};
  const Result<store::ReleaseInfo> restored = store_.restore(release, *original, wall_clock_ms());
  if (!restored) {
    passes = !store_.is_anothers(release);
    return Error{restored.error()};
  }
  return parts_of(*restored);
}

// ---- The log

bool Releases::warn_once(std::string& before, const std::string& what) {
  if (std::exchange(before, what) == what) return false;
  log_.warn(what);
  return true;
}

// The file can't be read, or not yet.
void Releases::no_candidate(const std::string& why) {
  const bool is_looked_at_again = look_at_ != Clock::time_point::max();
  if (!is_looked_at_again) return turn_down(warned_, why + goes_on(state_));
  if (std::exchange(warned_, why) != why) log_.info(why);
}

// A candidate, or a configuration. It is said and counted once.
void Releases::turn_down(std::string& before, const std::string& why) {
  if (warn_once(before, why)) ++swaps_.refused;
}

std::string Releases::goes_on(const State& state) {
  return state.current != 0 ? "; " + name_of(state.current) + " goes on" : std::string();
}

void Releases::tell(const std::vector<rollout::Event>& events) {
  for (const rollout::Event& event : events) {
    const std::string release = name_of(event.release);
    const std::string number = std::to_string(event.release);
    const auto info = [&](const std::string& text) { log_.info(text, {{"release", number}, {"why", event.why}}); };
    const auto warn = [&](const std::string& text) { log_.warn(text, {{"release", number}, {"why", event.why}}); };
    switch (event.what) {
      case What::staged:
        info(release + " is staged");
        break;
      case What::first:
        info(release + " runs; it is the first");
        break;
      case What::trial:
        info(release + " is on trial");
        break;
      case What::took:
        break;  // each host says so of its own shard
      case What::step:
        info(release + " goes on to the next step of its trial");
        break;
      case What::confirmed:
        info(release + " has passed its trial and runs everywhere");
        break;
      case What::promoted:
        info(release + " runs everywhere");
        break;
      case What::refused:
        ++swaps_.refused;
        warn(release + " could not take over and is given up until its content changes");
        break;
      case What::undone:
        ++swaps_.undone;
        warn(release + " is undone and is given up until its content changes");
        break;
      case What::withdrawn:
        info(release + " is no candidate any more");
        break;
      case What::paused:
        info("the trial of " + release + " is paused");
        break;
      case What::resumed:
        info("the trial of " + release + " goes on");
        break;
    }
  }
}

}  // namespace kclhost::host::run
