// The simulated daemon: the lease table, which outlives everything, and one conversation with a host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kclhost::host::simulation {

struct Daemon {
  enum class Message { none, initialize, process_records, lease_lost, shard_ended, shutdown_requested };
  // A checkpoint that the host has asked for and that is not answered.
  struct Wish {
    std::optional<std::string> sequence_number;
    std::optional<std::int64_t> sub_sequence_number;
    std::uint32_t count = 0;  // the records that it covers
  };

  // ---- The lease table
  std::string sequence_number = "TRIM_HORIZON";
  std::int64_t sub_sequence_number = 0;
  std::uint32_t recorded = 0;  // the records that it covers
  bool end_recorded = false;

  // ---- The conversation
  Message outstanding = Message::none;     // not answered by a status
  std::uint32_t first = 0, delivered = 0;  // the batch in hand, or the last one
  bool greeted = false;
  bool over = false;   // leaseLost or shardEnded is answered, or a shutdown is: nothing but the end follows
  bool stops = false;  // shutdownRequested is answered, and leaseLost or the end follows
  bool lease_is_lost = false, told_of_lost_lease = false;
  bool gone = false;
  bool answered_all_when_gone = false;
  std::optional<Wish> wish;

  void begin() {
    outstanding = Message::none;
    first = delivered = recorded;
    greeted = over = stops = lease_is_lost = told_of_lost_lease = gone = false;
    wish.reset();
  }
  void record(const Wish& wanted) {
    if (!wanted.sequence_number) {
      if (outstanding == Message::shard_ended) end_recorded = true;
      return;
    }
    if (wanted.count < recorded) return;  // the KCL never goes back
    sequence_number = *wanted.sequence_number;
    sub_sequence_number = wanted.sub_sequence_number.value_or(0);
    recorded = wanted.count;
  }
};

}  // namespace kclhost::host::simulation
