// Reads dead letters, so that a plugin can be looked at with exactly the records that it failed on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "replay/batch_builder.hpp"
#include "replay/position.hpp"

namespace kclhost::host::replay {

class LetterReader {
 public:
  // Takes a line of a dead-letter file in; what is wrong with it, if anything. All letters must be one shard's. They
  // may come in any order, and more than once: workers give records up beside each other, and a host that was killed
  // after it had written a letter writes it again.
  std::optional<std::string> add(std::string_view line);

  bool empty() const { return letters_.empty(); }
  // The letters'; "" as long as there are none.
  const std::string& shard_id() const { return shard_id_; }
  // The records go to `builder`, in the shard's order and each once.
  void give_to(BatchBuilder& builder) const;

 private:
  struct Letter {
    std::string data, partition_key;
    std::int64_t arrival_ms = 0;  // or KCLHOST_NO_TIMESTAMP
  };
  struct Earlier {
    bool operator()(const Position& a, const Position& b) const { return compare(a, b) < 0; }
  };

  std::string stream_, shard_id_;
  std::map<Position, Letter, Earlier> letters_;
};

// Whether a line can only be meant as a dead letter, be it whole or not.
bool is_letter(std::string_view line);

}  // namespace kclhost::host::replay
