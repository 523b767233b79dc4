#include "replay/batch_builder.hpp"

#include <utility>

namespace kclhost::host::replay {
namespace {

constexpr std::uint64_t kinesis_batch_limit = 10ull << 20;  // bytes of data in one GetRecords

}  // namespace

BatchBuilder::BatchBuilder(std::size_t batch_size, std::optional<Position> resume)
    : batch_size_(batch_size), resume_(std::move(resume)) {}

bool BatchBuilder::add(const Record& record, std::size_t data_bytes) {
  next_.sequence_number.assign(record.sequence_number);
  next_.sub_sequence_number = record.sub_sequence_number;
  if (compare(last_, next_) >= 0) return false;
  std::swap(last_, next_);
  if (resume_) {
    if (compare(last_, *resume_) <= 0) return true;
    resume_.reset();
  }

  const bool full = batches_.empty() || batches_.back().records == batch_size_ ||
                    batches_.back().data_bytes + data_bytes > kinesis_batch_limit;
  if (full) {
    // Batches tend to be of one size; the slack is for end_batch.
    const std::size_t expected = batches_.empty() ? 0 : batches_.back().line.size() + 64;
    if (!batches_.empty()) batches_.back().last = std::exchange(next_, {});
    batches_.emplace_back().line.reserve(expected);
    begin_batch(batches_.back().line);
  }
  Batch& batch = batches_.back();
  append_record(record, batch.records == 0, batch.line);
  ++batch.records;
  batch.data_bytes += data_bytes;
  return true;
}

std::vector<Batch> BatchBuilder::finish() {
  if (!batches_.empty()) batches_.back().last = last_;
  auto seconds_behind = static_cast<std::int64_t>(batches_.size());
  for (Batch& batch : batches_) end_batch(--seconds_behind * 1000, batch.line);
  return std::move(batches_);
}

}  // namespace kclhost::host::replay
