// What a world begins with: the configuration, the records and their faults, and how much goes wrong besides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "simulation/chance.hpp"

namespace kclhost::host::simulation {

// What a record does to the plugin that is given it.
enum class Fault {
  none,
  fails,              // process_records fails
  names_itself,       // it fails, and first_unfinished is this record
  crashes,            // the worker dies in process_records
  hangs,              // process_records does not return
  crashes_in_flush,   // the worker dies when the record is stored
  crashes_later,      // the worker dies some time after it was given the record, and at the latest when it is stored
  names_culprit,      // process_records fails, and names this record as the culprit
  is_permanent,       // it fails, and says that another try would fail as well
  is_rejected,        // the plugin rejects it when it is given it
  is_rejected_later,  // the plugin rejects it when it would store it; of plugins that acknowledge
  ends_host,          // the host dies, and sometimes the machine
};

struct Record {
  std::string sequence_number, key, data;
  std::int64_t sub_sequence_number = 0;
  std::int64_t arrival_ms = 0;
  Fault fault = Fault::none;
  int left = -1;               // how often it does it; negative: for ever
  std::int64_t before = -1;    // the record in front of it with the same key
  bool last_of_number = true;  // no other record of this sequence number follows
};

// A version of the plugin's file.
struct Program {
  enum class Flush { nothing, stores, checkpoints };
  bool loads = true;
  bool cured = false;  // no record does it any harm
  // It fails at every record whose index divided by this leaves `rest`, in this way; 0: at none.
  std::uint32_t spoils = 0, rest = 0;
  enum class Spoiling { fails, crashes, rejects } spoiling = Spoiling::fails;
  bool checkpoints = false;
  bool acknowledges = false;
  bool empty_batches = false;
  std::uint32_t tick_ms = 0;  // it wants ticks this often
  Flush flush = Flush::checkpoints;
  bool checkpoints_the_end = true;
  double checkpoint_rate = 0.2;  // how often process_records checkpoints, or acknowledges

  bool holds() const { return checkpoints || acknowledges; }
};

struct Setting {
  explicit Setting(Chance& chance);

  // A version of the plugin like the first one, or of another kind.
  Program another(Chance& chance) const;
  // One with a fault of its own, for a trial.
  Program spoilt(Chance& chance) const;
  // Records that can't be processed leave by themselves.
  bool gives_up() const {
    return config.on_error.then == config::Then::skip || config.on_error.then == config::Then::dead_letter;
  }
  // Some records are bad for good.
  std::size_t bad_records() const;
  std::uint32_t size() const { return static_cast<std::uint32_t>(records.size()); }
  // How many records lie at or before this place.
  std::uint32_t count_up_to(std::string_view sequence_number, std::int64_t sub_sequence_number) const;

  config::Config config;
  std::vector<Record> records;
  Program first_program;
  int trouble = 0;          // how often something goes wrong for no record's fault
  double trouble_rate = 0;  // at each step
  bool ends_hosts = false;  // some record does
  std::uint32_t most_in_batch = 1;
  std::int64_t wall_ms = 1'700'000'000'000;  // at the beginning

 private:
  void choose_config(Chance& chance);
  void choose_program(Chance& chance);
  void choose_records(Chance& chance);
  void choose_faults(Chance& chance);
};

}  // namespace kclhost::host::simulation
