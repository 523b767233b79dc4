// Gathers records into processRecords messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "replay/daemon_lines.hpp"
#include "replay/position.hpp"
#include "replay/script.hpp"

namespace kclhost::host::replay {

class BatchBuilder {
 public:
  // Records up to `resume` are left out.
  BatchBuilder(std::size_t batch_size, std::optional<Position> resume);

  // Adds the shard's next record, with data of so many bytes. False, and nothing is added, when it does not come after
  // the record before it.
  bool add(const Record& record, std::size_t data_bytes);

  // The batches. The last one is at the stream's tip, each before it a second further behind.
  std::vector<Batch> finish();

 private:
  std::size_t batch_size_;
  std::optional<Position> resume_;
  std::vector<Batch> batches_;
  Position last_, next_;  // of the records added; next_ only lends its memory
};

}  // namespace kclhost::host::replay
