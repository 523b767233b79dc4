// Which release this host's shard runs, and what it says of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "observe/log.hpp"
#include "rollout/decide.hpp"
#include "rollout/report.hpp"
#include "run/file_watch.hpp"
#include "run/swaps.hpp"
#include "store/release_reports.hpp"
#include "store/release_store.hpp"
#include "support/event_loop.hpp"
#include "support/result.hpp"

namespace kclhost::host::run {

// The configured plugin is the candidate; what runs is a release. All hosts of an application on a machine agree on it
// by the state on the disk: whoever sees that something is due changes that, under a lock, and the others see it. Not
// thread-safe. Whatever is called, wanted() may be another afterwards; deadline() has passed then, and on_time() says
// so.
class Releases {
 public:
  using Release = rollout::Release;
  using Wanted = rollout::Wanted;

  // Both must outlive it.
  Releases(const config::Config& config, observe::Log& log);
  // Ends in order: the shard's place in a trial goes to another.
  ~Releases();
  Releases(const Releases&) = delete;
  Releases& operator=(const Releases&) = delete;

  // At the start. "" or why there is nothing that can be run. With `kclhost replay` the configured plugin is the
  // release, and nothing that runs is looked at.
  std::string open();

  // What the shard is to run; after open().
  Wanted wanted() const;

  // rollout.undo_on's, as it is configured now.
  config::Milliseconds call_longer_than() const { return config_.rollout.undo_on.call_longer_than; }

  // From the daemon's initialize on.
  void begin_shard(std::string_view shard);

  struct Parts {
    std::string staged_path;  // the plugin's file, verified
    std::string plugin_path;  // what the user calls it
    std::string config_json, sha256;
    bool initialized = false;  // an instance of it was, at any time, so the configuration fits the plugin's schema
  };
  // What a release is made of. Where its files are gone they are made anew, if the original still has that content. A
  // release that this was asked for is not removed while it may be wanted. may_pass: whether what is wrong is the
  // system's (no descriptors, a full disk, a lock that another host holds) and says nothing of the release.
  Result<Parts> parts(Release release, bool* may_pass = nullptr);
  // The hash of the plugin's file, of a release that parts() was asked for, and not long ago; else empty.
  std::string sha256(Release release) const;

  // One descriptor that becomes readable when a candidate may have come, or another host has changed something; -1
  // when there is none. The functions below return whether wanted() or call_longer_than() is another than it was told
  // last.
  int fd() const { return watch_.fd(); }
  bool on_readable();
  Clock::time_point deadline() const;
  bool on_time();
  // Looks for a candidate now, and reads the configuration again. A candidate that can't be taken up gets one warning.
  bool look();

  // What the shard says. Each is one line in the log and one event in the history.
  void taken(Release release);                            // it is initialized
  void refused(Release release, const std::string& why);  // it could not take over; the one before went on
  void undone(Release release, const std::string& why);   // it failed where the one before did not
  // A call with records is over: how many it had, how long it took, and whether it went well. resident_bytes: the
  // worker's memory; 0: not known.
  void called(Release release, std::uint32_t records, std::chrono::nanoseconds time, bool ok,
              std::uint64_t resident_bytes);
  // A worker died. with_records: one that it was given may be to blame.
  void died(Release release, bool with_records);

  // So far.
  const Swaps& swaps() const { return swaps_; }

 private:
  using Edit = std::function<void(rollout::Change&)>;
  struct InUse {
    store::ReleaseInfo info;
    Fd held;
  };

  std::string take_configured();
  Result<store::Candidate> read_candidate();
  void read_configuration();
  void look_for_candidate();
  bool is_news(const store::Candidate& candidate, const rollout::State& state);
  void edit(Edit what);
  void settle(std::chrono::milliseconds patience = std::chrono::milliseconds{50});
  void settle_later(const std::string& why);
  void follow_state();
  void stage(rollout::State& state, rollout::Change& change);
  void adopt(rollout::State state);
  void consider();
  rollout::Tally* tally_of(Release release);
  void report();
  rollout::Report told_report() const;
  bool on_trial() const;
  bool is_unsettled() const { return settle_at_ != Clock::time_point::max(); }
  bool has_changed();
  void watch();
  void poll_if_blind();
  void set_due();
  bool warn_once(const std::string& what) { return warn_once(warned_, what); }
  bool warn_once(std::string& before, const std::string& what);
  void turn_down(std::string& before, const std::string& why);
  void no_candidate(const std::string& why);
  void tell(const std::vector<rollout::Event>& events);
  Result<Parts> parts_of(const store::ReleaseInfo& info);
  std::string content_of(Release release) const;
  const InUse* in_use(Release release) const;
  void keep(const store::ReleaseInfo& info);

  static Release highest_known(const rollout::State& state);
  static std::vector<Release> needed(const rollout::State& state);
  static std::string goes_on(const rollout::State& state);

  enum : FileWatch::Tags { state_tag = 1, look_tag = 2, config_tag = 4, plugin_tag = 8 };

  const config::Config& started_with_;
  config::Config config_;  // plugin and rollout as they are configured now
  observe::Log& log_;
  const bool replayed_;
  store::ReleaseStore store_;
  rollout::State state_;
  rollout::WallTime decided_at_ = 0;  // when it was last decided what becomes of a trial
  Wanted told_;
  config::Milliseconds told_limit_;
  std::string shard_;
  std::optional<store::ReportFile> report_file_;
  rollout::Report report_;
  bool report_changed_ = false, crash_in_doubt_ = false;
  std::optional<store::Candidate> candidate_;  // to be staged
  std::vector<Edit> edits_;                    // to be made
  Release went_down_ = 0;                      // all hosts were killed in its trial, which is to be undone
  std::vector<InUse> in_use_;                  // what was asked for last comes last
  FileWatch watch_;
  std::vector<std::filesystem::path> neighbours_;  // where the candidate's may lie, from its folder
  std::string warned_, warned_of_configuration_;
  Swaps swaps_;
  config::Config told_config_;  // what was said to take effect when hosts start anew
  std::string warned_of_disk_, warned_of_limit_;
  Clock::time_point look_at_ = Clock::time_point::max(), settle_at_ = Clock::time_point::max(),
                    due_at_ = Clock::time_point::max(), poll_at_ = Clock::time_point::max(), reported_at_{};
};

}  // namespace kclhost::host::run
