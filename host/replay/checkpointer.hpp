// Which checkpoints are accepted: the KCL's rules, for one shard.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "replay/position.hpp"
#include "support/result.hpp"

namespace kclhost::host::replay {

class Checkpointer {
 public:
  // What a child asks for.
  struct Request {
    std::optional<std::string> sequence_number;  // none: everything delivered so far
    std::optional<std::int64_t> sub_sequence_number;
  };
  struct Answer {
    std::string error;   // an exception's simple class name; empty: accepted
    bool moved = false;  // last() changed
  };

  // `start` is the checkpoint the shard was initialized with. `failures` are the errors given to the first checkpoints
  // that would have moved.
  explicit Checkpointer(Position start, std::deque<std::string> failures = {});

  // Records up to `last` are being delivered.
  void deliver(const Position& last);
  // The shard is at its end: "everything" is SHARD_END from here on.
  void end_shard();
  // Forgets what was checkpointed, so that records delivered once more can be checkpointed once more.
  void restart();

  Answer checkpoint(const Request& request);

  const Position& last() const { return last_; }

 private:
  Position start_;
  Position last_;
  Position delivered_;
  std::optional<Position> before_shard_end_;
  std::deque<std::string> failures_;
};

// Reads "ThrottlingException*2,ShutdownException".
Result<std::deque<std::string>> parse_failures(std::string_view list);

}  // namespace kclhost::host::replay
