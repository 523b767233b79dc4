// Counts the words of a shard's records: split at whitespace, reported to the log, and kept in a file per shard, or per
// lane of it, when the configuration names a directory.
//
// The KCL delivers records at least once: after a failure or a move to another worker the ones after the last
// checkpoint come again. The file says up to which record it counts, so that on one machine every record counts once. A
// worker on another machine, with another directory, begins at the checkpoint; records between it and the file's
// position are then in both files. So it is after a change of concurrency, which begins files of other names: a key's
// records may come to another lane then.
#include <kclhost/record_processor.hpp>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "counts.hpp"
#include "options.hpp"

namespace word_counter {

class WordCounter final : public kclhost::RecordProcessor {
 public:
  static constexpr std::string_view description = "Counts the words of each shard's records";
  static constexpr std::string_view config_schema = options_schema;

  static void check_config(const kclhost::Config& config) { parse_options(config); }

  explicit WordCounter(kclhost::Context& context)
      : context_(context),
        options_(parse_options(context.config())),
        words_counted_(context.counter({"words_counted", "Words that were counted"})) {}

  void initialize(const kclhost::Initialization& start) override {
    shard_id_ = start.shard_id();
    last_report_ = Clock::now();
    if (options_.output_dir.empty()) return;
    if (shard_id_.empty() || shard_id_.find('/') != std::string::npos || shard_id_[0] == '.') {
      throw std::runtime_error("shard id \"" + shard_id_ + "\" makes no file name");
    }
    std::filesystem::create_directories(options_.output_dir);
    file_ = options_.output_dir / (shard_id_ + lane() + ".json");
    counts_ = Counts::load(file_);
    const bool first = start.reason() == kclhost::Beginning::start;
    stale_ = !first;  // the instance before this one goes on writing until the first batch
    // Without a checkpoint every record comes again, or the stream is another of the same name.
    const bool from_the_start = start.sequence_number() == "TRIM_HORIZON" || start.sequence_number() == "AT_TIMESTAMP";
    if (from_the_start && first) counts_ = Counts();
  }

  void process_records(const kclhost::Batch& batch) override {
    if (stale_ && !file_.empty()) counts_ = Counts::load(file_);
    stale_ = false;
    std::size_t words = 0;
    for (const kclhost::Record& record : batch) {
      log(record);
      const std::size_t added = counts_.add(record);
      words += added;
      news_ = news_ || added != 0;
    }
    words_counted_.add(static_cast<double>(words));
    if (news_) save();
    if (Clock::now() - last_report_ >= options_.report_interval) report();
  }

  void finish(kclhost::Reason) override { final_report(); }
  void lease_lost() override { final_report(); }

 private:
  using Clock = std::chrono::steady_clock;

  void log(const kclhost::Record& record) const {
    if (!context_.log_enabled(kclhost::LogLevel::debug)) return;
    context_.log_debug("record partition_key=" + std::string(record.partition_key()) +
                       " sequence_number=" + std::string(record.sequence_number()) + " sub_sequence_number=" +
                       std::to_string(record.sub_sequence_number()) + " size=" + std::to_string(record.data().size()));
  }

  // What sets the lane's file apart, named as the archiver's are; nothing where there is one lane.
  std::string lane() const {
    if (context_.lane_count() == 1) return {};
    return "." + std::to_string(context_.lane()) + "-of-" + std::to_string(context_.lane_count());
  }

  // When this fails the records come again, but not into the counts.
  void save() {
    if (!file_.empty()) counts_.save(file_);
    news_ = false;
    final_report_done_ = false;
  }

  void report() {
    context_.log_info("words shard=" + shard_id_ + " total=" + std::to_string(counts_.total()) +
                      " distinct=" + std::to_string(counts_.distinct()) + " top: " + counts_.top(options_.top));
    last_report_ = Clock::now();
  }

  // Of the calls that end a shard several come in a row; nothing is counted between them.
  void final_report() {
    if (!final_report_done_) report();
    final_report_done_ = true;
  }

  kclhost::Context& context_;
  const Options options_;
  const kclhost::Counter words_counted_;
  std::string shard_id_;
  std::filesystem::path file_;  // empty: none is kept
  Counts counts_;
  bool stale_ = false;  // the file may have newer counts
  bool news_ = false;   // words were counted that are not in the file
  bool final_report_done_ = false;
  Clock::time_point last_report_;
};

}  // namespace word_counter

KCLHOST_PLUGIN(word_counter::WordCounter, "kclhost.word_counter", "1.0.0")
