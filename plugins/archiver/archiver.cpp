// Puts a shard's records into files. A record is acknowledged when the file that it is in is whole, synced and named,
// so a file that has its name is never written to again.
//
// What the next file gets is in memory, and within the configuration's in_flight: so a disk that is full, or fails,
// costs no record. The archiver tries again, and the shard waits for it.
#include <kclhost/record_processor.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "encoding/gzip.hpp"
#include "files.hpp"
#include "lines.hpp"
#include "options.hpp"

namespace archiver {

class Archiver final : public kclhost::AcknowledgingProcessor {
 public:
  static constexpr std::string_view description = "Puts each shard's records into files";
  static constexpr std::string_view config_schema = options_schema;

  static void check_config(const kclhost::Config& config) { parse_options(config); }

  explicit Archiver(kclhost::AcknowledgingContext& context)
      : context_(context),
        options_(parse_options(context.config())),
        files_(context.counter({"archived_files", "Files that were completed"})),
        records_(context.counter({"archived_records", "Records in files that were completed"})),
        bytes_(context.counter({"archived", "Size of the files that were completed", "bytes"})),
        failures_(context.counter({"archiver_failures", "Files that could not be written and were tried again"})) {}

  void initialize(const kclhost::Initialization& start) override {
    shard_ = start.shard_id();
    if (shard_.empty() || shard_.find('/') != std::string::npos || shard_[0] == '.') {
      throw std::runtime_error("shard id \"" + shard_ + "\" makes no file name");
    }
    remove_partial(options_.output_dir, shard_);
  }

  void process_records(const kclhost::Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      try {
        add(batch[i]);
      } catch (const std::exception& error) {
        throw kclhost::BatchFailure(error.what()).done(i);  // those in front of it are held
      }
      if (failure_.empty() && is_full()) try_to_write();
    }
  }

  void tick() override {
    if (!held_.empty() && (!failure_.empty() || is_full() || Clock::now() - oldest_ >= options_.max_age))
      try_to_write();
  }

  void finish(kclhost::Reason reason) override {
    if (!held_.empty()) try_to_write();
    // The disk is to blame, and no record: kclhost waits, and there are ticks to try again.
    if (reason == kclhost::Reason::bisection) return;
    if (!failure_.empty()) throw std::runtime_error(failure_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds pause{1};  // between two tries to write

  struct Ids {
    std::uint64_t first, count;
  };

  bool is_full() const { return record_count_ >= options_.max_records || content_.size() >= options_.max_bytes; }

  // Adds all of it or, when it throws, nothing.
  void add(const kclhost::Record& record) {
    const std::string line = line_of(record, options_.format);
    kclhost::Position position = record.position();
    const bool follows = !held_.empty() && held_.back().first + held_.back().count == record.id();
    if (!follows) held_.reserve(held_.size() + 1);
    content_ += line;
    if (follows) {
      ++held_.back().count;
    } else {
      held_.push_back({record.id(), 1});
    }
    last_ = std::move(position);
    if (++record_count_ > 1) return;
    first_ = last_;
    oldest_ = Clock::now();
    context_.set_tick_interval(options_.max_age);
  }

  void try_to_write() {
    try {
      write();
    } catch (const std::exception& error) {
      failures_.add(1);
      if (failure_.empty()) {
        context_.log_error(std::string(error.what()) +
                           ": the records are held, and the archiver tries again every second");
      }
      failure_ = error.what();
      context_.set_tick_interval(pause);
    }
  }

  // Throws when it can't; the records are then held still.
  void write() {
    const std::string packed = options_.gzip ? encoding::gzipped(content_) : std::string();
    const std::string& content = options_.gzip ? packed : content_;
    const std::filesystem::path path = write_whole(options_.output_dir, name(), content);
    for (const Ids& ids : held_) context_.acknowledge(ids.first, ids.count);
    context_.log_debug("wrote " + path.string());
    files_.add(1);
    records_.add(static_cast<double>(record_count_));
    bytes_.add(static_cast<double>(content.size()));
    if (!failure_.empty()) context_.log_info("files can be written again");
    failure_.clear();
    content_.clear();
    held_.clear();
    record_count_ = 0;
    context_.set_tick_interval({});
  }

  Name name() const {
    const auto text = [](const kclhost::Position& position) {
      return position.sequence_number() + "-" + std::to_string(position.sub_sequence_number());
    };
    const std::string lane = std::to_string(context_.lane()) + "-of-" + std::to_string(context_.lane_count());
    const char* const format = options_.format == Format::raw ? ".raw" : ".jsonl";
    return {shard_, lane + "." + text(first_) + "." + text(last_), std::string(format) + (options_.gzip ? ".gz" : "")};
  }

  kclhost::AcknowledgingContext& context_;
  const Options options_;
  const kclhost::Counter files_, records_, bytes_, failures_;
  std::string shard_;
  std::string content_;    // of the next file
  std::vector<Ids> held_;  // of the records in it: those of a call that failed are left out
  std::size_t record_count_ = 0;
  kclhost::Position first_, last_;
  Clock::time_point oldest_;
  std::string failure_;  // of the last try to write; empty: it did not fail
};

}  // namespace archiver

KCLHOST_PLUGIN(archiver::Archiver, "kclhost.archiver", "1.0.0")
