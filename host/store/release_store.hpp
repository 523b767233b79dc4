// Releases on the disk: their files, and the state of one application's.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/copy.hpp"
#include "rollout/state.hpp"
#include "support/fd.hpp"
#include "support/file_version.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// What a release is made of. Immutable.
struct ReleaseInfo {
  rollout::Release number = 0;
  std::string application;                // whose it is
  std::string content;                    // content_of() below
  std::string sha256;                     // of the plugin's own file
  std::string plugin_path;                // what the user calls it
  std::string config_json;                // plugin.config
  std::vector<plugin::CopiedFile> files;  // in the release's folder; the plugin's own first
  rollout::WallTime created = 0;
};

// A plugin with its configuration that may become a release.
struct Candidate {
  plugin::File file;
  std::vector<plugin::Neighbour> neighbours;
  std::string config_json;
  std::string content;  // content_of() below
};

// The SHA-256 over the plugin's files and its configuration: releases with the same content are the same.
std::string content_of(const plugin::File& file, const std::vector<plugin::Neighbour>& neighbours,
                       std::string_view config_json);

// STATE_DIR/releases: a folder for each release, numbered for all applications together, and a file with the state of
// each application's. Errors name the file at fault. Many processes may use it at once; not thread-safe.
class ReleaseStore {
 public:
  ReleaseStore(const std::filesystem::path& state_dir, std::string application);

  const std::filesystem::path& folder() const { return folder_; }
  // The state's file; one that ask_to_look() touches; the folder of the shards' reports.
  std::filesystem::path state_file() const { return named(".json"); }
  std::filesystem::path look_file() const { return named(".look"); }
  std::filesystem::path reports() const { return named(".shards"); }

  // Makes the folder, in which nobody else may write. "" or why not.
  std::string make_folder() const;

  // All hosts look for a candidate now. "" or why not.
  std::string ask_to_look() const;

  // Whoever changes anything has it. None when another process does, or when it can't be had: `why` then says so.
  Fd lock(std::chrono::milliseconds patience, std::string& why) const;

  // An empty one where there is none yet.
  Result<rollout::State> state() const;
  // Under the lock. "" or why not.
  std::string write(const rollout::State& state) const;

  // Of this application.
  Result<ReleaseInfo> info(rollout::Release number) const;
  // Those of this application, the oldest first. What can't be read is left out.
  std::vector<ReleaseInfo> all() const;

  // Under the lock: the release with this content, made where there is none (`made` tells); `above`: its number is
  // larger. What is damaged in it is mended.
  Result<ReleaseInfo> stage(const Candidate& candidate, rollout::Release above, rollout::WallTime now,
                            bool& made) const;
  // Another application has used the number since somebody removed the release.
  bool is_anothers(rollout::Release number) const;
  // Under the lock: makes the files of a release anew that is gone or damaged.
  Result<ReleaseInfo> restore(rollout::Release number, const Candidate& candidate, rollout::WallTime now) const;
  // The plugin's file in a release, when every file of it has the content that it was staged with and nobody else could
  // change it. A file is read once, and again when it is another or was changed.
  Result<std::filesystem::path> verified(const ReleaseInfo& info);

  // While the descriptor is open, the release is not removed. None: it is gone.
  Fd use(rollout::Release number) const;
  // Under the lock: removes this application's old releases: all but the `keep` newest, those in `needed`, and those in
  // use.
  void prune(int keep, const std::vector<rollout::Release>& needed) const;

 private:
  // Of whatever application.
  Result<ReleaseInfo> read_info(rollout::Release number) const;
  std::filesystem::path named(std::string_view extension) const;
  std::filesystem::path home(rollout::Release number) const { return folder_ / std::to_string(number); }
  Result<ReleaseInfo> fill(const std::filesystem::path& home, rollout::Release number, const Candidate& candidate,
                           rollout::WallTime now) const;
  std::vector<rollout::Release> numbers() const;
  void remove_left_overs() const;

  std::filesystem::path folder_;
  std::string application_;
  std::map<std::filesystem::path, FileVersion> seen_;  // files that had their content
};

}  // namespace kclhost::host::store
